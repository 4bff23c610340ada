package view

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/safetext"
)

// LogEntry is one entry of the journal.
type LogEntry struct {
	At       time.Time `json:"at"`
	Profile  string    `json:"profile"`
	Run      string    `json:"run,omitzero"`
	Task     string    `json:"task,omitzero"`
	Result   string    `json:"result,omitzero"` // how the task or the run ended
	Systemd  bool      `json:"from_systemd"`    // systemd itself says it, not a process of the run
	Priority int       `json:"priority"`        // as in syslog(3)
	Message  string    `json:"message"`
}

// Write writes the entry for people: each of its lines with its time.
func (e LogEntry) Write(w io.Writer) error {
	var b strings.Builder
	at := e.At.Local().Format(dayAndTime)
	for line := range strings.Lines(e.Message + "\n") {
		b.WriteString(at + " ")
		if e.Systemd {
			b.WriteString("systemd: ")
		}
		b.WriteString(safetext.String(strings.TrimSuffix(line, "\n")) + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// LogAsk says which entries of a journal are wanted.
type LogAsk struct {
	Profile, Run string // one of them
	Task         string // "": all
	Failed       bool   // only what concerns the tasks that failed; of a profile in the last run that did
	Since, Until time.Time
	Most         int // the newest so many; 0: all
	Follow       bool
}

// LogWords is a [LogAsk] in words.
type LogWords struct {
	What, Task, Since, Until string
	Failed, Follow           bool
	Most                     *int
}

// usualMost is how many entries of a profile are shown where nothing else says so;
// usualLast is that before following.
const (
	usualMost = 100
	usualLast = 10
)

// Ask reads the words.
func (w LogWords) Ask(now time.Time) (a LogAsk, err error) {
	a = LogAsk{Profile: w.What, Task: w.Task, Failed: w.Failed, Follow: w.Follow}
	if montimer.IsRunID(w.What) {
		a.Profile, a.Run = "", strings.ToLower(w.What)
	}
	for _, bound := range []struct {
		name, text string
		to         *time.Time
	}{{"--since", w.Since, &a.Since}, {"--until", w.Until, &a.Until}} {
		if bound.text == "" {
			continue
		}
		if a.Run != "" {
			return a, fmt.Errorf("%s selects entries of a profile: a run is shown whole", bound.name)
		}
		if *bound.to, err = pastTime(bound.text, now); err != nil {
			return a, fmt.Errorf("%s: %w", bound.name, err)
		}
	}
	switch {
	case w.Most != nil && *w.Most < 0:
		return a, fmt.Errorf("-n: %d is less than 0", *w.Most)
	case w.Follow && w.Failed:
		return a, errors.New("--follow shows what is to come, and --failed a run that has ended: use one of them")
	case w.Follow && w.Until != "":
		return a, errors.New("--follow has no end, and --until is one: use one of them")
	case w.Follow && w.Most != nil && a.Run != "":
		return a, errors.New("-n with --follow selects entries of a profile: a run is shown from its beginning")
	case w.Task != "" && w.Failed:
		return a, errors.New("--failed selects tasks, and --task is one: use one of them")
	case w.Most != nil:
		a.Most = *w.Most
	case a.Run != "" || a.Failed || w.Since != "" || w.Until != "":
	case w.Follow:
		a.Most = usualLast
	default:
		a.Most = usualMost
	}
	return a, nil
}

// NoLog is what is known of a log that has no entries.
type NoLog struct {
	LogAsk
	Instance   montimer.Instance
	Exists     bool // there is a journal of system services
	Readable   bool // by this process
	Volatile   bool // in memory only
	Begins     time.Time
	NoneFailed bool // the log of the run is there, and has no failure
	Elsewhere  bool // the run was one of single tasks by hand: its output went to a terminal

	Last     montimer.Run // the run that was asked for; of a profile its last one, or its last failed one
	NoRecord string       // why it is not known whether there is such a run
}

// Why says why there are no entries, with the command that leads on.
func (n NoLog) Why() string {
	what := n.Profile
	if n.Run != "" {
		what = "run " + n.Run
	}
	switch {
	case !n.Exists:
		return "there is no journal of system services on this host: journald is not running, or keeps nothing (journald.conf(5), Storage=)"
	case !n.Readable:
		return "the journal of system services is not readable by this user: sudo " + n.Instance.Command("logs "+cmp.Or(n.Run, n.Profile)) +
			", or join the group systemd-journal"
	case n.NoneFailed:
		return "nothing failed in " + what + ": " + n.Instance.Command("logs "+n.Run)
	}
	text := "the journal" + n.begins() + " has no entry of " + what
	if n.Failed && n.Run == "" {
		text = "the journal" + n.begins() + " has no failed run of " + what
	}
	if n.Task != "" {
		text += " of task " + fmt.Sprintf("%q", n.Task)
	}
	text += n.span()
	if n.NoRecord != "" {
		return text + "; whether there was a run is not known: " + n.NoRecord
	}
	return text + "; " + n.record()
}

// Partly says what the entries that were shown leave out.
func (n NoLog) Partly(shown int) string {
	switch {
	case shown == 0:
		return ""
	case n.Exists && !n.Readable:
		return "not seen: what systemd says of the runs, and what other users' processes log: sudo " + n.Instance.Command("logs "+cmp.Or(n.Run, n.Profile))
	case n.Elsewhere:
		return "the run was started by hand, and the terminal had its output: " + n.Instance.Command("history "+n.Run)
	case n.Most > 0 && shown >= n.Most && !n.Follow:
		return fmt.Sprintf("these are the newest %d entries: -n 0 shows all", shown)
	}
	return ""
}

// begins says since when the journal has entries.
func (n NoLog) begins() string {
	if n.Begins.IsZero() {
		return ""
	}
	text := ", which begins at " + n.Begins.Local().Format(time.DateTime)
	if n.Volatile {
		text += " and is kept in memory only (journald.conf(5), Storage=)"
	}
	return text + ","
}

// span says of which time entries were asked for.
func (n NoLog) span() (text string) {
	if !n.Since.IsZero() {
		text = " since " + n.Since.Local().Format(time.DateTime)
	}
	if !n.Until.IsZero() {
		text += " until " + n.Until.Local().Format(time.DateTime)
	}
	return text
}

// record says what the database has of it.
func (n NoLog) record() string {
	started := n.Last.Started.Local().Format(time.DateTime)
	history := n.Instance.Command("history " + n.Last.ID)
	switch {
	case n.Run != "" && n.Last.ID == "":
		return "no run with this ID is on record: " + n.Instance.Command("history")
	case n.Run != "" && n.Task != "":
		return "its tasks: " + history
	case n.Run != "" && n.Last.Started.Before(n.Begins):
		return "the run began earlier, at " + started + "; its tasks and the end of their output: " + history
	case n.Run != "" && n.Last.Trigger == montimer.TriggerManual:
		return "it was started by hand at " + started + ", and the terminal had its log; its tasks and the end of their output: " + history
	case n.Run != "":
		return "it began at " + started + "; its tasks and the end of their output: " + history
	case n.Last.ID == "" && n.Failed:
		return "no failed run is on record either"
	case n.Last.ID == "":
		return "it has not run yet: " + n.Instance.Command("status "+n.Profile)
	}
	return "its last run" + map[bool]string{true: " that failed"}[n.Failed] + " began at " + started + ": " + history
}
