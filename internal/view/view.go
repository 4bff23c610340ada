// Package view is the read model of a host: what every command, page and metric
// that shows its state renders, so that they cannot disagree. It decides, and
// has no side effects.
//
// Read view.go (what is shown), then facts.go (what it is made from), profile.go
// (the state of one profile) and verdict.go (whether a person is needed).
package view

import (
	"time"

	"github.com/montimer/montimer"
)

// Overview is the state of a host.
type Overview struct {
	Instance  montimer.Instance `json:"instance,omitzero"`
	Host      string            `json:"host"`
	Version   string            `json:"version"` // of montimer
	At        time.Time         `json:"at"`
	Verdict   string            `json:"verdict"`
	Attention bool              `json:"needs_attention"` // a person is needed
	Profiles  []Profile         `json:"profiles"`        // the worst first, then by name
	Findings  []Finding         `json:"findings"`        // about the host as a whole
	Outbox    Outbox            `json:"outbox"`
	Checkout  *Checkout         `json:"checkout,omitzero"` // absent: it has never been synced
	NotSeen   []string          `json:"not_seen"`          // what could not be read, and why

	backup *Backup
}

// ProfileState is what an operator has to know of a profile first.
type ProfileState string

// The states, the worst first. Those before Slow need a person.
const (
	Failing     ProfileState = "failing"      // its last runs failed
	Lost        ProfileState = "lost"         // its last run died
	Overdue     ProfileState = "overdue"      // a tick is over and nothing ran
	Stopped     ProfileState = "stopped"      // its timer is not active
	Masked      ProfileState = "masked"       // its timer or service is masked
	Refused     ProfileState = "refused"      // systemd cannot load its timer
	NotCompiled ProfileState = "not_compiled" // it is in jobs.yaml and has no timer
	Slow        ProfileState = "slow"         // it takes far longer than it used to
	Unseen      ProfileState = "unknown"      // the database could not be read
	Paused      ProfileState = "paused"
	Running     ProfileState = "running"
	New         ProfileState = "new" // it has not run yet
	OK          ProfileState = "ok"
	Disabled    ProfileState = "disabled"
)

// states has the order.
var states = []ProfileState{Failing, Lost, Overdue, Stopped, Masked, Refused, NotCompiled, Slow, Unseen, Paused, Running, New, OK, Disabled}

// NeedsPerson reports whether somebody has to do something about a profile.
func (s ProfileState) NeedsPerson() bool {
	switch s {
	case Failing, Lost, Overdue, Stopped, Masked, Refused, NotCompiled:
		return true
	}
	return false
}

// Profile is the state of one profile. Absent times are not known, or never.
type Profile struct {
	Name     string       `json:"profile"`
	State    ProfileState `json:"state"`
	Note     string       `json:"note"` // why, in a few words, and the command that fixes it
	Schedule string       `json:"schedule"`
	Last     *Run         `json:"last_run,omitzero"`
	LastGood time.Time    `json:"last_good,omitzero"`
	Since    time.Time    `json:"failing_since,omitzero"`
	Failed   int          `json:"failed_runs"`
	FirstBad string       `json:"first_bad_commit,omitzero"`
	Next     time.Time    `json:"next,omitzero"` // as systemd has it loaded
	Missed   int          `json:"missed"`        // ticks since the last run
	Overdue  time.Time    `json:"overdue_since,omitzero"`
	Fix      string       `json:"-"`                    // why it is blocked, with the command that changes that
	Behind   bool         `json:"behind"`               // its timer is not the one that jobs.yaml asks for
	Blocked  ProfileState `json:"blocked,omitzero"`     // it will never be started: stopped, masked, refused or not_compiled
	Typical  float64      `json:"p95_seconds,omitzero"` // of the good runs of 30 days, where the last run was long
	Pause    *Pause       `json:"paused,omitzero"`
	DropIns  []string     `json:"drop_ins,omitempty"`

	// What could be read: its runs, its timer, and enough of both to say whether a
	// run is missing.
	Recorded, Loaded, Judged bool `json:"-"`
}

// Run is one run.
type Run struct {
	ID        string             `json:"run"`
	Profile   string             `json:"profile,omitzero"`
	State     montimer.RunState  `json:"state"`
	Trigger   montimer.Trigger   `json:"trigger"`
	Scheduled time.Time          `json:"scheduled,omitzero"`
	Started   time.Time          `json:"started"`
	Ended     time.Time          `json:"ended,omitzero"`
	Seconds   float64            `json:"duration_seconds"`
	Skip      montimer.SkipCause `json:"skipped,omitzero"`
	Reason    string             `json:"reason,omitzero"`
	Commit    string             `json:"commit,omitzero"`
	Host      string             `json:"host,omitzero"`
	Tasks     []Task             `json:"tasks,omitempty"`  // of a failed run those that failed; of a run by itself all
	Log       string             `json:"log,omitzero"`     // the command that shows its log
	Journal   string             `json:"journal,omitzero"` // the same with journalctl
}

// Task is the result of one task.
type Task struct {
	Name     string              `json:"task"`
	Status   montimer.TaskStatus `json:"status"`
	ExitCode int                 `json:"exit_code"`
	Error    string              `json:"error,omitzero"`
	Attempts int                 `json:"attempts"`
	Started  time.Time           `json:"started,omitzero"`
	Seconds  float64             `json:"duration_seconds"`
	Stdout   string              `json:"stdout_tail,omitzero"`
	Stderr   string              `json:"stderr_tail,omitzero"`
	LeftOut  int64               `json:"left_out_bytes,omitzero"`
}

// Tasks returns what is shown of tasks.
func Tasks(runs []montimer.TaskRun) (all []Task) {
	for _, t := range runs {
		all = append(all, Task{
			t.Name, t.Status, t.ExitCode, t.Error, t.Attempts, t.Started.UTC(), t.Duration.Seconds(), t.StdoutTail, t.StderrTail, t.LeftOut,
		})
	}
	return all
}

// Pause is a pause in force.
type Pause struct {
	Until  time.Time `json:"until"`
	Reason string    `json:"reason"`
	By     string    `json:"by"`
}

// Finding is something about the host that an operator has to know.
type Finding struct {
	ID        string      `json:"id,omitzero"`     // of the check that found it; it never changes
	Status    CheckStatus `json:"status,omitzero"` // of that check
	Text      string      `json:"text"`
	Why       string      `json:"why,omitzero"` // it matters, in one clause
	Fix       string      `json:"fix,omitzero"` // a command
	Attention bool        `json:"needs_attention"`
}

// String returns the finding with its fix.
func (f Finding) String() string {
	if f.Fix == "" {
		return f.Text
	}
	return f.Text + ": " + f.Fix
}

// Outbox is the alerts that wait.
type Outbox struct {
	Pending int       `json:"pending"`
	Oldest  time.Time `json:"oldest,omitzero"`
	Error   string    `json:"error,omitzero"` // of the last attempt
}

// Checkout is the working tree that the tasks run in.
type Checkout struct {
	Commit  string    `json:"commit"`
	Subject string    `json:"subject,omitzero"`
	Synced  time.Time `json:"synced,omitzero"` // the last good sync
}

// RunOf returns what is shown of a run.
func RunOf(r montimer.Run, now time.Time) *Run {
	if r.ID == "" {
		return nil
	}
	end := r.Ended
	if end.IsZero() {
		end = now
	}
	return &Run{
		ID: r.ID, State: r.State, Trigger: r.Trigger, Scheduled: r.Scheduled.UTC(), Started: r.Started.UTC(), Ended: r.Ended.UTC(),
		Seconds: max(0, end.Sub(r.Started).Seconds()), Skip: r.Skip, Reason: r.Reason, Commit: r.Commit, Host: r.Host,
	}
}

// UnknownError says that there is no such thing on this host, and what there is.
type UnknownError struct {
	Err   error
	Known []string // profiles
}

// Error returns the text of Err.
func (e *UnknownError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *UnknownError) Unwrap() error { return e.Err }
