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
)

// Stamps are the files in which systemd keeps when it last triggered a
// persistent timer, and the drop-ins that make a timer persistent during an
// apply.
type Stamps struct {
	Instance montimer.Instance
	Dir      string // /var/lib/systemd/timers
	DropIns  string // /run/systemd/system, which is empty after a reboot
}

const guardFile = "50-montimer-apply.conf"

const guardText = `# While montimer apply runs: whether the timer was triggered is in its stamp.
[Timer]
Persistent=yes
`

func (s Stamps) path(timer string) string { return filepath.Join(s.Dir, "stamp-"+timer) }

// read returns the time of a timer's stamp, zero if there is none.
func (s Stamps) read(timer string) (time.Time, error) {
	info, err := os.Stat(s.path(timer))
	if errors.Is(err, fs.ErrNotExist) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, fmt.Errorf("read stamp: %w", err)
	}
	return info.ModTime(), nil
}

// hold makes the timer persistent, with a stamp of now.
func (s Stamps) hold(timer string) error {
	if err := s.touch(timer); err != nil {
		return fmt.Errorf("touch stamp: %w", err)
	}
	dir := filepath.Join(s.DropIns, timer+".d")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("suppress the start of %s: %w", timer, err)
	}
	if err := os.WriteFile(filepath.Join(dir, guardFile), []byte(guardText), 0o644); err != nil {
		return fmt.Errorf("suppress the start of %s: %w", timer, err)
	}
	return nil
}

func (s Stamps) touch(timer string) error {
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(s.path(timer), os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	now := time.Now()
	return errors.Join(os.Chtimes(s.path(timer), now, now), f.Close())
}

// release undoes hold. The stamp is removed too, and first, if the timer itself
// keeps none.
func (s Stamps) release(timer string, persistent bool) error {
	if !persistent {
		if err := s.remove(timer); err != nil {
			return err
		}
	}
	dir := filepath.Join(s.DropIns, timer+".d")
	if err := os.Remove(filepath.Join(dir, guardFile)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("release %s: %w", timer, err)
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
	paths, err := filepath.Glob(s.path(s.Instance.Unit("job-*.timer")))
	if err != nil {
		return nil, fmt.Errorf("look for stamps: %w", err)
	}
	for i, path := range paths {
		paths[i] = strings.TrimPrefix(filepath.Base(path), "stamp-")
	}
	return paths, nil
}

func (s Stamps) remove(timer string) error {
	if err := os.Remove(s.path(timer)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove stamp: %w", err)
	}
	return nil
}
