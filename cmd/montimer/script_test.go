package main

import (
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/testenv"
)

var update = flag.Bool("update", false, "rewrite the expected output in testdata/script")

const scripts = "testdata/script"

func TestMain(m *testing.M) {
	testscript.Main(tidy{m}, map[string]func(){
		"montimer": func() { os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr)) },
	})
}

// tidy removes what build has made when all tests have run.
type tidy struct{ *testing.M }

func (m tidy) Run() int {
	defer os.RemoveAll(built.dir)
	return m.M.Run()
}

// TestScript runs the command lines of testdata/script/*.txtar, as a user who
// is not root: that is who most commands are for.
func TestScript(t *testing.T) {
	if host.IsRoot() {
		scriptsAsNobody(t)
		return
	}
	testscript.Run(t, testscript.Params{
		Dir:                 scripts,
		RequireExplicitExec: true,
		UpdateScripts:       *update,
		Setup: func(e *testscript.Env) error {
			e.Setenv("TZ", "UTC")
			e.Setenv("HOME", e.WorkDir)
			return nil
		},
	})
}

// scriptsAsNobody runs the scripts in another process, from copies that the
// user nobody can reach.
func scriptsAsNobody(t *testing.T) {
	dir := dirForAll(t)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(scripts, "*.txtar"))
	if err != nil || len(names) == 0 {
		t.Fatalf("scripts: %v, %v", names, err)
	}
	copyFile(t, program, filepath.Join(dir, "test"), 0o755)
	for _, name := range names {
		copyFile(t, name, filepath.Join(dir, name), 0o644)
		if err := os.Chown(filepath.Join(dir, name), nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(filepath.Join(dir, "test"), "-test.run=^TestScript$", "-test.v", "-update="+flag.Lookup("update").Value.String())
	cmd.Dir = dir
	tmp := filepath.Join(dir, "tmp")
	if err := errors.Join(os.Mkdir(tmp, 0o755), os.Chown(tmp, nobody, nobody)); err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(os.Environ(), "HOME="+dir, "TMPDIR="+tmp, "PATH="+testenv.PathFor(t, nobody, "git"))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("as nobody: %v\n%s", err, out)
	}
	if *update {
		for _, name := range names {
			copyFile(t, filepath.Join(dir, name), name, 0o644)
		}
	}
}

func copyFile(t *testing.T, from, to string, mode os.FileMode) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, data, mode); err != nil {
		t.Fatal(err)
	}
}
