package look

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/jobsfile"
	"github.com/montimer/montimer/internal/journal"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/unitdir"
	"github.com/montimer/montimer/internal/view"
	"github.com/montimer/montimer/taskexec"
)

// Logs calls show for each entry of the journal that is asked for, the oldest first,
// and returns how many there were and what is known where there is none. Those of a
// run that is followed end with the run; those of a profile with ctx. Without the
// settings of the host, h has its instance alone.
func Logs(ctx context.Context, h montimer.Host, ask view.LogAsk, show func(view.LogEntry) error) (shown int, none view.NoLog, err error) {
	none = view.NoLog{LogAsk: ask, Instance: h.Instance}
	j, err := journal.Inspect(ctx)
	if err != nil {
		return 0, none, err
	}
	none.Exists, none.Readable, none.Volatile, none.Begins = j.Exists, j.Readable, j.Volatile, j.Begins
	if ask.Follow && !j.Readable { // what can be seen would be less than it seems
		return 0, none, nil
	}
	count := func(e journal.Entry) error {
		shown++
		return show(logEntry(h.Instance, e))
	}
	switch {
	case ask.Run == "" && !ask.Failed:
		err = profileLog(ctx, h, ask, count)
	default:
		if ask.Run == "" {
			ask.Run, err = journal.LastFailed(ctx, h.Instance.Service(ask.Profile), ask.Since, ask.Until)
		}
		if err == nil && ask.Run != "" {
			none.Run = ask.Run
			err = runLog(ctx, h.Instance, ask, &none, count)
		}
	}
	if !j.Readable && shown == 0 { // which is why
		err = nil
	}
	return shown, none, err
}

// profileLog shows entries of a profile.
func profileLog(ctx context.Context, h montimer.Host, ask view.LogAsk, show func(journal.Entry) error) error {
	q := journal.Query{Units: h.Instance.Services(ask.Profile), Since: ask.Since, Until: ask.Until, Most: ask.Most, Follow: ask.Follow}
	if ask.Follow {
		any := false
		err := journal.Query{Units: q.Units, Most: 1}.Read(ctx, func(journal.Entry) error {
			any = true
			return nil
		})
		if err == nil && !any && h.UnitDir != "" {
			err = known(ctx, h, ask.Profile)
		}
		if err != nil {
			return err
		}
	}
	if ask.Task != "" {
		q.Tasks = []string{ask.Task}
	}
	return q.Read(ctx, show)
}

// runLog shows entries of a run, and notes what is known of it.
func runLog(ctx context.Context, of montimer.Instance, ask view.LogAsk, known *view.NoLog, show func(journal.Entry) error) (err error) {
	run := journal.Run{Invocation: ask.Run}
	if run.Unit, err = journal.UnitOf(ctx, of, ask.Run); err != nil || run.Unit == "" {
		return err
	}
	known.Profile = profileOf(of, run.Unit)
	known.Elsewhere = run.Unit != of.Service(known.Profile)
	wanted := func(e journal.Entry) bool { return ask.Task == "" || e.Task == ask.Task }
	if ask.Failed {
		tasks, failed, err := failures(ctx, run)
		if known.NoneFailed = !failed; err != nil || !failed {
			return err
		}
		wanted = func(e journal.Entry) bool { return e.Task == "" || slices.Contains(tasks, e.Task) }
	}
	if ask.Follow {
		_, err = journal.Watch(ctx, &journal.Reader{Run: run}, chosen(wanted, show), func(error) {})
		return err
	}
	return newest(ctx, run, ask.Most, wanted, show)
}

// known returns an error for a profile that has no units and is not in jobs.yaml.
func known(ctx context.Context, h montimer.Host, profile string) error {
	_, err := isKnown(ctx, h, profile)
	return err
}

// isKnown is known, and says why that cannot be told; "": it can.
func isKnown(ctx context.Context, h montimer.Host, profile string) (unseen string, err error) {
	installed, err := unitdir.Read(h.UnitDir, h.Instance)
	if err == nil && slices.Contains(installed.Profiles(), profile) {
		return "", nil
	}
	file, err := jobsfile.Read(ctx, h, jobsfile.Options{})
	if err == nil {
		err = file.Err(strings.Clone)
	}
	if err != nil {
		return err.Error(), nil
	}
	names := profiles(installed, file.Jobs)
	if slices.Contains(names, profile) {
		return "", nil
	}
	return "", &taskexec.UnknownError{Kind: "profile", Name: profile, Known: names}
}

// chosen calls show for the entries that are wanted.
func chosen(wanted func(journal.Entry) bool, show func(journal.Entry) error) func(journal.Entry) error {
	return func(e journal.Entry) error {
		if !wanted(e) {
			return nil
		}
		return show(e)
	}
}

// newest shows the newest entries of a run that are wanted; 0: all.
func newest(ctx context.Context, run journal.Run, most int, wanted func(journal.Entry) bool, show func(journal.Entry) error) error {
	r := journal.Reader{Run: run}
	if most == 0 {
		return r.Read(ctx, chosen(wanted, show))
	}
	var last []journal.Entry
	err := r.Read(ctx, chosen(wanted, func(e journal.Entry) error {
		if last = append(last, e); len(last) > most {
			last = slices.Delete(last, 0, 1)
		}
		return nil
	}))
	for _, e := range last {
		if err == nil {
			err = show(e)
		}
	}
	return err
}

// failures names the tasks of a run that failed, or did not end before it. failed
// is false where nothing went wrong.
func failures(ctx context.Context, run journal.Run) (tasks []string, failed bool, err error) {
	r := journal.Reader{Run: run}
	var open []string
	over := false
	err = r.Read(ctx, func(e journal.Entry) error {
		switch e.Event() {
		case taskexec.EventTaskStarted:
			open = append(open, e.Task)
		case taskexec.EventTaskEnded:
			open = slices.DeleteFunc(open, func(name string) bool { return name == e.Task })
			if montimer.TaskStatus(e.Result).IsFailure() {
				tasks = append(tasks, e.Task)
			}
		case taskexec.EventRunEnded:
			over = true
			failed = failed || e.Result != string(montimer.RunOK) && e.Result != string(montimer.RunSkipped)
		}
		return nil
	})
	result := r.Ending.Result
	if over || result != "" {
		tasks = append(tasks, open...)
	}
	return tasks, failed || len(tasks) > 0 || result != "" && result != "success", err
}

func logEntry(of montimer.Instance, e journal.Entry) view.LogEntry {
	return view.LogEntry{
		At: e.At, Profile: profileOf(of, e.Unit), Run: e.Invocation, Task: e.Task, Result: e.Result,
		Systemd: e.Manager, Priority: e.Priority, Message: string(e.Message),
	}
}

// profileOf returns the profile that one of its services is of.
func profileOf(of montimer.Instance, unit string) string {
	profile, _ := of.ProfileOf(unit)
	profile, _, _ = strings.Cut(profile, ":")
	return profile
}

// WhyNoLog adds what the database knows of a log without entries, and returns
// why it has none. The error is that of a profile that nothing knows.
func WhyNoLog(ctx context.Context, h montimer.Host, none view.NoLog) (string, error) {
	s, err := store.Open(ctx, h.StateDir, store.Options{ReadOnly: true, Instance: h.Instance})
	switch {
	case err == nil:
		none.Last, err = lastOf(ctx, s, none.LogAsk)
		s.Close()
	case errors.Is(err, fs.ErrNotExist): // nothing has run yet
		err = nil
	}
	if err != nil {
		none.NoRecord = fmt.Sprintf("the database: %v", err)
	}
	if none.Run == "" && none.Last.ID == "" {
		if err := known(ctx, h, none.Profile); err != nil {
			return "", err
		}
	}
	return none.Why(), nil
}

// lastOf returns the run that was asked for; of a profile the last one, or the last
// that failed. It is zero if there is none.
func lastOf(ctx context.Context, s *store.Store, ask view.LogAsk) (montimer.Run, error) {
	if ask.Run != "" {
		run, err := s.Run(ctx, ask.Run)
		if errors.Is(err, store.ErrNoRun) {
			err = nil
		}
		return run, err
	}
	f := store.Filter{Profile: ask.Profile, Limit: 1}
	if ask.Failed {
		f.State = montimer.RunFailed
	}
	runs, err := s.History(ctx, f)
	if len(runs) == 0 {
		return montimer.Run{}, err
	}
	return runs[0], err
}
