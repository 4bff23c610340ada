package takeover

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/backup"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/systemd"
)

// errKilled stands for the end of the process.
var errKilled = errors.New("killed")

// world is a host with its systemd, and a directory of backups that the hosts share.
type world struct {
	Root
	active, enabled, masked bool
	paused                  map[string]string // by whom
	left                    int               // calls until it is killed; negative: it never is
	said                    []string
}

func newWorld(t *testing.T, name, shared string) *world {
	w := &world{paused: map[string]string{}, left: -1}
	id := name
	if name == "beta" { // which makes backups
		var err error
		if id, err = backup.MachineID(); err != nil {
			t.Skip(err)
		}
	}
	w.Root = Root{
		Host: montimer.Host{StateDir: t.TempDir(), Backup: montimer.Backup{Dir: shared, Every: time.Hour, Keep: 5}},
		Here: Machine{name, id}, Profiles: []string{"hourly"}, Enabled: []string{"hourly"},
		Control: w, Pauses: w, Say: func(text string) { w.said = append(w.said, text) },
	}
	w.AsUser = func(ctx context.Context, a Ask) (Answer, error) {
		if a.Do != askLook {
			if err := w.call(); err != nil {
				return Answer{}, err
			}
		}
		return a.Answer(ctx, w.Host)
	}
	w.Apply = func(context.Context) error {
		if err := w.call(); err != nil {
			return err
		}
		if !w.masked && !w.enabled { // as apply does
			w.active, w.enabled = true, true
		}
		return nil
	}
	w.Write = func(context.Context) error { return w.call() }
	w.Flush = func(context.Context) error { return w.call() }
	return w
}

// call is the call of one effect.
func (w *world) call() error {
	if w.left == 0 {
		return errKilled
	}
	w.left--
	return nil
}

func (w *world) set(do func()) error {
	err := w.call()
	if err == nil {
		do()
	}
	return err
}

func (w *world) Start(context.Context, string) error   { return w.call() }
func (w *world) Stop(context.Context, string) error    { return w.set(func() { w.active = false }) }
func (w *world) Disable(context.Context, string) error { return w.set(func() { w.enabled = false }) }
func (w *world) Mask(context.Context, string) error    { return w.set(func() { w.masked = true }) }
func (w *world) Unmask(context.Context, string) error  { return w.set(func() { w.masked = false }) }
func (w *world) Reload(context.Context) error          { return w.call() }

func (w *world) Units(_ context.Context, names []string) (map[string]systemd.Unit, error) {
	units := map[string]systemd.Unit{}
	for _, name := range names {
		if name == w.Host.Instance.Target() && w.active {
			units[name] = systemd.Unit{Active: "active"}
		}
	}
	return units, nil
}

func (w *world) Pause(by, _ string) error {
	return w.set(func() {
		for _, p := range w.Profiles {
			w.paused[p] = by
		}
	})
}

func (w *world) Resume(func(string)) error { return w.set(func() { clear(w.paused) }) }

// takeOver is one call of the command.
func (w *world) takeOver(t *testing.T, o Options) (Plan, error) {
	t.Helper()
	f, err := w.Facts(t.Context(), o, montimer.Jobs{})
	if err != nil {
		t.Fatal(err)
	}
	p := Decide(f)
	if p.Refusal != "" {
		return p, nil
	}
	return p, w.Take(t.Context(), f, p)
}

// alive makes the database of a host that runs: a run that failed and whose alert
// waits, and one that is under way; and backs it up.
func (w *world) alive(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	s := w.open(t)
	event, err := calendar.Parse("*:0/10")
	if err != nil {
		t.Fatal(err)
	}
	// The backup is not of the time of a tick.
	begun := time.Now().Truncate(10 * time.Minute).Add(-48 * time.Minute)
	table := montimer.Timetable{Since: begun.Add(-time.Hour), Events: []calendar.Event{event}, Local: time.UTC, CatchUp: true}
	err = s.InForce(ctx, "hourly", table, "")
	for i, id := range []string{"failed", "running"} {
		r, begin := s.Begin(ctx, montimer.Run{ID: id, Profile: "hourly", Trigger: montimer.TriggerTimer, Host: w.Here.Name, Started: begun.Add(time.Duration(i) * time.Minute)})
		err = errors.Join(err, begin)
		if id == "failed" {
			r.State, r.Ended = montimer.RunFailed, r.Started.Add(time.Second)
			err = errors.Join(err, s.Finish(ctx, r, &montimer.Alert{Kind: montimer.AlertFailure, Profile: "hourly", RunID: id, Text: "it failed"}))
		}
	}
	if err = errors.Join(err, s.Close()); err != nil {
		t.Fatal(err)
	}
	w.backUp(t, begun.Add(2*time.Minute))
	w.active, w.enabled = true, true
	if err := backup.WriteOwner(w.Host.Backup.Dir, backup.Owner{Host: w.Here.Name, ID: w.Here.ID, Since: begun}); err != nil {
		t.Fatal(err)
	}
}

// backUp puts a backup into the directory that is named as of a time.
func (w *world) backUp(t *testing.T, at time.Time) {
	t.Helper()
	if err := store.Backup(t.Context(), "", w.Host.StateDir, filepath.Join(w.Host.Backup.Dir, backup.Name(at))); err != nil {
		t.Fatal(err)
	}
}

func (w *world) open(t *testing.T) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), w.Host.StateDir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// texts returns the alerts of an outbox.
func (w *world) texts(t *testing.T) (pending, aside []string) {
	t.Helper()
	s := w.open(t)
	defer s.Close()
	p, err := s.Pending(t.Context())
	a, err2 := s.Aside(t.Context())
	if err := errors.Join(err, err2); err != nil {
		t.Fatal(err)
	}
	for _, alert := range p {
		pending = append(pending, alert.Text)
	}
	for _, alert := range a {
		aside = append(aside, alert.Text)
	}
	return pending, aside
}

// taken checks that a host runs the jobs, and has reported the gap once.
func (w *world) taken(t *testing.T) {
	t.Helper()
	owner, err := backup.ReadOwner(w.Host.Backup.Dir)
	if err != nil || owner.ID != w.Here.ID || owner.Retired {
		t.Errorf("the owner is %+v, %v", owner, err)
	}
	if !w.active || !w.enabled || w.masked || len(w.paused) > 0 {
		t.Errorf("active %v, enabled %v, masked %v, paused %v", w.active, w.enabled, w.masked, w.paused)
	}
	pending, aside := w.texts(t)
	if len(pending) != 1 || !slices.Equal(aside, []string{"it failed"}) {
		t.Fatalf("pending %q, set aside %q", pending, aside)
	}
	var from, to time.Time
	for name, at := range map[string]*time.Time{"state of ": &from, "here since ": &to} {
		_, text, _ := strings.Cut(strings.ReplaceAll(pending[0], `\`, ""), name)
		if *at, err = time.Parse("2006-01-02 15:04:05", text[:min(len(text), 19)]); err != nil {
			t.Fatal(err)
		}
	}
	missed := fmt.Sprintf("hourly: %d ticks", to.Truncate(10*time.Minute).Sub(from.Truncate(10*time.Minute))/(10*time.Minute))
	for _, part := range []string{"taken over from alpha", missed, "lost: under way on alpha", "run running", "failure of hourly", "notify flush \\--set\\-aside"} {
		if !strings.Contains(pending[0], part) && !strings.Contains(strings.ReplaceAll(pending[0], `\`, ""), strings.ReplaceAll(part, `\`, "")) {
			t.Errorf("the report lacks %q: %s", part, pending[0])
		}
	}
}

// TestKilledTakeover kills a takeover before each of its effects. Nothing runs then
// that has no owner, and the same command completes it.
func TestKilledTakeover(t *testing.T) {
	t.Parallel()
	for killed := 0; ; killed++ {
		shared := t.TempDir()
		a, b := newWorld(t, "alpha", shared), newWorld(t, "beta", shared)
		a.alive(t)
		o := Options{Source: shared, OldHostIsOff: true}
		b.left = killed
		_, err := b.takeOver(t, o)
		if err == nil {
			b.left = -1
			b.taken(t)
			if killed < 7 {
				t.Errorf("only %d effects", killed)
			}
			break
		}
		if !errors.Is(err, errKilled) && !strings.Contains(err.Error(), "waits: killed") {
			t.Fatal(err)
		}
		if owner, err := backup.ReadOwner(shared); b.active && (err != nil || owner.ID != b.Here.ID) {
			t.Errorf("killed at %d: it runs the jobs of %+v", killed, owner)
		}
		b.left = -1
		p, err := b.takeOver(t, o)
		if err != nil || p.Refusal != "" {
			t.Fatalf("killed at %d: %+v, %v", killed, p, err)
		}
		b.taken(t)
	}
}

// TestThereAndBack: a host dies, comes back and is refused; then the planned way.
func TestThereAndBack(t *testing.T) {
	t.Parallel()
	shared := t.TempDir()
	a, b := newWorld(t, "alpha", shared), newWorld(t, "beta", shared)
	a.alive(t)
	if p, _ := b.takeOver(t, Options{Source: shared}); !strings.Contains(p.Refusal, "alpha may still run") {
		t.Fatalf("taken over from a host that may run: %+v", p)
	}
	if _, err := b.takeOver(t, Options{Source: shared, OldHostIsOff: true}); err != nil {
		t.Fatal(err)
	}
	b.taken(t)
	if p, _ := a.takeOver(t, Options{Source: shared}); !strings.Contains(p.Refusal, "beta may still run") {
		t.Errorf("taken back from a host that runs: %+v", p)
	}
	for killed := 0; ; killed++ { // each time a little further
		b.left = killed
		err := b.Retire(t.Context(), Retirement{})
		if err == nil {
			break
		}
		if !errors.Is(err, errKilled) {
			t.Fatal(err)
		}
	}
	b.left = -1
	if b.active || b.enabled || !b.masked || b.paused["hourly"] != "montimer retire" {
		t.Errorf("retired: active %v, enabled %v, masked %v, paused %v", b.active, b.enabled, b.masked, b.paused)
	}
	p, err := a.takeOver(t, Options{Source: shared})
	if err != nil || !strings.HasPrefix(p.Proof, "retired at") {
		t.Fatalf("%+v, %v", p, err)
	}
	if pending, aside := a.texts(t); len(pending) != 1 || len(aside) != 2 || !strings.Contains(pending[0], "taken over from beta") {
		t.Errorf("pending %q, set aside %q", pending, aside)
	}
	if err := b.Retire(t.Context(), Retirement{}); err == nil || !strings.Contains(err.Error(), "alpha") {
		t.Errorf("retired although another host runs the jobs: %v", err)
	}
}

// TestRetireToFile: without a shared directory, the last backup proves that the host
// is off; it needs a place.
func TestRetireToFile(t *testing.T) {
	t.Parallel()
	a, b := newWorld(t, "alpha", t.TempDir()), newWorld(t, "beta", "")
	a.alive(t)
	a.Host.Backup = montimer.Backup{}
	if err := a.Retire(t.Context(), Retirement{}); err == nil || !strings.Contains(err.Error(), "montimer retire FILE") {
		t.Fatalf("retired to nowhere: %v", err)
	}
	if !a.active {
		t.Error("stopped, although there is no place for the backup")
	}
	file := filepath.Join(t.TempDir(), "last.db")
	if err := a.Retire(t.Context(), Retirement{To: file}); err != nil {
		t.Fatal(err)
	}
	p, err := b.takeOver(t, Options{Source: file})
	if err != nil || !strings.Contains(p.Proof, "by its last backup") || !b.active {
		t.Errorf("%+v, %v, active %v", p, err, b.active)
	}
}

// TestDamagedBackups: the newest whole backup counts, and a damaged database of this
// host is no obstacle.
func TestDamagedBackups(t *testing.T) {
	t.Parallel()
	shared := t.TempDir()
	a, b := newWorld(t, "alpha", shared), newWorld(t, "beta", shared)
	a.alive(t)
	for _, path := range []string{filepath.Join(shared, backup.Name(time.Now())), filepath.Join(b.Host.StateDir, store.FileName)} {
		if err := os.WriteFile(path, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if p, err := b.takeOver(t, Options{Source: shared, OldHostIsOff: true}); err != nil || p.Refusal != "" {
		t.Fatalf("%+v, %v", p, err)
	}
	b.taken(t)
	if !strings.Contains(fmt.Sprint(b.said), store.FileName+".before-") {
		t.Errorf("said %q", b.said)
	}
}
