package look

import (
	"context"
	"encoding/hex"
	"fmt"
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
// notSeen says what could not be read.
func History(ctx context.Context, h montimer.Host, profile string, f view.Filter, boots []journal.Boot) (entries []view.Entry, more int, notSeen []string, err error) {
	now := time.Now()
	s, err := store.Open(ctx, h.StateDir, store.Options{ReadOnly: true})
	if err != nil {
		return nil, 0, nil, err
	}
	defer s.Close()
	runs, err := s.History(ctx, store.Filter{Profile: profile, Since: f.Since})
	if err != nil {
		return nil, 0, nil, err
	}
	tables, err := s.Timetables(ctx, profile, time.Local)
	if err != nil {
		return nil, 0, nil, err
	}
	proven, err := s.BootRuns(ctx, f.Since)
	if err != nil {
		return nil, 0, nil, err
	}
	up := timeline.Boots(joinBoots(boots, proven, now)...)
	of := map[string][]montimer.Run{}
	for i := len(runs) - 1; i >= 0; i-- { // the oldest first
		of[runs[i].Profile] = append(of[runs[i].Profile], runs[i])
	}
	for name := range tables {
		of[name] = append(of[name], []montimer.Run(nil)...)
	}
	if profile != "" && len(of[profile]) == 0 && tables[profile] == nil {
		return nil, 0, nil, fmt.Errorf("no run of profile %q is on record since %s; the profiles: %s",
			profile, f.Since.Local().Format(time.DateTime), h.Instance.Command("list"))
	}
	loaded, err := active(ctx, h.Instance, of)
	if err != nil {
		notSeen = append(notSeen, "systemd: "+err.Error())
	}
	for name, runs := range of {
		t := timeline.History{Timetables: tables[name], Runs: runs, Boots: up}
		if pause, err := host.PauseOfTicks(h.Instance.PauseDir(), h.StateDir, name, now); err == nil && !pause.Until.IsZero() {
			t.Pauses = []timeline.Pause{{Until: pause.Until}}
		}
		until := now
		if err == nil && !loaded[name] && len(runs) > 0 { // its timer is gone, perhaps for long
			until = runs[len(runs)-1].Started.Add(time.Microsecond)
		}
		entries = append(entries, view.Entries(name, timeline.Ticks(t, f.Since, until, now), runs, now)...)
	}
	whole := func(id string) (montimer.Run, error) { return s.Run(ctx, id) }
	if entries, more, err = f.Choose(entries, whole); err != nil {
		return nil, 0, nil, err
	}
	for _, e := range entries {
		if e.Run == nil || e.Run.State != montimer.RunFailed {
			continue
		}
		r, err := whole(e.Run.ID)
		if err != nil {
			return nil, 0, nil, err
		}
		e.Run.Tasks = view.Tasks(r.Failures())
	}
	return entries, more, notSeen, nil
}

// IsRun reports whether a word is the id of a run.
func IsRun(word string) bool {
	raw, err := hex.DecodeString(word)
	return err == nil && len(raw) == 16
}

// Run reads one run whole.
func Run(ctx context.Context, h montimer.Host, id string) (*view.Run, error) {
	s, err := store.Open(ctx, h.StateDir, store.Options{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	r, err := s.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	v := view.RunOf(r, time.Now())
	v.Profile, v.Tasks = r.Profile, view.Tasks(r.Tasks)
	v.Journal = journal.Of(h.Instance, r.Profile, r.ID).Command()
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
func active(ctx context.Context, of montimer.Instance, profiles map[string][]montimer.Run) (map[string]bool, error) {
	var names []string
	for name := range profiles {
		names = append(names, of.Timer(name))
	}
	states, err := systemd.Timers(ctx, names)
	loaded := map[string]bool{}
	for name := range profiles {
		loaded[name] = states[of.Timer(name)].Load != "not-found"
	}
	return loaded, err
}
