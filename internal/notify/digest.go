package notify

import (
	"fmt"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/telegram"
)

const (
	taskMark    = "❌ "
	warning     = "⚠️ "
	maxSubjects = 5
	maxSubject  = 100 // code points
)

// Author words alerts, in the first version of Telegram's Markdown. What a text
// begins with is what the tasks' own tools know of old; what else helps the
// reader comes after an empty line.
type Author struct {
	Host   string // name of this host
	Policy montimer.NotifyPolicy

	// Subjects returns the first lines of the messages of the commits after
	// from, up to to, the newest first; nil: not known.
	Subjects func(from, to string) []string
}

// Run returns the alert that tells of a run that has ended or is lost, nil when
// there is nothing to tell. A run by hand is told of by itself: it is no part
// of an incident.
func (a Author) Run(run montimer.Run, before Incident) *montimer.Alert {
	if run.Trigger == montimer.TriggerManual {
		before = Incident{LastGood: before.LastGood}
	}
	kind := occasion(run, before, a.Policy)
	alert := &montimer.Alert{Kind: kind, Profile: run.Profile, RunID: run.ID, Incident: before.First.ID}
	switch kind {
	case "":
		return nil
	case montimer.AlertPage:
		return a.Page(run.Profile, run.ID, run.Reason)
	case montimer.AlertRecovery:
		alert.Text = a.recovery(run, before)
		return alert
	}
	if before.Count == 0 {
		before.First, alert.Incident = run, run.ID
	}
	alert.First = before.Told.ID == ""
	alert.Text = a.failure(run, before)
	return alert
}

// Page returns an alert of montimer itself. While it waits to be sent, one of
// the same words takes its place.
func (a Author) Page(profile, runID, words string) *montimer.Alert {
	title := "montimer"
	if profile != "" {
		title += ": " + profile
	}
	lines := []string{heading(title), warning + telegram.Escape(words), "", a.host()}
	if runID != "" {
		lines = append(lines, journal(runID))
	}
	return &montimer.Alert{
		Kind: montimer.AlertPage, Profile: profile, RunID: runID, Incident: profile + ": " + words,
		Text: strings.Join(lines, "\n"),
	}
}

func (a Author) failure(run montimer.Run, before Incident) string {
	lines := []string{heading("automation: " + run.Profile)}
	if run.State == montimer.RunLost {
		lines = append(lines, taskMark+"lost: "+telegram.Escape(run.Reason))
	} else {
		lines = append(lines, "duration: "+seconds(run.Ended.Sub(run.Started)), counts(run))
		if run.Reason != "" {
			lines = append(lines, taskMark+telegram.Escape(run.Reason))
		}
	}
	for _, t := range run.Failures() {
		lines = append(lines, taskMark+"*"+telegram.Escape(t.Name)+"* ("+ending(t)+")")
		if tail := t.Tail(); tail != "" {
			lines = append(lines, fence, strings.ReplaceAll(tail, "`", "'"), fence)
		}
	}
	lines = append(lines, "", a.host(), due(run))
	if before.Count > 0 {
		lines = append(lines, fmt.Sprintf("failing: %d runs since %s", before.Count+1, stamp(before.First.Started)))
	}
	if good := before.LastGood; good.ID != "" {
		lines = append(lines, "last good: "+stamp(good.Started))
		lines = append(lines, a.commits(good.Commit, before.First.Commit)...)
	}
	return strings.Join(append(lines, where(run)), "\n")
}

func (a Author) recovery(run montimer.Run, before Incident) string {
	lasted := run.Started.Sub(before.First.Started).Round(time.Second)
	lines := []string{
		heading("automation: " + run.Profile),
		fmt.Sprintf("✅ well again after %s in %s", count(before.Count, "failed run"), lasted),
		counts(run),
	}
	if run.Reason != "" {
		lines = append(lines, warning+telegram.Escape(run.Reason))
	}
	lines = append(lines, "", a.host(), due(run), "failing since: "+stamp(before.First.Started), where(run))
	return strings.Join(lines, "\n")
}

// commits says what changed between the last good run and the first bad one.
func (a Author) commits(good, bad string) []string {
	switch {
	case good == "" || bad == "":
		return nil
	case good == bad:
		return []string{"commit: " + short(bad) + ", as in the last good run"}
	}
	lines := []string{"commits: " + short(good) + ".." + short(bad)}
	if a.Subjects == nil {
		return lines
	}
	subjects := a.Subjects(good, bad)
	for _, s := range subjects[:min(len(subjects), maxSubjects)] {
		if r := []rune(s); len(r) > maxSubject {
			s = string(r[:maxSubject]) + "…"
		}
		lines = append(lines, "- "+telegram.Escape(s))
	}
	if more := len(subjects) - maxSubjects; more > 0 {
		lines = append(lines, fmt.Sprintf("- and %d more", more))
	}
	return lines
}

func (a Author) host() string { return "host: " + telegram.Escape(a.Host) }

func heading(title string) string { return "*" + telegram.Escape(title) + "*" }

// counts sums the tasks up.
func counts(run montimer.Run) string {
	failed, notRun := 0, 0
	for _, t := range run.Failures() {
		if t.Status == montimer.TaskNotRun {
			notRun++
		} else {
			failed++
		}
	}
	if notRun > 0 {
		return fmt.Sprintf("tasks: %d (%d failed, %d not run)", len(run.Tasks), failed, notRun)
	}
	return fmt.Sprintf("tasks: %d (%d failed)", len(run.Tasks), failed)
}

// ending says how a task failed, in few words.
func ending(t montimer.TaskRun) string {
	how := fmt.Sprintf("exit %d", t.ExitCode)
	switch t.Status {
	case montimer.TaskNotRun:
		return string(t.Status)
	case montimer.TaskTimeout, montimer.TaskInterrupted:
		how = string(t.Status)
	}
	how += ", " + seconds(t.Duration)
	if t.Attempts > 1 {
		how += fmt.Sprintf(", %d attempts", t.Attempts)
	}
	return how
}

func due(run montimer.Run) string {
	switch {
	case run.Trigger == montimer.TriggerManual:
		return "by hand: " + stamp(run.Started)
	case run.Scheduled.IsZero():
		return "started: " + stamp(run.Started)
	}
	return "due: " + stamp(run.Scheduled)
}

// where says how to read all that the run has printed.
func where(run montimer.Run) string {
	if run.Trigger == montimer.TriggerManual {
		return "run: `" + run.ID + "`"
	}
	return journal(run.ID)
}

// journal is the command for a run of systemd's, whose id is that of the
// service's invocation: a field that nobody can forge.
func journal(runID string) string { return "`journalctl _SYSTEMD_INVOCATION_ID=" + runID + "`" }

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func seconds(d time.Duration) string { return fmt.Sprintf("%.1fs", d.Seconds()) }

func short(commit string) string { return commit[:min(len(commit), 10)] }

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
