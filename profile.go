package montimer

import (
	"encoding/hex"
	"time"

	"github.com/montimer/montimer/internal/calendar"
)

// Jobs is a whole jobs.yaml, checked, with every default filled in.
type Jobs struct {
	Profiles []Profile // in file order
	OnChange []OnChange
	Notify   NotifyPolicy
}

// Profile returns the profile of that name.
func (j Jobs) Profile(name string) (Profile, bool) {
	for _, p := range j.Profiles {
		if p.Name == name {
			return p, true
		}
	}
	return Profile{}, false
}

// OnChange is a command to run after a git sync that changed one of Paths.
type OnChange struct {
	Paths   []string
	Command Command
	Timeout time.Duration
}

// NotifyPolicy says how often a failing profile is reported.
type NotifyPolicy struct {
	After       int           // reported from so many failed runs in a row on; 0, 1: from the first
	RepeatEvery time.Duration // 0: at every failing run
	Recovery    bool          // also report the first good run after failures
	Report      ReportPeriod  // "": none
}

// ReportPeriod is how often there is a report of all runs, good ones included.
type ReportPeriod string

// The periods.
const (
	ReportDaily  ReportPeriod = "daily"
	ReportWeekly ReportPeriod = "weekly"
)

// Event says when a period ends, in the zone of the host.
func (p ReportPeriod) Event() calendar.Event {
	text := "08:00"
	if p == ReportWeekly {
		text = "Mon 08:00"
	}
	e, err := calendar.Parse(text)
	if err != nil {
		panic(err) // TestReportPeriod
	}
	return e
}

// mostReported is the longest time that one report covers.
const mostReported = 35 * 24 * time.Hour

// Window returns the time that the report covers which is due at now: up to the end
// of the last period, from the end of the last report on. If there has been none,
// or it is not known, the time is one period.
func (p ReportPeriod) Window(reported, now time.Time) (from, to time.Time) {
	to, _ = p.Event().Prev(now.Add(time.Microsecond), time.Local)
	if reported.Before(to.Add(-mostReported)) || !reported.Before(to) {
		return to.Add(-p.Length()), to
	}
	return reported, to
}

// Length is how long a period is, but for changes of the clock.
func (p ReportPeriod) Length() time.Duration {
	if p == ReportWeekly {
		return 7 * 24 * time.Hour
	}
	return 24 * time.Hour
}

// Overlap says what happens to a tick that comes while the profile still runs.
type Overlap string

// The two answers; OverlapSkip is the default.
const (
	OverlapSkip  Overlap = "skip"
	OverlapQueue Overlap = "queue"
)

// Profile is a schedule and an ordered list of tasks. Its name is the name of
// the systemd units made from it.
type Profile struct {
	Name          string
	Description   string
	Enabled       bool
	Schedule      Schedule
	CatchUp       bool          // run once, late, after ticks missed while the host was down or the timer off: Persistent=
	Jitter        time.Duration // RandomizedDelaySec=, the same at every tick
	Overlap       Overlap
	Timeout       time.Duration // of a whole run; 0: none
	Parallel      int           // tasks that may run at once, ≥ 1
	Heartbeat     string        // environment variable that holds the ping URL; "": none
	SyncBeforeRun bool
	Env           []EnvVar // over the environment of exec, in file order
	Tasks         []Task   // in file order, disabled ones included
}

// ValidProfileName reports whether a name can be that of a profile: part of the
// name of a unit or a file without any escaping. That is letters, digits, "_", "."
// and "-", at most 64 of them, the first a letter or a digit; and no id of a run,
// for which commands would take it.
func ValidProfileName(name string) bool {
	if IsRunID(name) {
		return false
	}
	for i := range len(name) {
		c := name[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case i > 0 && (c == '_' || c == '.' || c == '-'):
		default:
			return false
		}
	}
	return 0 < len(name) && len(name) <= 64
}

// IsRunID reports whether a word is the id of a run: 32 hexadecimal digits.
func IsRunID(word string) bool {
	raw, err := hex.DecodeString(word)
	return err == nil && len(raw) == 16
}

// EnabledTasks returns the tasks that a run executes, in file order.
func (p Profile) EnabledTasks() []Task {
	var tasks []Task
	for _, t := range p.Tasks {
		if t.Enabled {
			tasks = append(tasks, t)
		}
	}
	return tasks
}

// EnvVar is one environment variable for tasks.
type EnvVar struct{ Name, Value string }

// Arg is one entry of a task's args; it becomes the argument --Key=Value.
type Arg struct{ Key, Value string }

// Task is one command of a profile. Exactly one of Script and Command is set.
type Task struct {
	Name        string
	Enabled     bool
	Script      string   // relative to the checkout
	Interpreter []string // argv put before Script; nil: chosen by its file name
	Command     Command
	Args        []Arg
	Env         []EnvVar // over the profile's
	Workdir     string   // relative to the checkout; "": the checkout itself
	Timeout     time.Duration
	Retries     int // further attempts after a failed one
	RetryDelay  time.Duration
	After       []string // tasks that must have ended first, with any result
}

// Command is an argument vector or one line for the shell, never both.
type Command struct {
	Argv  []string
	Shell string // for sh -c
}

// IsZero reports whether no command is set.
func (c Command) IsZero() bool { return c.Shell == "" && len(c.Argv) == 0 }
