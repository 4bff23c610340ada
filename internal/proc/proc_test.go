package proc

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestRun(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	c := Command{Path: "/bin/sh", Argv: []string{"sh", "-c", "echo $A; pwd >&2; cat; exit 3"}, Dir: "/usr", Env: []string{"A=1", "B=2", "A=3"}}
	end, err := Run(t.Context(), c, &stdout, &stderr)
	if err != nil || end.Cause != nil || end.Status.ExitStatus() != 3 || stdout.String() != "3\n" || stderr.String() != "/usr\n" {
		t.Errorf("%+v, %v, %q, %q", end, err, &stdout, &stderr)
	}
	for _, c := range []Command{
		{Path: "/nowhere/program", Argv: []string{"program"}},
		{Path: "/bin/true", Argv: []string{"true"}, Dir: "/nowhere"},
	} {
		if _, err := Run(t.Context(), c, &stdout, &stderr); !errors.Is(err, syscall.ENOENT) || !strings.Contains(err.Error(), "nowhere") {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// stopping is a writer that ends a context once a process has said its number.
type stopping struct {
	bytes.Buffer
	stop func(error)
}

var errStopped = errors.New("stopped by the test")

func (s *stopping) Write(p []byte) (int, error) {
	s.stop(errStopped)
	return s.Buffer.Write(p)
}

// TestNothingIsLeft stops processes that do what they can to stay: none of the
// group is there when Run returns.
func TestNothingIsLeft(t *testing.T) {
	t.Parallel()
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, script := range map[string]string{
		"ignores SIGTERM":            "trap '' TERM; echo $$; while :; do sleep 1; done",
		"opens a FIFO":               "echo $$; exec cat " + fifo,
		"holds the output, and ends": "(trap '' TERM; exec sleep 3600) & echo $!",
		"holds nothing, and ends":    "sleep 3600 >/dev/null 2>&1 & echo $!",
		"stopped":                    "echo $$; kill -STOP $$",
	} {
		for _, session := range []bool{false, true} {
			t.Run(name+" "+strconv.FormatBool(session), func(t *testing.T) {
				t.Parallel()
				ctx, stop := context.WithCancelCause(t.Context())
				defer stop(nil)
				out := &stopping{stop: stop}
				c := Command{Path: "/bin/sh", Argv: []string{"sh", "-c", script}, Session: session, Grace: 100 * time.Millisecond}
				end, err := Run(ctx, c, out, &bytes.Buffer{})
				if err != nil || end.Cause != nil && end.Cause != errStopped {
					t.Fatal(end, err)
				}
				pid, err := strconv.Atoi(strings.TrimSpace(out.String()))
				if err != nil {
					t.Fatal(err)
				}
				for deadline := time.Now().Add(time.Minute); syscall.Kill(pid, 0) == nil && !zombie(pid); {
					if time.Now().After(deadline) {
						t.Fatalf("process %d is left", pid)
					}
					time.Sleep(time.Millisecond) // a signal takes a moment
				}
			})
		}
	}
}

// zombie reports whether a process has ended and nobody has reaped it.
func zombie(pid int) bool {
	stat, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return bytes.Contains(stat, []byte(") Z "))
}

// TestTimeout: the time-out of a command is a cause of its own, and so is a
// context that has ended before.
func TestTimeout(t *testing.T) {
	t.Parallel()
	c := Command{Path: "/bin/sleep", Argv: []string{"sleep", "3600"}, Timeout: time.Millisecond}
	if end, err := Run(t.Context(), c, io.Discard, io.Discard); err != nil || end.Cause != ErrTimeout || end.Status.Signal() != syscall.SIGTERM {
		t.Errorf("%+v, %v", end, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if end, err := Run(ctx, c, io.Discard, io.Discard); err != nil || end.Cause != context.Canceled {
		t.Errorf("%+v, %v", end, err)
	}
}
