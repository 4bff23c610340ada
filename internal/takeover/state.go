package takeover

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/backup"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/notify"
	"github.com/montimer/montimer/internal/store"
)

// Ask is what root has a process of the user of the tasks do: all that is in a
// directory of backups or in the state directory is that user's.
type Ask struct {
	Do     string
	Source string    // as the operator names it
	Backup string    // the file
	Here   Machine   // this host
	Home   string    // the directory for the backups of this host; "": there is none
	Since  time.Time // when this host took over, or retired
	From   store.Handover
	Dirs   []string // whose owner this host becomes

	Profiles []string // those that are to run
	To       time.Time
	Keep     int // how many backups stay; 0: all
}

// What is asked for.
const (
	askLook    = "look"
	askRestore = "restore"
	askReport  = "report"
	askBackup  = "backup"
	askRetire  = "retire"
)

// Answer is what the process says.
type Answer struct {
	State State
	Path  string // of the file that was made
	Waits int    // alerts that wait
}

// Answer does what is asked for. It is idempotent, and an error leaves the old state or
// the new.
func (a Ask) Answer(ctx context.Context, h montimer.Host) (to Answer, err error) {
	switch a.Do {
	case askLook:
		to.State, err = a.look(ctx, h)
	case askRestore:
		to.Path, err = a.restore(ctx, h)
	case askReport:
		err = a.report(ctx, h)
	case askBackup:
		to, err = a.backup(ctx, h)
	case askRetire:
		err = a.own(true)
	default:
		err = fmt.Errorf("nothing is called %q", a.Do)
	}
	return to, err
}

func (a Ask) look(ctx context.Context, h montimer.Host) (s State, err error) {
	if err = s.find(ctx, h.Instance, a.Source); err != nil {
		return s, err
	}
	if s.Dir != "" {
		owner, err := backup.ReadOwner(s.Dir)
		switch {
		case err == nil:
			s.Owner = &owner
		case !errors.Is(err, fs.ErrNotExist):
			s.Unread = err.Error()
		}
	}
	if dir := a.Home; dir != "" && dir != s.Dir {
		owner, err := backup.ReadOwner(dir)
		if err == nil {
			s.Home = &owner
		} else if !errors.Is(err, fs.ErrNotExist) {
			return s, err
		}
	}
	if s.Backup != "" {
		if s.Past, err = store.Peek(ctx, h.Instance, s.Backup); err != nil {
			return s, err
		}
		s.Taken = cmp.Or(s.Taken, s.Past.Sign)
	}
	s.Own, err = store.Peek(ctx, h.Instance, filepath.Join(h.StateDir, store.FileName))
	switch {
	case err == nil:
		s.HasOwn = true
	case errors.Is(err, fs.ErrNotExist):
	case errors.Is(err, store.ErrCorrupt):
		s.Wrong = append(s.Wrong, "the database of this host: "+err.Error())
	default:
		return s, err
	}
	if mark := s.Own.Handover; s.Owner != nil {
		s.Marked = mark.Kind == store.TakenOver && mark.Machine == s.Owner.ID && mark.Since.Equal(s.Owner.Since)
	}
	return s, nil
}

// find finds the backup of a source, and the directory that says whose it is.
func (s *State) find(ctx context.Context, of montimer.Instance, source string) error {
	source, err := filepath.Abs(source)
	if err != nil {
		return err
	}
	info, err := os.Stat(source)
	if err != nil {
		return fmt.Errorf("find the backup: %w", err)
	}
	s.Dir = source
	if !info.IsDir() {
		s.Dir = filepath.Dir(source)
		if _, err := os.Lstat(filepath.Join(s.Dir, backup.OwnerFile)); errors.Is(err, fs.ErrNotExist) {
			s.Dir = ""
		}
		if err := store.Verify(ctx, of, source); err != nil {
			s.Wrong = append(s.Wrong, err.Error())
		} else {
			s.Backup = source
		}
	}
	if s.Dir == "" {
		return nil
	}
	all, err := backup.List(s.Dir)
	if err != nil {
		return err
	}
	for _, f := range all {
		if f.Path == source {
			s.Taken = f.At
		}
	}
	if len(all) > 0 {
		s.Newest = all[0].At
	}
	if s.Dir != source {
		return nil
	}
	good, bad, err := backup.NewestGood(ctx, of, s.Dir)
	for _, b := range bad {
		s.Wrong = append(s.Wrong, b.Error())
	}
	switch {
	case err == nil:
		s.Backup, s.Taken = good.Path, good.At
	case errors.Is(err, fs.ErrNotExist):
		s.Wrong = append(s.Wrong, err.Error())
	default:
		return err
	}
	return nil
}

// lost is the reason of the runs that were under way on the old host, and aside that of
// its alerts. Both are of one takeover alone.
func (a Ask) lost() string {
	return fmt.Sprintf("its host is gone: %s took over at %s", a.Here.Name, clock(a.Since))
}

func (a Ask) aside(of montimer.Instance) string {
	return fmt.Sprintf("set aside when %s took over at %s: the old host may have sent it; %s sends it", a.Here.Name, clock(a.Since), of.Command("notify flush --set-aside"))
}

// restore gives this host the state of the backup, and then makes it the owner. Until
// then the next takeover begins again.
func (a Ask) restore(ctx context.Context, h montimer.Host) (kept string, err error) {
	if err := host.MakeStateDir(h.StateDir); err != nil {
		return "", fmt.Errorf("make the state directory: %w", err)
	}
	kept, err = store.Restore(ctx, h.Instance, h.StateDir, a.Backup, store.BesideName(time.Now()))
	if err != nil {
		return kept, err
	}
	s, err := store.Open(ctx, h.StateDir, store.Options{Instance: h.Instance})
	if err != nil {
		return kept, err
	}
	err = s.Inherit(ctx, store.Handover{Kind: store.TakenOver, Host: a.Here.Name, Machine: a.Here.ID, Since: a.Since}, a.From, a.lost(), a.aside(h.Instance))
	if err = errors.Join(err, s.Close()); err != nil {
		return kept, err
	}
	return kept, a.own(false)
}

// own makes this host the owner of the directories.
func (a Ask) own(retired bool) (err error) {
	for _, dir := range a.Dirs {
		err = errors.Join(err, backup.WriteOwner(dir, backup.Owner{Host: a.Here.Name, ID: a.Here.ID, Since: a.Since, Retired: retired}))
	}
	return err
}

// report stores the report of the gap, once.
func (a Ask) report(ctx context.Context, h montimer.Host) (err error) {
	s, err := store.Open(ctx, h.StateDir, store.Options{Instance: h.Instance})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	found, err := s.Inherited(ctx, a.lost(), a.aside(h.Instance))
	if err != nil {
		return err
	}
	g := Gap{Instance: h.Instance, Old: found.From.Host, From: found.From.Since, To: a.To, Lost: found.Running, Aside: found.Alerts}
	tables, err := s.Timetables(ctx, "", time.Local)
	if err != nil {
		return err
	}
	runs, err := s.ByProfile(ctx, store.Filter{Since: g.From.Add(-24 * time.Hour)}) // one may have been under way at the time
	if err != nil {
		return err
	}
	g.Missed = missed(a.Profiles, tables, runs, g.From, g.To)
	alert := notify.Formatter{Instance: h.Instance, Host: a.Here.Name}.Report(g.Title(), g.Lines())
	alert.Kind = montimer.AlertPage
	_, err = s.Handover(ctx, store.Handover{Kind: store.Reported, Host: a.Here.Name, Machine: a.Here.ID, Since: a.Since}, alert)
	return err
}

// backup records that this host is retired, and writes its last backup.
func (a Ask) backup(ctx context.Context, h montimer.Host) (to Answer, err error) {
	s, err := store.Open(ctx, h.StateDir, store.Options{Instance: h.Instance})
	if err != nil {
		return to, err
	}
	_, err = s.Handover(ctx, store.Handover{Kind: store.Retired, Host: a.Here.Name, Machine: a.Here.ID, Since: a.Since}, nil)
	if err == nil {
		var pending []montimer.Alert
		pending, err = s.Pending(ctx)
		to.Waits = len(pending)
	}
	if err = errors.Join(err, s.Close()); err != nil {
		return to, err
	}
	to.Path, err = backup.Source{Instance: h.Instance, StateDir: h.StateDir, Host: a.Here.Name, Now: time.Now()}.Make(ctx, a.Source, a.Keep)
	return to, err
}

// directories are those whose owner file names the host that runs the jobs: the one of
// the backup, and the one for the backups of this host.
func directories(all ...string) []string {
	all = slices.DeleteFunc(all, func(dir string) bool { return dir == "" })
	slices.Sort(all)
	return slices.Compact(all)
}
