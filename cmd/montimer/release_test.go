package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/montimer/montimer/internal/testenv"
)

// TestReleaseTwice makes a release in two places, as two users with another umask, time
// zone, locale and home, and compares every byte of all files. With MONTIMER_SOAK it is
// the whole one, compiled twice from nothing; else that for this machine, without the
// SBOM, with packages compressed by gzip and from one cache of the compiler.
func TestReleaseTwice(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "make", "tar", "gzip", "git", "sha256sum")
	dir := t.TempDir()
	places := []string{filepath.Join(dir, "a"), filepath.Join(dir, "another place", "b")}
	sums := make([]string, len(places))
	for i, place := range places {
		copyTree(t, place)
		out := place + ".out"
		cmd := exec.Command("bash", "-c", []string{"umask 022", "umask 077"}[i]+`; "$@"`, "-", "deploy/release.sh", out, runtime.GOARCH)
		if i == 1 && os.Geteuid() == 0 { // that user's files are root's outside
			cmd.Args = append([]string{"unshare", "--map-user=1234", "--map-group=1234", "--"}, cmd.Args...)
			cmd.Path, cmd.Err = exec.LookPath("unshare")
		}
		home := filepath.Join(dir, []string{"home", "home of another"}[i])
		cmd.Env = append(releaseEnv(t), "HOME="+home,
			[]string{"TZ=UTC", "TZ=Asia/Kolkata"}[i], []string{"LC_ALL=C", "LC_ALL=C.UTF-8"}[i], "LANG=tr_TR.UTF-8")
		if testenv.Soak() {
			cmd.Args = append(cmd.Args, map[string]string{"amd64": "arm64", "arm64": "amd64"}[runtime.GOARCH])
			cmd.Env = append(cmd.Env, "GOCACHE="+place+".cache")
		} else {
			cmd.Env = append(cmd.Env, "SBOM=no", "DEB_COMPRESSION=gzip")
		}
		cmd.Dir = place
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", cmd.Args, err, out)
		}
		check := exec.Command("sha256sum", "--quiet", "-c", "SHA256SUMS")
		check.Dir = out
		if said, err := check.CombinedOutput(); err != nil {
			t.Fatalf("SHA256SUMS: %v\n%s", err, said)
		}
		made, err := os.ReadFile(filepath.Join(out, "SHA256SUMS"))
		if err != nil {
			t.Fatal(err)
		}
		sums[i] = string(made)
	}
	if sums[0] != sums[1] {
		t.Errorf("the same source makes\n%sand\n%s", sums[0], sums[1])
	}
	t.Logf("both are\n%s", sums[0])
}

// TestLintian: the package has no fault that lintian(1) knows of.
func TestLintian(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "lintian", "make")
	cmd := exec.Command("deploy/release.sh", "--deb", t.TempDir())
	cmd.Dir, cmd.Env = abs(t, "../.."), append(releaseEnv(t), "HOME="+t.TempDir(), "DEB_COMPRESSION=gzip")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	debs, err := filepath.Glob(filepath.Join(cmd.Args[2], "*.deb"))
	if err != nil || len(debs) != 1 {
		t.Fatalf("packages: %v, %v", debs, err)
	}
	if out, err := exec.Command("lintian", "--allow-root", "--fail-on", "error,warning", "--info", debs[0]).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestDebhelper: what debhelper has a package with units do when it is removed, this one
// does in the same words, although its units are not part of it.
func TestDebhelper(t *testing.T) {
	t.Parallel()
	const name = "postrm-systemd-reload-only"
	file, err := exec.LookPath(name)
	if err != nil {
		file = "/usr/share/debhelper/autoscripts/" + name
	}
	want, err := os.ReadFile(file)
	testenv.Require(t, err == nil, "no debhelper")
	got, err := os.ReadFile("../../deploy/deb/postrm")
	if err != nil || !bytes.Contains(got, want) {
		t.Errorf("%v\n%s\nis not in\n%s", err, want, got)
	}
}

// copyTree copies the source, as git has it with the changes that are not committed.
func copyTree(t *testing.T, to string) {
	t.Helper()
	cmd := exec.Command("bash", "-c", `git -c safe.directory='*' ls-files -z | xargs -0 sh -c 'for f; do [ ! -e "$f" ] || printf "%s\0" "$f"; done' - | tar -c --null -T - | tar -x -C "$1"`, "-", to)
	cmd.Dir = abs(t, "../..")
	if err := os.MkdirAll(to, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("copy the source: %v\n%s", err, out)
	}
}

// releaseEnv is the environment of a release: Go's, and nothing of a make around the test.
func releaseEnv(t *testing.T) []string {
	t.Helper()
	env := []string{"PATH=" + os.Getenv("PATH"), "VERSION=0.1.0", "COMMIT=0123456789abcdef", "SOURCE_DATE_EPOCH=1767225600"}
	out, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE", "GOPATH", "GOPROXY", "GOSUMDB").Output()
	if err != nil {
		t.Fatal(err)
	}
	values := strings.Split(string(bytes.TrimSpace(out)), "\n")
	for i, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH", "GOPROXY", "GOSUMDB"} {
		env = append(env, name+"="+values[i])
	}
	return env
}

// TestVersion: a clone and the archive that git makes of it have the same version; a
// changed clone says so, and a tree of neither has none.
func TestVersion(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "git", "tar")
	dir := t.TempDir()
	shell := func(script string) string {
		cmd := exec.Command("bash", "-euc", script)
		cmd.Dir = dir
		cmd.Env = append(slices.Clone(os.Environ()), "GIT_CONFIG_GLOBAL=/dev/null", "GIT_AUTHOR_NAME=a", "GIT_AUTHOR_EMAIL=a@b", "GIT_COMMITTER_NAME=a", "GIT_COMMITTER_EMAIL=a@b", "GIT_COMMITTER_DATE=1767225600 +0530")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", script, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	for file, to := range map[string]string{"deploy/version.sh": "clone/deploy/version.sh", "deploy/source.txt": "clone/deploy/source.txt", ".gitattributes": "clone/.gitattributes"} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, to)), 0o755); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(filepath.Join("../..", file))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, to), text, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := shell("clone/deploy/version.sh"); got != "unknown unknown 0" {
		t.Errorf("neither clone nor archive: %q", got)
	}
	shell("cd clone; git init -q; git add -A; git commit -qm one")
	commit := shell("git -C clone rev-parse HEAD")
	archived := func() string {
		return shell("rm -rf archive; git -C clone archive --prefix=archive/ HEAD | tar -x; archive/deploy/version.sh")
	}
	for _, tt := range []struct{ do, version string }{
		{":", commit[:7]},
		{"git tag v0.1.0", "0.1.0"},
		{"git tag other; git commit -q --allow-empty -m two", "0.1.0-1-g"},
		{"git tag v0.2.0-rc1", "0.2.0-rc1"},
	} {
		shell("cd clone; " + tt.do)
		clone, archive := shell("clone/deploy/version.sh"), archived()
		if clone != archive || !strings.HasPrefix(clone, tt.version) || !strings.HasSuffix(clone, " 1767225600") {
			t.Errorf("%s: %q, its archive %q, want %q", tt.do, clone, archive, tt.version)
		}
	}
	shell("echo >>clone/deploy/version.sh")
	if got := shell("clone/deploy/version.sh"); !strings.HasPrefix(got, "0.2.0-rc1-dirty ") {
		t.Errorf("a changed clone: %q", got)
	}
	if got := shell("cp -r archive clone/within; clone/within/deploy/version.sh"); !strings.HasPrefix(got, "0.2.0-rc1 ") {
		t.Errorf("an archive within another clone: %q", got)
	}
}
