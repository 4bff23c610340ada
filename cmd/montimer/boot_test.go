package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/montimer/montimer/internal/testenv"
)

// TestBooted runs each scenario of testdata/boot in a systemd that has just
// booted, with a montimer built from this tree.
func TestBooted(t *testing.T) {
	testenv.NeedRoot(t)
	testenv.Need(t, "systemctl", "dbus-daemon", "ip", "unshare", "bash", "useradd", "strace")
	binary := build(t)
	root := abs(t, "../..")
	scenarios, err := filepath.Glob(filepath.Join(root, "testdata/boot/*.sh"))
	if err != nil || len(scenarios) == 0 {
		t.Fatalf("scenarios: %v, %v", scenarios, err)
	}
	for _, script := range scenarios {
		name := strings.TrimSuffix(filepath.Base(script), ".sh")
		if name == "lib" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cmd := exec.Command(filepath.Join(root, "testdata/systemd-sandbox"),
				"--bind-ro", binary+":/usr/local/bin/montimer",
				"--bind-ro", filepath.Join(root, "testdata")+":/testdata",
				"--bind-ro", filepath.Join(root, "deploy")+":/deploy",
				"--bind-ro", filepath.Join(root, "README.md")+":/README.md",
				"--boot-timeout", "120", "--stop-timeout", "0",
				"--", "bash", "/testdata/boot/"+name+".sh")
			// Not the PATH of this process, in which testscript has put a montimer of its own.
			cmd.Env = append(os.Environ(), "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.HasSuffix(string(out), "PASS\n") {
				t.Fatalf("%v\n%s", err, out)
			}
			t.Logf("%s", out)
		})
	}
}

// build makes the montimer that the tests run, the way a release is made.
func build(t testing.TB) string {
	t.Helper()
	binary := filepath.Join(t.TempDir(), "montimer")
	cmd := exec.Command("go", "build", "-tags", "nethttpomithttp2", "-trimpath", "-o", binary, ".")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

func abs(t *testing.T, path string) string {
	t.Helper()
	p, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
