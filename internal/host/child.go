package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
	"time"
)

// Bounds of a child.
const (
	childTime   = 10 * time.Second
	childOutput = 16<<20 + 4096 // more than the largest jobs.yaml and its path
	childErrors = 4096
	childGrace  = 30 * time.Second // from SIGTERM to SIGKILL
)

// A ChildError is an error that the child reported.
type ChildError struct {
	Code    int    // its exit code
	Message string // untrusted text
}

func (e *ChildError) Error() string { return e.Message }

// RunAsUser runs this program again as another user and returns its standard
// output. So root can read files under that user's control: a link, pipe or
// device in their place can do no more than the user could. The child has its
// own session (it cannot type into root's terminal), no input, and only PATH,
// HOME, USER, LOGNAME and LC_ALL in its environment; after ten seconds it is
// killed with all its children.
func RunAsUser(ctx context.Context, userName, group string, args ...string) ([]byte, error) {
	credential, home, err := credentials(userName, group)
	if err != nil {
		return nil, fmt.Errorf("run as %s: %w", userName, err)
	}
	ctx, cancel := context.WithTimeout(ctx, childTime)
	defer cancel()
	cmd := child(ctx, credential, userName, home, args)
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	stdout, stderr := &bounded{max: childOutput}, &bounded{max: childErrors}
	cmd.Stdout, cmd.Stderr = stdout, stderr

	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() == context.DeadlineExceeded:
		return nil, fmt.Errorf("run as %s: not done after %s", userName, childTime)
	case stdout.full:
		return nil, fmt.Errorf("run as %s: more output than %d bytes", userName, childOutput)
	case errors.As(err, &exit) && exit.Exited():
		return nil, &ChildError{exit.ExitCode(), string(bytes.TrimSpace(stderr.buf.Bytes()))}
	case err != nil:
		return nil, fmt.Errorf("run as %s: %w", userName, err)
	}
	return stdout.buf.Bytes(), nil
}

// StepDown runs this program again as another user, like [RunAsUser] but
// without a time limit: its output is passed on as it comes, and its
// environment has more variables. When ctx ends, the child gets SIGTERM and,
// after the time to stop its own children, SIGKILL. The error is a
// [*ChildError] without a message if the child ended with an exit code.
func StepDown(ctx context.Context, userName, group string, environ []string, stdout, stderr io.Writer, args ...string) error {
	credential, home, err := credentials(userName, group)
	if err != nil {
		return fmt.Errorf("run as %s: %w", userName, err)
	}
	cmd := child(ctx, credential, userName, home, args)
	cmd.Env = append(cmd.Env, environ...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = childGrace
	cmd.Stdout, cmd.Stderr = stdout, stderr
	err = cmd.Run()
	if cmd.Process != nil && ctx.Err() != nil {
		syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.Exited():
		return &ChildError{Code: exit.ExitCode()}
	case err != nil:
		return fmt.Errorf("run as %s: %w", userName, err)
	}
	return nil
}

// child is a process of this program under another user.
func child(ctx context.Context, credential *syscall.Credential, userName, home string, args []string) *exec.Cmd {
	// The link leads to this file, even if the user cannot reach it by its path.
	cmd := exec.CommandContext(ctx, "/proc/self/exe", args...)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + home, "USER=" + userName, "LOGNAME=" + userName, "LC_ALL=C.UTF-8"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential, Setsid: true}
	return cmd
}

// credentials returns the credentials of a process of that user and group.
func credentials(userName, group string) (c *syscall.Credential, home string, err error) {
	u, err := user.Lookup(userName)
	if err != nil {
		return nil, "", err
	}
	gid := u.Gid
	if group != "" {
		g, err := user.LookupGroup(group)
		if err != nil {
			return nil, "", err
		}
		gid = g.Gid
	}
	names, err := u.GroupIds()
	if err != nil {
		return nil, "", err
	}
	ids := make([]uint32, 0, len(names)+2)
	for _, name := range append([]string{u.Uid, gid}, names...) {
		id, err := strconv.ParseUint(name, 10, 32)
		if err != nil {
			return nil, "", fmt.Errorf("id %q: %w", name, err)
		}
		ids = append(ids, uint32(id))
	}
	return &syscall.Credential{Uid: ids[0], Gid: ids[1], Groups: ids[2:]}, u.HomeDir, nil
}

// bounded is a buffer that refuses to grow above max. (It does not embed the
// buffer: ReadFrom would ignore the bound.)
type bounded struct {
	buf  bytes.Buffer
	max  int
	full bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.buf.Len()+len(p) > b.max {
		b.full = true
		return 0, io.ErrShortWrite
	}
	return b.buf.Write(p)
}

// IsRoot reports whether the process has root's rights.
func IsRoot() bool { return os.Geteuid() == 0 }
