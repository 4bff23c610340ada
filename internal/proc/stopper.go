package proc

import (
	"context"
	"encoding/binary"
	"fmt"

	"golang.org/x/sys/unix"
)

// Stopper is a context as a file descriptor, which is readable once the context
// has ended: so one poll(2) waits for all events of a process.
type Stopper struct {
	ctx    context.Context
	fd     int
	cancel func() bool
}

// NewStopper returns the Stopper of ctx.
func NewStopper(ctx context.Context) (*Stopper, error) {
	fd, err := unix.Eventfd(0, unix.EFD_CLOEXEC|unix.EFD_NONBLOCK)
	if err != nil {
		return nil, fmt.Errorf("eventfd: %w", err)
	}
	cancel := context.AfterFunc(ctx, func() { unix.Write(fd, binary.NativeEndian.AppendUint64(nil, 1)) })
	return &Stopper{ctx, fd, cancel}, nil
}

// Close closes the descriptor. After the end of the context it may still be
// written to, and stays open until the process exits.
func (s *Stopper) Close() {
	if s.cancel() {
		unix.Close(s.fd)
	}
}

// cause says why the context has ended.
func (s *Stopper) cause() error { return context.Cause(s.ctx) }
