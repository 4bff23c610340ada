package taskexec

import (
	"context"
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

// stopper is a context as a file descriptor, which is readable once it has
// ended: so one poll(2) waits for all that can happen to a process.
type stopper struct {
	ctx    context.Context
	fd     int
	cancel func() bool
}

func newStopper(ctx context.Context) (*stopper, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	cancel := context.AfterFunc(ctx, func() { unix.Write(fd, binary.NativeEndian.AppendUint64(nil, 1)) })
	return &stopper{ctx, fd, cancel}, nil
}

// close lets go of the descriptor; where the context has ended that may still be
// being written to, and stays for the little that is left of the process.
func (s *stopper) close() {
	if s.cancel() {
		unix.Close(s.fd)
	}
}

// cause says why the context has ended.
func (s *stopper) cause() error { return context.Cause(s.ctx) }
