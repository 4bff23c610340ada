package montimer

import (
	"strings"
	"time"
)

// Trigger says what started a run.
type Trigger string

// The triggers.
const (
	TriggerTimer  Trigger = "timer"
	TriggerManual Trigger = "manual"
)

// RunState is the state of a run.
type RunState string

// The states of a run. A running one is lost if its profile's lock is free: its
// process died without recording a result.
const (
	RunRunning     RunState = "running"
	RunOK          RunState = "ok"
	RunFailed      RunState = "failed"
	RunInterrupted RunState = "interrupted"
	RunSkipped     RunState = "skipped"
	RunLost        RunState = "lost"
)

// SkipCause says why a run was skipped.
type SkipCause string

// The causes.
const (
	SkipPaused    SkipCause = "paused"
	SkipOverlap   SkipCause = "overlap" // the tick came during another run
	SkipNotDue    SkipCause = "not_due" // the timer started it for no tick, or for one that was missed
	SkipDisabled  SkipCause = "disabled"
	SkipElsewhere SkipCause = "elsewhere" // another host runs the jobs
)

// Run is one run of a profile.
type Run struct {
	ID        string
	Profile   string
	Trigger   Trigger
	Scheduled time.Time // of the tick that it serves; zero: not known
	// AlreadyServed says that an earlier run served the same tick: this one is
	// skipped, and the tick counts as served.
	AlreadyServed bool
	Attempt       int // 1, or more where the tick was served before
	Started       time.Time
	Ended         time.Time // zero while it runs
	State         RunState
	Skip          SkipCause // of a skipped run; "": not known
	Timetable     string    // the digest of the one that it was started by; "": not known
	Reason        string    // why it was skipped, lost or could not begin
	Commit        string    // of the checkout, as hexadecimal; "": not known
	Host          string    // the name of the machine; "": not known
	Tasks         []TaskRun
}

// Failures returns the failed tasks, in file order.
func (r Run) Failures() []TaskRun {
	var failures []TaskRun
	for _, t := range r.Tasks {
		if t.Status.IsFailure() {
			failures = append(failures, t)
		}
	}
	return failures
}

// TaskStatus says how a task ended.
type TaskStatus string

// IsFailure reports whether the status is a failure.
func (s TaskStatus) IsFailure() bool { return s != TaskOK && s != TaskSkipped }

// Words returns the status for messages.
func (s TaskStatus) Words() string { return strings.ReplaceAll(string(s), "_", " ") }

// Every status but OK and Skipped is a failure.
const (
	TaskOK          TaskStatus = "ok"
	TaskFailed      TaskStatus = "failed"       // ended with an exit code other than 0
	TaskKilled      TaskStatus = "killed"       // ended by a signal that was not ours
	TaskTimeout     TaskStatus = "timeout"      // stopped by us: out of time
	TaskInterrupted TaskStatus = "interrupted"  // stopped by us: the run was stopped
	TaskSpawnFailed TaskStatus = "spawn_failed" // never started
	TaskNotRun      TaskStatus = "not_run"      // the run ended before its turn
	TaskSkipped     TaskStatus = "skipped"      // dry run
)

// TaskRun is the result of one task in a run.
type TaskRun struct {
	Name       string
	Status     TaskStatus    // TaskNotRun: all other fields are zero
	ExitCode   int           // -S when ended by signal S, -1 when it never started
	Error      string        // why it never started
	Attempts   int           // the other fields are about the last
	Started    time.Time     // of the first attempt
	Duration   time.Duration // of all attempts and the waits between
	LeftOut    int64         // bytes of its output that were not passed on to the journal
	StdoutTail string        // its last 4 non-blank lines, at most 500 code points
	StderrTail string
}

// Tail returns the last lines to show for a task: those of stderr, or of
// stdout where stderr has none, or why it never started.
func (t TaskRun) Tail() string {
	switch {
	case t.StderrTail != "":
		return t.StderrTail
	case t.StdoutTail != "":
		return t.StdoutTail
	}
	return t.Error
}

// Commit is one change of the checkout.
type Commit struct {
	ID      string // hexadecimal
	Subject string // the first line of its message
}

// Incident is the state of a profile by the runs of its timer since the last
// good one. Runs by hand, skipped and interrupted ones neither begin nor end
// it.
type Incident struct {
	Count    int // runs that failed or were lost; 0: all is well
	First    Run // of them
	LastGood Run // the good run before; zero: none is known
	Reported Run // with its tasks; the last of them that an alert reported, or will; zero: none
	Last     Run // the run before this one, also a skipped one; zero: none is known
}
