package unitdir

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/testhost"
)

// contents lists a directory, with content and mode of each file.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		content, _ := os.ReadFile(filepath.Join(dir, e.Name()))
		all[e.Name()] = info.Mode().String() + "\n" + string(content)
	}
	return all
}

// compileInto brings dir in line with the units.
func compileInto(dir string, units []compiler.Unit) ([]Change, error) {
	d, err := Open(dir, "")
	if err != nil {
		return nil, err
	}
	defer d.Close()
	have, err := d.Installed(units)
	if err != nil {
		return nil, err
	}
	plan, err := Plan(units, have)
	if err != nil {
		return nil, err
	}
	return plan, d.Write(have, plan)
}

func TestWrite(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0o077))
	dir := filepath.Join(t.TempDir(), "made/on/the/way")
	profiles := testhost.Profiles(t)
	units := render(t, testhost.Host(), profiles...)

	if _, err := compileInto(dir, units); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, u := range units {
		want[u.Name] = "-rw-r--r--\n" + u.Content
	}
	if diff := cmp.Diff(want, contents(t, dir)); diff != "" {
		t.Error(diff)
	}

	// Nothing to do: nothing is written, not even the same again.
	before, _ := os.Stat(dir)
	if plan, err := compileInto(dir, units); err != nil || len(plan) != 0 {
		t.Errorf("second compile: %v, %v", plan, err)
	}
	if after, _ := os.Stat(dir); !after.ModTime().Equal(before.ModTime()) {
		t.Error("the directory was touched")
	}

	// What an interrupted compile left is swept, foreign files are not.
	for _, name := range []string{".montimer-job-hourly.timer.tmp", "other.timer", ".montimer-job-x.socket.tmp"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("half"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := compileInto(dir, render(t, testhost.Host(), profiles[0])); err != nil {
		t.Fatal(err)
	}
	if plan, err := compileInto(dir, render(t, testhost.Host(), profiles[0])); err != nil || len(plan) != 4 {
		t.Errorf("pruning: %v, %v", plan, err)
	}
	var names []string
	for name := range contents(t, dir) {
		names = append(names, name)
	}
	want = map[string]string{"montimer-job-hourly.timer": "", "montimer-job-hourly.service": "",
		"other.timer": "", ".montimer-job-x.socket.tmp": ""}
	for _, name := range compiler.HostUnits("") {
		want[name] = ""
	}
	delete(want, "montimer-api.socket") // this host does not serve
	delete(want, "montimer-api.service")
	delete(want, "montimer-backup.timer") // and has no backups
	delete(want, "montimer-backup.service")
	want[targetName] = ""
	left := len(want)
	for _, name := range names {
		delete(want, name)
	}
	if len(names) != left || len(want) != 0 {
		t.Errorf("left: %v", names)
	}
}

// TestWriteFails makes each step of a plan fail in turn: the old set must be
// whole afterwards, with nothing left over.
func TestWriteFails(t *testing.T) {
	t.Parallel()
	profiles := testhost.Profiles(t)
	oldSet := render(t, testhost.Host(), profiles[0], profiles[1])
	changed := testhost.Host()
	changed.Checkout = "/srv/elsewhere"
	newSet := render(t, changed, profiles[1], profiles[2])

	for _, name := range []string{"montimer-job-monotonic.service", "montimer-job-monotonic.timer", "montimer-job-two-lines.service", targetName} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if _, err := compileInto(dir, oldSet); err != nil {
				t.Fatal(err)
			}
			d, err := Open(dir, "")
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			have, err := d.Installed(newSet)
			if err != nil {
				t.Fatal(err)
			}
			plan, err := Plan(newSet, have)
			if err != nil {
				t.Fatal(err)
			}
			// A directory in the place of the unit makes its rename fail.
			path := filepath.Join(dir, name)
			if err := os.RemoveAll(path); err != nil {
				t.Fatal(err)
			}
			if err := os.MkdirAll(filepath.Join(path, "full"), 0o755); err != nil {
				t.Fatal(err)
			}
			want := contents(t, dir)
			if err := d.Write(have, plan); err == nil || !strings.Contains(err.Error(), name) {
				t.Fatalf("error %v", err)
			}
			if diff := cmp.Diff(want, contents(t, dir)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestNotOurs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	units := render(t, testhost.Host(), testhost.Profiles(t)[0])
	// A mask, as an operator might have put it here by hand.
	if err := os.Symlink("/dev/null", filepath.Join(dir, "montimer-job-hourly.timer")); err != nil {
		t.Fatal(err)
	}
	if _, err := compileInto(dir, units); err == nil || !strings.Contains(err.Error(), "not written by montimer") {
		t.Errorf("error %v", err)
	}
	if got := contents(t, dir); len(got) != 1 {
		t.Errorf("something was written: %v", got)
	}
}

// TestOdd: what stands in a unit's place and is no file is seen, and waited for
// by no one.
func TestOdd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, montimer.Instance("").Timer(name)) }
	if err := errors.Join(
		os.Mkdir(path("directory"), 0o755),
		os.Symlink("/dev/zero", path("link")),
		syscall.Mkfifo(path("pipe"), 0o644),
		os.WriteFile(path("empty"), nil, 0o644),
	); err != nil {
		t.Fatal(err)
	}
	socket, err := net.Listen("unix", path("socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	have, err := Read(dir, "")
	want := map[string]string{}
	for _, name := range []string{"directory", "link", "pipe", "empty", "socket"} {
		want[montimer.Instance("").Timer(name)] = ""
	}
	if diff := cmp.Diff(want, have.Files); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if have, err := Read(filepath.Join(dir, "none"), ""); err != nil || len(have.Files) > 0 {
		t.Errorf("a folder that is not there: %v, %v", have, err)
	}
}

// TestLargeFile: the target of many profiles is read whole.
func TestLargeFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, size := range []int{64<<10 - 1, 64 << 10, 64<<10 + 1, 1 << 20} {
		want := strings.Repeat("x", size)
		if err := os.WriteFile(filepath.Join(dir, targetName), []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		if have, err := Read(dir, ""); err != nil || have.Files[targetName] != want {
			t.Errorf("%d bytes: %d read, %v", size, len(have.Files[targetName]), err)
		}
	}
}

// TestReadInstance: the units of an instance are read as its alone.
func TestReadInstance(t *testing.T) {
	t.Parallel()
	h := testhost.Host()
	h.Instance = "other"
	units := render(t, h, testhost.Profiles(t)...)
	dir := t.TempDir()
	d, err := Open(dir, h.Instance)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	plan, err := Plan(units, Installed{Instance: h.Instance})
	if err := errors.Join(err, d.Write(Installed{}, plan)); err != nil {
		t.Fatal(err)
	}
	for instance, want := range map[montimer.Instance]int{"": 0, "othe": 0, "other": len(units), "others": 0} {
		if have, err := Read(dir, instance); err != nil || len(have.Files) != want {
			t.Errorf("%q has %d of %d units, %v", instance, len(have.Files), len(units), err)
		}
	}
}
