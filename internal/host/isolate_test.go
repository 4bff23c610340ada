package host

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/montimer/montimer/internal/testenv"
)

// TestIsolate has another process isolate itself, since there is no way back.
func TestIsolate(t *testing.T) {
	if victim := os.Getenv("MONTIMER_TEST_VICTIM"); victim != "" {
		if err := isolated(victim); err != nil {
			t.Fatal(err)
		}
		return
	}
	t.Parallel()
	testenv.Need(t, "sleep", "sh")
	victim := exec.Command("sleep", "600")
	if err := victim.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { victim.Process.Kill(); victim.Wait() })
	cmd := exec.Command(os.Args[0], "-test.run=^TestIsolate$", "-test.v")
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "MONTIMER_TEST_VICTIM="+strconv.Itoa(victim.Process.Pid))
	out, err := cmd.CombinedOutput()
	if strings.Contains(string(out), "no Landlock") {
		t.Skip("this kernel, or a build with cgo, cannot")
	}
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func isolated(victim string) error {
	memory := "/proc/" + victim + "/mem"
	f, err := os.OpenFile(memory, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("before: %w", err)
	}
	f.Close()
	_, _, errno := syscall.AllThreadsSyscall6(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0)
	if errno != 0 && !errors.Is(errno, errors.ErrUnsupported) {
		return errno
	}
	if err := Isolate(); errors.Is(err, errors.ErrUnsupported) || errors.Is(err, errCgo) {
		fmt.Println("no Landlock:", err)
		return nil
	} else if err != nil {
		return err
	}
	if _, err := os.OpenFile(memory, os.O_RDWR, 0); !errors.Is(err, os.ErrPermission) {
		return fmt.Errorf("the memory can still be opened: %v", err)
	}
	// On another thread each, and as a task would.
	for range 20 {
		if out, err := exec.Command("sh", "-c", "! true 3<>"+memory+" && mkdir -p a b && echo x >a/f && mv a/f b/f && ln b/f a/g && rm a/g").CombinedOutput(); err != nil {
			return fmt.Errorf("a task: %w: %s", err, out)
		}
	}
	return os.Rename(filepath.Join("b", "f"), "f")
}

// TestUnisolated: a program built with cgo is reported, a kernel without Landlock is
// not: nobody can correct that.
func TestUnisolated(t *testing.T) {
	t.Parallel()
	if err := unisolated(syscall.ENOTSUP); errors.Is(err, errors.ErrUnsupported) || !strings.Contains(err.Error(), "CGO_ENABLED=0") {
		t.Errorf("cgo: %v", err)
	}
	if err := unisolated(syscall.EPERM); !errors.Is(err, syscall.EPERM) {
		t.Errorf("EPERM: %v", err)
	}
}
