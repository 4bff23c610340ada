package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// Drain gives the right to send what is in the outbox. One process has it at a
// time, until it calls release or ends, however that happens: it is a flock(2)
// of outbox.lock in the state directory. ok is false when another has it.
func (s *Store) Drain() (release func(), ok bool, err error) {
	path := filepath.Join(filepath.Dir(s.path), "outbox.lock")
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, false, fmt.Errorf("lock the outbox: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, false, f.Close()
	}
	if err != nil {
		return nil, false, errors.Join(fmt.Errorf("lock the outbox: %w", err), f.Close())
	}
	return func() {
		syscall.Flock(int(f.Fd()), syscall.LOCK_UN) // closing is not enough while a fork has a copy
		f.Close()
	}, true, nil
}
