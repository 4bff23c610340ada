package taskexec

import (
	"context"
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

// stopper is a context as a file descriptor, which is readable once the context
// has ended: so one poll(2) waits for all events of a process.
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

// close closes the descriptor. After the end of the context it may still be
// written to, and stays open until the process exits.
func (s *stopper) close() {
	if s.cancel() {
		unix.Close(s.fd)
	}
}

// cause says why the context has ended.
func (s *stopper) cause() error { return context.Cause(s.ctx) }
