// Package look reads the state of a host into the read model of package view: from
// systemd, the database, jobs.yaml, the unit directory and the pauses. It changes
// nothing, and needs no more rights than each of these asks for; what it may not
// read, it names.
//
// Read look.go (what is read, in which order), then database.go and history.go (the
// past), tally.go (counted), logs.go (the journal) and compare.go (another system).
package look

import (
	"context"
	"errors"
	"os"
	"slices"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/backup"
	"github.com/montimer/montimer/internal/drift"
	"github.com/montimer/montimer/internal/gitsync"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/hostcheck"
	"github.com/montimer/montimer/internal/jobs"
	"github.com/montimer/montimer/internal/jobsfile"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/internal/unitdir"
	"github.com/montimer/montimer/internal/view"
	"github.com/montimer/montimer/taskexec"
)

// Host reads the state of a host. units says for which host units are made.
// profile limits it to one; "": all. An error is that of a profile that neither
// jobs.yaml nor systemd knows.
func Host(ctx context.Context, h montimer.Host, units host.Source, profile string) (view.Facts, error) {
	f, _, err := read(ctx, h, units, profile, nil)
	return f, err
}

// read is Host, and calls more, if it is given, with the database while that is
// open. unread says why the database could not be read, which the facts also say.
func read(ctx context.Context, h montimer.Host, units host.Source, profile string, more func(*store.Store, view.Facts)) (_ view.Facts, unread, _ error) {
	now := time.Now()
	f := view.Facts{Instance: h.Instance, Now: now}
	f.Host, _ = os.Hostname()
	f.Version = montimer.Version()
	seen := func(what string, err error) {
		if err != nil {
			f.NotSeen = append(f.NotSeen, what+": "+err.Error())
		}
	}

	file, err := jobsfile.Read(ctx, h, jobsfile.Options{})
	seen("jobs.yaml", err)
	h.JobsFile = file.Path
	known := err == nil && !jobs.HasErrors(file.Diagnostics)
	if err == nil && !known {
		f.Findings = append(f.Findings, view.Finding{
			Text: "jobs.yaml has mistakes; runs use the last good copy", Fix: h.Instance.Command("compile --check"), Attention: true,
		})
	}
	if !known {
		file.Jobs = montimer.Jobs{}
	}
	if failed := addTimers(ctx, h, units, file, profile, &f); failed != nil {
		return f, nil, failed
	}
	unread = readDatabase(ctx, h.StateDir, &f, more)
	seen("the database", unread)
	f.Findings = append(f.Findings, unreadable(h, units, len(f.Profiles) > 0 && err != nil, unread)...)
	for _, p := range f.Profiles {
		if by := p.Incident.Last.Timetable; p.Timer != nil && by != "" && by != p.Timer.Digest() {
			p.Timer.Changed = systemd.Changed(ctx, h.Instance.Timer(p.Name))
		}
	}
	readSync(h, file.Jobs, &f)
	f.Findings = append(f.Findings, elsewhere(h)...)
	if h.Backup.Dir != "" {
		state, err := backup.ReadState(h.StateDir)
		seen("the backups", err)
		if err == nil {
			f.Backup = &view.Backup{OK: state.OK, Trouble: state.Trouble(h.Backup, now), New: state.None()}
		}
	}
	silent, ok := hostcheck.Silence(h, file.Jobs)
	if !ok {
		f.NotSeen = append(f.NotSeen, "whether alerts and heartbeats are sent: "+h.EnvFile+" is missing, or not readable by this user")
	}
	for _, text := range silent.Warnings {
		f.Findings = append(f.Findings, view.Finding{Text: text})
	}
	return f, unread, nil
}

// unreadable returns what keeps runs from working. Only the user of the tasks knows:
// what that user cannot read, they cannot either.
func unreadable(h montimer.Host, units host.Source, jobs bool, database error) (all []view.Finding) {
	if !jobs && database == nil {
		return nil
	}
	of, err := units.AsIs() // h has a user for root alone
	if id, ok := host.UserID(of.User); err != nil || !ok || int(id) != os.Geteuid() {
		return nil
	}
	if jobs {
		all = append(all, view.Finding{
			Text: "jobs.yaml cannot be read; runs use the last good copy", Fix: h.Instance.Command("compile --check"), Attention: true,
		})
	}
	if database != nil && !errors.Is(database, store.ErrBusy) {
		all = append(all, view.Finding{Text: "the database cannot be read", Fix: h.Instance.Command("db check"), Attention: true})
	}
	return all
}

// elsewhere says whether another host runs the jobs, where hosts share a directory of
// backups.
func elsewhere(h montimer.Host) []view.Finding {
	if h.Backup.Dir == "" {
		return nil
	}
	err := backup.Elsewhere(h.Backup.Dir)
	var other *backup.NotOwnerError
	switch {
	case errors.As(err, &other):
		return []view.Finding{{Text: "this host runs nothing: " + other.Error(), Fix: other.Fix(h.Instance), Attention: true}}
	case err != nil:
		return []view.Finding{{Text: "whether another host runs the jobs is not known: " + err.Error(), Fix: h.Instance.Command("doctor")}}
	}
	return nil
}

// readSync adds when the checkout was last synced, if anything is to sync it.
func readSync(h montimer.Host, j montimer.Jobs, f *view.Facts) {
	if !hostcheck.Syncs(h.Sync, j) {
		return
	}
	state := gitsync.ReadState(h.StateDir)
	f.Synced, f.SyncFails = state.OK, state.Page(h.Sync, f.Now)
	f.SyncedBy = hostcheck.SyncedBy(h.Sync, j, f.Now, time.Local)
}

// Timers reads what will start the profiles of a jobs.yaml, and those that only
// have units. It opens nothing of the user of the tasks.
func Timers(ctx context.Context, h montimer.Host, units host.Source, j montimer.Jobs) view.Facts {
	f := view.Facts{Instance: h.Instance, Now: time.Now()}
	_ = addTimers(ctx, h, units, jobsfile.File{Path: h.JobsFile, Jobs: j}, "", &f) // no profile is asked for
	return f
}

// addTimers adds the profiles that have units or are in jobs.yaml, or one of them,
// with their timers and pauses. The error is that of a profile that is neither.
func addTimers(ctx context.Context, h montimer.Host, source host.Source, file jobsfile.File, profile string, f *view.Facts) error {
	seen := func(what string, err error) {
		if err != nil {
			f.NotSeen = append(f.NotSeen, what+": "+err.Error())
		}
	}
	installed, err := unitdir.Read(h.UnitDir, h.Instance)
	seen("the unit directory", err)
	names := profiles(installed, file.Jobs)
	if profile != "" {
		if !slices.Contains(names, profile) {
			return &taskexec.UnknownError{Kind: "profile", Name: profile, Known: names}
		}
		names = []string{profile}
	}
	if len(file.Jobs.Profiles) > 0 && len(installed.Profiles()) > 0 {
		f.Lagging, err = lagging(source, file, h.UnitDir, installed)
		seen("whether the units follow jobs.yaml", err)
	}
	units, unasked := lookAt(ctx, h.Instance, names)
	seen("systemd", unasked)
	f.Target, f.Boot = units.Others[h.Instance.Target()].Active, units.Booted
	f.Profiles = make([]view.ProfileFacts, 0, len(names))
	for _, name := range names {
		p := view.ProfileFacts{Name: name}
		if in, ok := file.Jobs.Profile(name); ok {
			p.Jobs = &in
		}
		if unasked == nil {
			p.Timer = timerOf(name, h.Instance, units)
		}
		p.Pause, err = host.ReadPause(h.Instance.PauseDir(), name, f.Now)
		seen("pause of "+name, err)
		f.Profiles = append(f.Profiles, p)
	}
	return nil
}

// profiles names those that have units, or are to have some.
func profiles(installed unitdir.Installed, j montimer.Jobs) []string {
	names := installed.Profiles()
	for _, p := range j.Profiles {
		names = append(names, p.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// lagging names the units that do not follow jobs.yaml; installed are those of dir.
func lagging(units host.Source, file jobsfile.File, dir string, installed unitdir.Installed) ([]string, error) {
	h, err := units.ForUnits()
	if err != nil {
		return nil, err
	}
	h.JobsFile = file.Path
	if h.UnitDir != dir {
		return drift.Lagging(h, file.Jobs)
	}
	return drift.LaggingOf(h, file.Jobs, installed), nil
}

// lookAt asks systemd for the units of profiles and the target.
func lookAt(ctx context.Context, of montimer.Instance, profiles []string) (systemd.Seen, error) {
	timers, others := make([]string, len(profiles)), make([]string, len(profiles), len(profiles)+1)
	for i, p := range profiles {
		timers[i], others[i] = of.Timer(p), of.Service(p)
	}
	return systemd.Look(ctx, timers, append(others, of.Target()))
}

// timerOf returns the timer of a profile.
func timerOf(profile string, of montimer.Instance, seen systemd.Seen) *view.Timer {
	t := seen.Timers[of.Timer(profile)]
	return &view.Timer{
		Timetable: t.Timetable(), Load: t.Load, Active: t.Active, Sub: t.Sub, ServiceLoad: seen.Others[of.Service(profile)].Load,
		ActiveSince: t.Since, Next: t.Next, DropIns: t.DropIns,
	}
}
