package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/user"
	"strconv"
	"syscall"
	"time"

	"github.com/montimer/montimer/internal/proc"
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
// ended with all its children.
func RunAsUser(ctx context.Context, userName, group string, args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, childTime, fmt.Errorf("not done after %s", childTime))
	defer cancel()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	stdout, stderr := &bounded{max: childOutput, stop: stop}, &bounded{max: childErrors}
	err := runChild(ctx, userName, group, time.Second, nil, stdout, stderr, args)
	var exit *ChildError
	switch {
	case ctx.Err() != nil: // even if it has ended by itself: its output may be cut
		return nil, fmt.Errorf("run as %s: %w", userName, context.Cause(ctx))
	case errors.As(err, &exit):
		exit.Message = string(bytes.TrimSpace(stderr.buf.Bytes()))
		return nil, exit
	case err != nil:
		return nil, err
	}
	return stdout.buf.Bytes(), nil
}

// StepDown runs this program again as another user, like [RunAsUser] but
// without a time limit: its output is passed on as it comes, and its
// environment has more variables. When ctx ends, the child gets SIGTERM and,
// after the time to stop its own children, SIGKILL. The error is a
// [*ChildError] without a message if the child ended with an exit code.
func StepDown(ctx context.Context, userName, group string, environ []string, stdout, stderr io.Writer, args ...string) error {
	return runChild(ctx, userName, group, childGrace, environ, stdout, stderr, args)
}

// runChild runs this program under another user.
func runChild(ctx context.Context, userName, group string, grace time.Duration, environ []string, stdout, stderr io.Writer, args []string) error {
	credential, home, err := credentials(userName, group)
	if err != nil {
		return fmt.Errorf("run as %s: %w", userName, err)
	}
	// The link leads to this file, even if the user cannot reach it by its path.
	const self = "/proc/self/exe"
	ending, err := proc.Run(ctx, proc.Command{
		Path: self, Argv: append([]string{self}, args...), Dir: "/",
		Env:     append([]string{"PATH=/usr/local/bin:/usr/bin:/bin", "HOME=" + home, "USER=" + userName, "LOGNAME=" + userName, "LC_ALL=C.UTF-8"}, environ...),
		Session: true, Credential: credential, Grace: grace,
	}, stdout, stderr)
	switch status := ending.Status; {
	case err != nil:
		return fmt.Errorf("run as %s: %w", userName, err)
	case status.Exited() && status.ExitStatus() != 0:
		return &ChildError{Code: status.ExitStatus()}
	case ending.Cause != nil:
		return fmt.Errorf("run as %s: %w", userName, ending.Cause)
	case status.Signaled():
		return fmt.Errorf("run as %s: ended by signal: %v", userName, status.Signal())
	}
	return nil
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

// bounded is a buffer that does not grow above max: it stops the child then.
type bounded struct {
	buf  bytes.Buffer
	max  int
	stop func(error) // may be nil
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.buf.Len()+len(p) <= b.max {
		return b.buf.Write(p)
	}
	if b.stop != nil {
		b.stop(fmt.Errorf("more output than %d bytes", b.max))
	}
	return 0, io.ErrShortWrite
}

// IsRoot reports whether the process has root's rights.
func IsRoot() bool { return os.Geteuid() == 0 }
