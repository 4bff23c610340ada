// Package takeover moves the right to run the jobs from one host to another: a host
// takes over the state of another one from a backup, or gives its own up.
//
// Read plan.go (whether a host may take over, and the steps: a pure function of
// [Facts]), then gap.go (what the report of the gap says), state.go (what is done as
// the user of the tasks, who owns the state), host.go (what root does) and retire.go
// (the other direction).
package takeover

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/backup"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/taskexec"
)

// Options are what the operator says.
type Options struct {
	Source       string // a backup, or a directory of backups
	From         string // the name of the old host; "": that of the owner, or of the last run
	OldHostIsOff bool
	ReplaceNewer bool // the database of this host may have runs after the backup
}

// Machine is a host that can run the jobs.
type Machine struct {
	Name string
	ID   string // see [backup.MachineID]
}

// State is what the user of the tasks sees of the backup and of this host's database.
type State struct {
	Dir    string        // the directory of backups; "": the source is a file without an owner beside it
	Backup string        // the path of the one to restore; "": there is none
	Wrong  []string      // why newer backups, or the one that was named, cannot be used
	Taken  time.Time     // when Backup was made, by its name; zero: its name does not say that
	Past   store.Past    // what Backup says of the old host
	Newest time.Time     // by its name, the newest of the directory, also if it is damaged
	Owner  *backup.Owner // of the directory; nil: it has none
	Unread string        // why the owner file cannot be read; "": it can, or there is none
	Home   *backup.Owner // of the directory for the backups of this host, if that is another one; nil: it has none

	Own    store.Past // what the database of this host says
	HasOwn bool       // there is one
	Marked bool       // it has the takeover of the owner file
}

// Facts is what a takeover is decided by.
type Facts struct {
	Options
	State
	Instance montimer.Instance
	Now      time.Time
	Here     Machine
	Active   bool          // the target of this host
	Running  []string      // services of this host that run
	Shortest time.Duration // the shortest time between two ticks of a profile; 0: not known
	Every    time.Duration // between backups
}

// Step is one step of a takeover. Each does nothing if it is done already, so that a
// takeover that was killed can be repeated.
type Step string

// The steps, in their order.
const (
	StepPause   Step = "pause"   // every profile, so that nothing can start
	StepStop    Step = "stop"    // the target of this host
	StepPrepare Step = "prepare" // the units, of which one makes the state directory
	StepRestore Step = "restore" // the backup; this host becomes the owner
	StepResume  Step = "resume"
	StepApply   Step = "apply" // the units, without catching up; the target is enabled and started
	StepReport  Step = "report"
)

// words say what a step will do.
var words = map[Step]string{
	StepPause:   "pause all profiles of this host",
	StepStop:    "disable and stop %s of this host, and wait for its runs",
	StepPrepare: "write the units; make the state directory",
	StepRestore: "restore %s; make this host the owner; record the runs under way as lost; set the waiting alerts aside",
	StepResume:  "end the pauses of retire and takeover",
	StepApply:   "apply the units without catching up on missed ticks; enable and start %s",
	StepReport:  "send one alert that names the missed ticks, the lost runs and the alerts that were set aside",
}

// Plan is what a takeover will do.
type Plan struct {
	Old   string    // the name of the old host; "": not known
	Proof string    // why the old host is off
	Steps []Step    // none: it is refused
	Since time.Time // when this host took over

	Refusal string // why there is no takeover; "": there is one
	Next    string // the command that goes on after a refusal
}

// Text says what will be done, a line for each step.
func (p Plan) Text(f Facts) (lines []string) {
	lines = append(lines, fmt.Sprintf("the old host%s is off: %s", named(p.Old), p.Proof))
	for _, step := range p.Steps {
		text := words[step]
		switch step {
		case StepRestore:
			text = fmt.Sprintf(text, f.Backup)
		case StepStop, StepApply:
			text = fmt.Sprintf(text, f.Instance.Target())
		}
		lines = append(lines, fmt.Sprintf("%-7s  %s", step, text))
	}
	return lines
}

// named returns a name after a blank.
func named(host string) string {
	if host == "" {
		return ""
	}
	return " " + host
}

// command returns the command of this takeover with more flags.
func (f Facts) command(flags ...string) string {
	given := []string{"takeover", taskexec.QuoteWord(f.Source)}
	if f.From != "" {
		given = append(given, "--from="+taskexec.QuoteWord(f.From))
	}
	if f.OldHostIsOff && !slices.Contains(flags, "--old-host-is-off") {
		given = append(given, "--old-host-is-off")
	}
	if f.ReplaceNewer && !slices.Contains(flags, "--replace-newer") {
		given = append(given, "--replace-newer")
	}
	return f.Instance.Command(strings.Join(append(given, flags...), " "))
}

// owns reports whether this host is the owner already.
func (f Facts) owns() bool { return f.Owner != nil && f.Owner.ID == f.Here.ID && !f.Owner.Retired }

// Decide returns the plan of a takeover.
func Decide(f Facts) Plan {
	p := Plan{Old: f.old()}
	if p.Refusal, p.Next = f.resumed(); p.Refusal != "" {
		return p
	}
	if f.owns() && f.Marked { // perhaps a takeover that was killed
		p.Proof, p.Since = fmt.Sprintf("this host took over at %s", clock(f.Owner.Since)), f.Owner.Since
		p.Steps = []Step{StepResume, StepApply, StepReport}
		return p
	}
	if p.Refusal, p.Next = f.unfit(p.Old); p.Refusal != "" {
		return p
	}
	if p.Proof, p.Refusal, p.Next = f.proof(p.Old); p.Refusal != "" {
		return p
	}
	p.Since = f.Now.UTC().Truncate(time.Second) // as the owner file has it
	p.Steps = []Step{StepPause, StepStop, StepPrepare, StepRestore, StepResume, StepApply, StepReport}
	if !f.Active {
		p.Steps = slices.DeleteFunc(p.Steps, func(s Step) bool { return s == StepStop })
	}
	return p
}

// old names the old host, as far as it is known.
func (f Facts) old() string {
	owner := ""
	if f.Owner != nil {
		owner = f.Owner.Host
	}
	return cmp.Or(f.From, owner, f.Past.Handover.Host, f.Past.Host)
}

// resumed says that this host runs the jobs already.
func (f Facts) resumed() (refusal, next string) {
	switch {
	case !f.owns() || f.Marked:
		return "", ""
	case f.Active:
		return fmt.Sprintf("this host runs the jobs already: %s is active, and %s names this host", f.Instance.Target(), backup.OwnerFile),
			f.Instance.Command("status")
	case f.HasOwn && !f.Own.Sign.Before(f.Past.Sign):
		return fmt.Sprintf("this host runs the jobs already: %s names it, and its database is no older than the backup", backup.OwnerFile),
			"systemctl start " + f.Instance.Target()
	}
	return "", ""
}

// unfit says why nothing can be taken over to this host.
func (f Facts) unfit(old string) (refusal, next string) {
	switch {
	case f.Backup == "":
		return "there is no backup to take over: " + strings.Join(f.Wrong, "; "), f.Instance.Command("takeover BACKUP")
	case f.From != "" && f.Owner != nil && f.Owner.Host != f.From:
		return fmt.Sprintf("%s is the directory of the host %s, not of %s", f.Dir, f.Owner.Host, f.From), f.named(f.Owner.Host).command()
	case f.From != "" && f.Owner == nil && f.Past.Host != "" && f.Past.Host != f.From:
		return fmt.Sprintf("%s is of the host %s, not of %s", f.Backup, f.Past.Host, f.From), f.named(f.Past.Host).command()
	case f.Home != nil && f.Home.ID != f.Here.ID && !f.Home.Retired && (f.Owner == nil || f.Owner.ID != f.Home.ID):
		return fmt.Sprintf("the directory for the backups of this host is that of the host %s, whose jobs would stop", f.Home.Host), f.Instance.Command("takeover BACKUP")
	case len(f.Running) > 0 && (!f.Active || f.Owner == nil): // else the ticks of this host do nothing, and end when the target stops
		return "runs of this host are under way: " + strings.Join(f.Running, ", "), "systemctl stop " + strings.Join(f.Running, " ")
	case f.Active && f.Owner == nil:
		return fmt.Sprintf("%s is active on this host: it runs jobs of its own", f.Instance.Target()), "systemctl stop " + f.Instance.Target()
	case f.HasOwn && f.Own.Sign.After(f.Past.Sign) && !f.ReplaceNewer:
		return fmt.Sprintf("the database of this host has a run at %s, after the last one of the backup (%s): it would be replaced, and kept beside the new one",
			clock(f.Own.Sign), clock(f.Past.Sign)), f.command("--replace-newer")
	}
	return "", ""
}

// named is f with another name of the old host.
func (f Facts) named(host string) Facts {
	f.From = host
	return f
}

// silence is how long the old host must have been silent to be off: two periods.
func (f Facts) silence() time.Duration { return 2 * max(f.Shortest, f.Every) }

// proof says why the old host is off, or why that is not known and which command goes
// on. Silence proves something only in a directory that the old host writes to.
func (f Facts) proof(old string) (proof, refusal, next string) {
	host := "the old host"
	if old != "" {
		host = "the host " + old
	}
	off := f.command("--old-host-is-off")
	switch {
	case f.Owner != nil && f.Owner.Retired:
		return fmt.Sprintf("retired at %s, by %s", clock(f.Owner.Since), filepath.Join(f.Dir, backup.OwnerFile)), "", ""
	case f.owns():
		return "it is this host, whose database is missing or older than the backup", "", ""
	case f.Owner == nil && f.Unread == "" && f.Past.Handover.Kind == store.Retired && !f.Past.Sign.After(f.Past.Handover.Since):
		return fmt.Sprintf("retired at %s, by its last backup", clock(f.Past.Handover.Since)), "", ""
	case f.OldHostIsOff:
		return "the operator says so (--old-host-is-off)", "", ""
	case f.Unread != "":
		return "", fmt.Sprintf("it is not known which host runs the jobs: %s. Make sure that %s is off", f.Unread, host), off
	case f.Owner == nil:
		return "", fmt.Sprintf("nothing says whether %s is off: there is no %s beside the backup. Retire it there (%s), or make sure that it is off", host, backup.OwnerFile, f.Instance.Command("retire")), off
	}
	sign, last := f.lastSign()
	switch quiet := f.Now.Sub(last); {
	case quiet < 0:
		return "", fmt.Sprintf("%s may still run: its last sign of life (%s) is in the future, at %s: one of the clocks is wrong. Make sure that it is off", host, sign, clock(last)), off
	case quiet <= f.silence():
		return "", fmt.Sprintf("%s may still run: its last sign of life (%s) was %s ago, at %s; silence counts as off after %s (two periods). Retire it there (%s), or make sure that it is off",
			host, sign, calendar.FormatSpan(quiet.Round(time.Second)), clock(last), calendar.FormatSpan(f.silence()), f.Instance.Command("retire")), off
	default:
		return fmt.Sprintf("its last sign of life (%s) was %s ago, at %s: more than two periods (%s)", sign, calendar.FormatSpan(quiet.Round(time.Second)), clock(last), calendar.FormatSpan(f.silence())), "", ""
	}
}

// lastSign returns the last sign of life of the old host, and when it was.
func (f Facts) lastSign() (sign string, at time.Time) {
	sign, at = "the owner file", f.Owner.Since
	for _, s := range []struct {
		sign string
		at   time.Time
	}{{"the newest backup", f.Newest}, {"its last run", f.Past.Sign}} {
		if s.at.After(at) {
			sign, at = s.sign, s.at
		}
	}
	return sign, at
}

// clock formats a time for people on two hosts.
func clock(t time.Time) string {
	if t.IsZero() {
		return "no known time"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}
