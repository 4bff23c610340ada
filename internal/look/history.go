package look

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/journal"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/internal/timeline"
	"github.com/montimer/montimer/internal/view"
)

// History reads how the ticks and the runs ended of a profile, or of all
// ("") since a time. boots are those of the journal, which not everybody may read;
// notes say what could not be read.
func History(ctx context.Context, h montimer.Host, profile string, f view.Filter, boots []journal.Boot) (entries []view.Entry, more int, notes []string, err error) {
	return history(ctx, h, profile, f, boots, 0)
}

// history is History of at most so many runs, the newest before the end of the
// filter; 0: of all.
func history(ctx context.Context, h montimer.Host, profile string, f view.Filter, boots []journal.Boot, most int) (entries []view.Entry, more int, notes []string, err error) {
	now := time.Now()
	s, err := store.Open(ctx, h.StateDir, store.Options{ReadOnly: true, Instance: h.Instance})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, []string{"not seen: the database: there is none in " + h.StateDir + ": nothing has run yet"}, nil
	}
	if err != nil {
		return nil, 0, nil, err
	}
	defer closing(s, &err)
	past, err := readPast(ctx, s, profile, f.Since, f.Until, most)
	if err != nil {
		return nil, 0, nil, err
	}
	if profile != "" && len(past.runs[profile]) == 0 && past.tables[profile] == nil {
		if err := known(ctx, h, profile); err != nil {
			return nil, 0, nil, err
		}
	}
	err = past.each(ctx, h.Instance, boots, now, func(name string, t timeline.History, until time.Time) {
		t.Most = most
		of, note := entriesOf(name, t, f.Since, past.since, until, now)
		entries = append(entries, of...)
		if note != "" {
			notes = append(notes, "not seen: "+note)
		}
	})
	if err != nil {
		notes = append(notes, "not seen: systemd: "+err.Error())
	}
	found := map[string]bool{}
	if f.OfTasks() {
		err = s.EachTask(ctx, store.Filter{Profile: profile, Since: past.since, Until: past.until}, f.Task, func(id string, t montimer.TaskRun) { found[id] = found[id] || f.Finds(t) })
		if err != nil {
			return nil, 0, nil, err
		}
	}
	if entries, more = f.Choose(entries, found); len(entries) == 0 {
		notes = append(notes, f.Nothing(profile))
	}
	return entries, more, notes, addFailures(ctx, s, entries)
}

// entriesOf returns the history of one profile since a time, and which part is left
// out of what was asked for.
func entriesOf(profile string, t timeline.History, asked, since, until, now time.Time) (entries []view.Entry, note string) {
	ticks, all := timeline.Ticks(t, since, until, now)
	if all.After(asked) {
		note = tooMany(profile, asked, all)
		t.Runs = slices.DeleteFunc(slices.Clone(t.Runs), func(r montimer.Run) bool { return r.Started.Before(all) })
	}
	return view.Entries(profile, ticks, t.Runs, now), note
}

// tooMany says that the ticks of a profile are known only from a time on.
func tooMany(profile string, since, all time.Time) string {
	return fmt.Sprintf("%s before %s: it had too many runs or ticks since %s to judge all", profile, all.Local().Format(time.DateTime), since.Local().Format(time.DateTime))
}

// addFailures adds the failed tasks to the failed runs of entries.
func addFailures(ctx context.Context, s *store.Store, entries []view.Entry) error {
	var runs []*view.Run
	for _, e := range entries {
		if e.Run != nil {
			runs = append(runs, e.Run)
		}
	}
	return addFailed(ctx, s, runs)
}

// addFailed adds the failed tasks to the failed runs.
func addFailed(ctx context.Context, s *store.Store, runs []*view.Run) error {
	failed := map[string]*view.Run{}
	for _, r := range runs {
		if r.State == montimer.RunFailed {
			failed[r.ID] = r
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return s.EachTask(ctx, store.Filter{Runs: slices.Collect(maps.Keys(failed))}, "", func(id string, t montimer.TaskRun) {
		if t.Status.IsFailure() {
			failed[id].Tasks = append(failed[id].Tasks, view.Tasks([]montimer.TaskRun{t})...)
		}
	})
}

// past is what the database has of a time.
type past struct {
	since  time.Time                 // the beginning of the time
	until  time.Time                 // when the last of its runs had started; zero: it has all
	runs   map[string][]montimer.Run // by profile, the oldest first
	tables map[string][]montimer.Timetable
	boots  []store.BootRuns
}

// later is how many runs are read of what came after a time: a run may stand for a
// tick before it.
const later = 1000

// readPast reads what the database has since a time. With most it is at most so many
// runs of a profile that had started until another time, the newest, and later ones.
func readPast(ctx context.Context, s *store.Store, profile string, since, until time.Time, most int) (p past, err error) {
	p.since = since
	if most > 0 {
		runs, cut, err := s.Window(ctx, profile, since, until, most, later)
		if err != nil {
			return p, err
		}
		if cut {
			p.since = runs[0].Started
		}
		if len(runs) == most+later {
			p.until = runs[len(runs)-1].Started.Add(time.Microsecond)
		}
		p.runs = map[string][]montimer.Run{}
		if runs != nil {
			p.runs[profile] = runs
		}
	} else if p.runs, err = s.ByProfile(ctx, store.Filter{Profile: profile, Since: since}); err != nil {
		return p, err
	}
	if p.tables, err = s.Timetables(ctx, profile, time.Local); err != nil {
		return p, err
	}
	p.boots, err = s.BootRuns(ctx, p.since, p.until)
	return p, err
}

// each yields the profiles by name, each with what is known of it and until when
// it had ticks. An error says why the latter is not known; it is then now.
func (p past) each(ctx context.Context, of montimer.Instance, boots []journal.Boot, now time.Time, yield func(profile string, t timeline.History, until time.Time)) error {
	up := timeline.Boots(joinBoots(boots, p.boots, now)...)
	loaded, err := active(ctx, of, p.profiles())
	for _, name := range p.profiles() {
		t := timeline.History{Timetables: p.tables[name], Runs: p.runs[name], Boots: up}
		if pause, err := host.ReadPause(of.PauseDir(), name, now); err == nil && !pause.Until.IsZero() {
			t.Pauses = []timeline.Pause{{From: pause.Since, Until: pause.Until}}
		}
		until := now
		if err == nil && !loaded[name] && len(t.Runs) > 0 { // its timer is gone, perhaps for long
			until = t.Runs[len(t.Runs)-1].Started.Add(time.Microsecond)
		}
		yield(name, t, until)
	}
	return err
}

// profiles names those that have runs or a timetable.
func (p past) profiles() []string {
	names := slices.Concat(slices.Collect(maps.Keys(p.runs)), slices.Collect(maps.Keys(p.tables)))
	slices.Sort(names)
	return slices.Compact(names)
}

// Run reads one run whole.
func Run(ctx context.Context, h montimer.Host, id string) (run *view.Run, err error) {
	s, err := store.Open(ctx, h.StateDir, store.Options{ReadOnly: true, Instance: h.Instance})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no database in %s: nothing has run yet", h.StateDir)
	}
	if err != nil {
		return nil, err
	}
	defer closing(s, &err)
	r, err := s.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	v := view.RunOf(r, time.Now())
	v.Profile, v.Tasks = r.Profile, view.Tasks(r.Tasks)
	v.Journal, v.Log = journal.Of(h.Instance, r.Profile, r.ID).Command(), h.Instance.Command("logs "+r.ID)
	return v, nil
}

// joinBoots returns the boots by the journal and by the runs. The last one of the
// journal before another has ended; the present one lasts until now.
func joinBoots(listed []journal.Boot, proven []store.BootRuns, now time.Time) (all []timeline.Boot) {
	present := plainID(store.Now().Boot)
	for _, b := range listed {
		all = append(all, timeline.Boot{ID: b.ID, From: b.First, To: b.Last, ToIsEnd: b.ID != present})
	}
	for _, b := range proven {
		all = append(all, timeline.Boot{ID: plainID(b.Boot), From: b.From, To: b.To})
	}
	if at := store.Now(); present != "" {
		all = append(all, timeline.Boot{ID: present, From: now.Add(-at.Since), To: now})
	}
	return all
}

// plainID is a boot id as the journal writes it.
func plainID(id string) string { return strings.ReplaceAll(id, "-", "") }

// active says which profiles have a timer that systemd has loaded.
func active(ctx context.Context, of montimer.Instance, profiles []string) (map[string]bool, error) {
	names := make([]string, len(profiles))
	for i, name := range profiles {
		names[i] = of.Timer(name)
	}
	seen, err := systemd.Look(ctx, nil, names)
	loaded := map[string]bool{}
	for _, name := range profiles {
		loaded[name] = seen.Others[of.Timer(name)].Load != "not-found"
	}
	return loaded, err
}
