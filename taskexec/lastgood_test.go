package taskexec

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
)

func TestLastGoodCopy(t *testing.T) {
	t.Parallel()
	broken := func(h *host) {
		h.Load = func(context.Context) (montimer.Jobs, error) {
			return montimer.Jobs{}, errors.New("jobs.yaml:3:1: broken")
		}
	}
	gone := func(h *host) { h.jobs.Profiles[0].Name = "renamed" }
	for name, tt := range map[string]struct {
		change  func(*host)
		trigger montimer.Trigger
		ran     bool
		said    string
	}{
		"broken, a tick":    {broken, montimer.TriggerTimer, true, "jobs.yaml:3:1: broken"},
		"gone, a tick":      {gone, montimer.TriggerTimer, true, "unknown profile"},
		"broken, by hand":   {broken, montimer.TriggerManual, false, ""},
		"broken and damage": {func(h *host) { broken(h); os.WriteFile(copyPath(h.StateDir, "p"), []byte("{"), 0o600) }, montimer.TriggerTimer, false, "cannot be used"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, shell("echo x >>ran"))
			if _, err := h.Exec(t.Context(), Request{Profile: "p", Trigger: montimer.TriggerTimer}); err != nil {
				t.Fatal(err)
			}
			tt.change(h)
			run, err := h.Exec(t.Context(), Request{Profile: "p", Trigger: tt.trigger})
			text, _ := os.ReadFile(filepath.Join(h.Checkout, "ran"))
			if ran := strings.Count(string(text), "x") == 2; ran != tt.ran {
				t.Errorf("ran %t, want %t", ran, tt.ran)
			}
			if tt.ran && (err != nil || run.State != montimer.RunOK || !strings.Contains(run.Reason, "last good copy")) {
				t.Errorf("%v, %+v", err, run)
			}
			if !tt.ran && ExitCode(run, err) != 2 {
				t.Errorf("exit code %d: %v", ExitCode(run, err), err)
			}
			if !strings.Contains(h.log.String(), tt.said) {
				t.Error(h.log.String())
			}
		})
	}
}

// A run that systemd started and that cannot begin is on record, by a timer or
// by hand; a mistake on a terminal is not.
func TestRefusedRunsOfServicesAreRecorded(t *testing.T) {
	t.Parallel()
	h := newHost(t)
	requests := []Request{
		{Profile: "q", Trigger: montimer.TriggerTimer},
		{Profile: "q", Trigger: montimer.TriggerManual},
		{Profile: "q", Trigger: montimer.TriggerManual, ID: strings.Repeat("1", 32)}, // not that of a service
	}
	for _, r := range requests {
		if run, err := h.Exec(t.Context(), r); ExitCode(run, err) != 2 {
			t.Errorf("%+v: %v", r, err)
		}
	}
	if len(h.kept.runs) != 2 {
		t.Fatalf("%+v", h.kept.runs)
	}
	for i, run := range h.kept.runs {
		if run.Trigger != requests[i].Trigger || run.Reason != `unknown profile "q"; known: p` || run.State != montimer.RunFailed {
			t.Errorf("%+v", run)
		}
	}
}

func TestCopyIsWrittenOnlyWhenItChanges(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := montimer.Profile{Name: "p", Tasks: []montimer.Task{{Name: "t", Command: montimer.Command{Argv: []string{"a", "<b>"}}}}}
	var inode []os.FileInfo
	for range 2 {
		if err := keepCopy(dir, p); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(copyPath(dir, "p"))
		if err != nil {
			t.Fatal(err)
		}
		inode = append(inode, info)
	}
	if !os.SameFile(inode[0], inode[1]) {
		t.Error("written again")
	}
	got, err := lastGood(dir, "p")
	if diff := cmp.Diff(p, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
}

// What a task puts in the place of the copy holds up no tick and fills no memory.
func TestCopyThatIsNoFile(t *testing.T) {
	t.Parallel()
	p := montimer.Profile{Name: "p"}
	for name, put := range map[string]func(path string) error{
		"FIFO":            func(path string) error { return syscall.Mkfifo(path, 0o600) },
		"endless device":  func(path string) error { return os.Symlink("/dev/zero", path) },
		"link to another": func(path string) error { return os.Symlink("q.json", path) },
		"more than maxCopy": func(path string) error {
			return errors.Join(os.WriteFile(path, nil, 0o600), os.Truncate(path, maxCopy+1))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := keepCopy(dir, montimer.Profile{Name: "q"}); err != nil {
				t.Fatal(err)
			}
			if err := put(copyPath(dir, "p")); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 2)
			go func() {
				_, err := lastGood(dir, "p")
				done <- err
				done <- keepCopy(dir, p)
			}()
			for _, want := range []bool{false, true} {
				select {
				case err := <-done:
					if (err == nil) != want {
						t.Error(err)
					}
				case <-time.After(time.Minute):
					t.Fatal("it waits")
				}
			}
			if got, err := lastGood(dir, "p"); err != nil || got.Name != "p" {
				t.Error("not replaced:", got, err)
			}
		})
	}
}
