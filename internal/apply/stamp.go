package apply

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/timer"
)

// Stamps are the files in which systemd keeps when it last triggered a
// persistent timer, and the drop-ins that make a timer persistent during an
// apply.
type Stamps struct {
	Instance montimer.Instance
	Dir      string // timer.StampDir
	DropIns  string // /run/systemd/system, which is empty after a reboot
}

const guardFile = "50-montimer-apply.conf"

const guardText = `# While montimer apply runs: whether the timer was triggered is in its stamp.
[Timer]
Persistent=yes
`

// hold makes the timer persistent, with a stamp of now.
func (s Stamps) hold(unit string) error {
	if err := s.touch(unit); err != nil {
		return fmt.Errorf("touch stamp: %w", err)
	}
	dir := filepath.Join(s.DropIns, unit+".d")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("suppress the start of %s: %w", unit, err)
	}
	if err := os.WriteFile(filepath.Join(dir, guardFile), []byte(guardText), 0o644); err != nil {
		return fmt.Errorf("suppress the start of %s: %w", unit, err)
	}
	return nil
}

func (s Stamps) touch(unit string) error {
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(timer.StampFile(s.Dir, unit), os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	now := time.Now()
	return errors.Join(os.Chtimes(timer.StampFile(s.Dir, unit), now, now), f.Close())
}

// release undoes hold. The stamp is removed too, and first, if the timer itself
// keeps none.
func (s Stamps) release(unit string, persistent bool) error {
	if !persistent {
		if err := s.remove(unit); err != nil {
			return err
		}
	}
	dir := filepath.Join(s.DropIns, unit+".d")
	if err := os.Remove(filepath.Join(dir, guardFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("release %s: %w", unit, err)
	}
	_ = os.Remove(dir) // stays if it has other drop-ins
	return nil
}

// held lists the timers with our drop-in, or the rest of one.
func (s Stamps) held() ([]string, error) {
	dirs, err := filepath.Glob(filepath.Join(s.DropIns, s.Instance.Unit("job-*.timer.d")))
	if err != nil {
		return nil, fmt.Errorf("look for drop-ins: %w", err)
	}
	var timers []string
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			return nil, fmt.Errorf("look for drop-ins: %w", err)
		}
		if len(entries) == 0 || slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == guardFile }) {
			timers = append(timers, strings.TrimSuffix(filepath.Base(dir), ".d"))
		}
	}
	return timers, nil
}

// list returns the timers of profiles with a stamp.
func (s Stamps) list() ([]string, error) {
	paths, err := filepath.Glob(timer.StampFile(s.Dir, s.Instance.Unit("job-*.timer")))
	if err != nil {
		return nil, fmt.Errorf("look for stamps: %w", err)
	}
	for i, path := range paths {
		paths[i] = strings.TrimPrefix(filepath.Base(path), "stamp-")
	}
	return paths, nil
}

func (s Stamps) remove(unit string) error {
	if err := os.Remove(timer.StampFile(s.Dir, unit)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove stamp: %w", err)
	}
	return nil
}
