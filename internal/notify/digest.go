package notify

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/internal/telegram"
)

const (
	taskMark    = "❌ "
	warning     = "⚠️ "
	maxSubjects = 5
	maxSubject  = 100 // code points

	maxTails = 32_000 // UTF-16 units of the failures that are shown with what they printed
	maxNames = 8_000  // of those after that, of which the names alone are shown
)

// Formatter writes alerts, in the first version of Telegram's Markdown. The
// beginning of a text has the form that the tasks' own tools parse; what else
// helps the reader comes after an empty line.
type Formatter struct {
	Host     string // name of this host
	Instance montimer.Instance
	Policy   montimer.NotifyPolicy

	// PublicURL is the address of the page that shows runs; "": alerts link to none.
	PublicURL string

	// Redact hides secrets; nil: there are none.
	Redact func(string) string
	// Subjects returns the first lines of the messages of the commits after
	// from, up to to, the newest first; nil: not known.
	Subjects func(from, to string) []string
}

// text returns s escaped, without its secrets: these are looked for before the
// escaping.
func (f Formatter) text(s string) string { return telegram.Escape(f.clean(s)) }

// clean returns text without its secrets and with control characters and
// bidirectional marks as escapes, line by line: a message is also shown in
// terminals.
func (f Formatter) clean(s string) string {
	if f.Redact != nil {
		s = f.Redact(s)
	}
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = safetext.String(strings.TrimSuffix(line, "\r"))
	}
	return strings.Join(lines, "\n")
}

// Run returns the alert that reports a run that has ended or is lost, nil when
// there is nothing to report. A run by hand is part of no incident.
func (f Formatter) Run(run montimer.Run, before montimer.Incident) *montimer.Alert {
	if run.Trigger == montimer.TriggerManual {
		before = montimer.Incident{LastGood: before.LastGood}
	}
	kind := alertKind(run, before, f.Policy)
	alert := &montimer.Alert{Kind: kind, Profile: run.Profile, RunID: run.ID, Incident: before.First.ID}
	switch kind {
	case "":
		return nil
	case montimer.AlertPage:
		return f.Page(run.Profile, run.ID, run.Reason)
	case montimer.AlertRecovery:
		alert.Text = f.recovery(run, before)
		return alert
	}
	if before.Count == 0 {
		before.First, alert.Incident = run, run.ID
	}
	alert.First = before.Reported.ID == ""
	alert.Text = f.failure(run, before)
	return alert
}

// Page returns an alert of montimer itself. While it is pending, a later one of
// the same words replaces it.
func (f Formatter) Page(profile, runID, words string) *montimer.Alert {
	title := "montimer"
	if of := f.Instance.Of(profile); of != "" {
		title += ": " + of
	}
	words = f.clean(words)
	lines := []string{telegram.Bold(title), warning + telegram.Escape(words), "", f.host()}
	if runID != "" {
		lines = append(lines, f.log(runID))
	}
	return &montimer.Alert{
		Kind: montimer.AlertPage, Profile: profile, RunID: runID, Incident: profile + ": " + words,
		Text: strings.Join(lines, "\n"),
	}
}

// Report returns an alert of lines without markup, below a title.
func (f Formatter) Report(title string, lines []string) *montimer.Alert {
	all := []string{telegram.Bold(cmp.Or(f.Instance.Of(""), "montimer") + ": " + title)}
	for _, line := range lines {
		all = append(all, f.text(line))
	}
	return &montimer.Alert{Kind: montimer.AlertReport, Text: strings.Join(append(all, "", f.host()), "\n")}
}

func (f Formatter) failure(run montimer.Run, before montimer.Incident) string {
	lost := run.State == montimer.RunLost
	var lines []string
	if lost {
		lines = append(lines, telegram.Bold("automation: "+f.Instance.Of(run.Profile)), taskMark+"lost: "+f.text(run.Reason))
	} else {
		lines = append(lines, oldBold("automation: "+f.Instance.Of(run.Profile)), "duration: "+seconds(max(0, run.Ended.Sub(run.Started))), counts(run))
		if run.Reason != "" {
			lines = append(lines, taskMark+f.text(run.Reason))
		}
	}
	bold := oldBold
	if lost {
		bold = telegram.Bold
	}
	lines = append(lines, f.failures(run.Failures(), bold)...)
	lines = append(lines, "", f.host(), due(run))
	if before.Count > 0 {
		lines = append(lines, fmt.Sprintf("failing: %d runs since %s", before.Count+1, stamp(before.First.Started)))
	}
	if good := before.LastGood; good.ID != "" {
		lines = append(lines, "last good: "+stamp(good.Started))
		lines = append(lines, f.commits(good.Commit, before.First.Commit)...)
	}
	return strings.Join(append(lines, f.where(run)), "\n")
}

// failures lists tasks with what they printed last; the later ones of very many
// by name alone, and of more than that only how many there are.
func (f Formatter) failures(failed []montimer.TaskRun, bold func(string) string) (lines []string) {
	room := maxTails
	for i, t := range failed {
		if room <= 0 {
			return append(lines, f.names(failed[i:])...)
		}
		lines = append(lines, taskMark+bold(f.clean(t.Name))+" ("+ending(t)+")")
		if tail := f.clean(t.Tail()); tail != "" {
			lines = append(lines, fence, strings.ReplaceAll(tail, "`", "'"), fence)
			room -= units(tail)
		}
		room -= units(t.Name) + len("❌ ** (exit 1, 0.0s)\n```\n\n```\n")
	}
	return lines
}

// names lists tasks in lines that a message can be cut between.
func (f Formatter) names(failed []montimer.TaskRun) (lines []string) {
	room := maxNames
	for len(failed) > 0 && room > 0 {
		line := ""
		for len(failed) > 0 && len(line) < 500 {
			if line != "" {
				line += ", "
			}
			line += f.clean(failed[0].Name)
			failed = failed[1:]
		}
		lines = append(lines, taskMark+"and: "+telegram.Escape(line))
		room -= units(line)
	}
	if len(failed) > 0 {
		lines = append(lines, fmt.Sprintf("%sand %d more: the journal has all", taskMark, len(failed)))
	}
	return lines
}

func (f Formatter) recovery(run montimer.Run, before montimer.Incident) string {
	well := "✅ recovered after " + count(before.Count, "failed run")
	if lasted := run.Started.Sub(before.First.Started).Round(time.Second); lasted > 0 { // else the clock was set back
		well += " in " + lasted.String()
	}
	lines := []string{telegram.Bold("automation: " + f.Instance.Of(run.Profile)), well, counts(run)}
	if run.Reason != "" {
		lines = append(lines, warning+f.text(run.Reason))
	}
	lines = append(lines, "", f.host(), due(run), "failing since: "+stamp(before.First.Started), f.where(run))
	return strings.Join(lines, "\n")
}

// commits says what changed between the last good run and the first bad one.
func (f Formatter) commits(good, bad string) []string {
	switch {
	case good == "" || bad == "":
		return nil
	case good == bad:
		return []string{"commit: " + short(bad) + ", as in the last good run"}
	}
	lines := []string{"commits: " + short(good) + ".." + short(bad)}
	if f.Subjects == nil {
		return lines
	}
	subjects := f.Subjects(good, bad)
	for _, s := range subjects[:min(len(subjects), maxSubjects)] {
		if r := []rune(s); len(r) > maxSubject {
			s = string(r[:maxSubject]) + "…"
		}
		lines = append(lines, "- "+f.text(s))
	}
	if more := len(subjects) - maxSubjects; more > 0 {
		lines = append(lines, fmt.Sprintf("- and %d more", more))
	}
	return lines
}

func (f Formatter) host() string { return "host: " + telegram.Escape(f.Host) }

// oldEscaper is what the tasks' own tools escape with.
var oldEscaper = strings.NewReplacer(`\`, `\\`, `_`, `\_`, `*`, `\*`, "`", "\\`", `[`, `\[`)

// oldBold is bold as the first lines of a digest have always been. Telegram shows
// its backslashes, and other programs know these lines.
func oldBold(s string) string { return "*" + oldEscaper.Replace(s) + "*" }

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
		return t.Status.Words()
	case montimer.TaskTimeout, montimer.TaskInterrupted:
		how = t.Status.Words()
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

// where says how to read the whole output of the run.
func (f Formatter) where(run montimer.Run) string {
	if run.Trigger == montimer.TriggerManual {
		return "run: `" + run.ID + "`" + f.link(run.ID)
	}
	return f.log(run.ID)
}

func (f Formatter) log(runID string) string {
	return "`" + f.Instance.Command("logs "+runID) + "`" + f.link(runID)
}

// link is a line with the address of a run's page, which Telegram makes a link.
func (f Formatter) link(runID string) string {
	if f.PublicURL == "" {
		return ""
	}
	return "\n" + telegram.Escape(f.PublicURL+"/runs/"+runID)
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

func seconds(d time.Duration) string { return fmt.Sprintf("%.1fs", d.Seconds()) }

func short(commit string) string { return commit[:min(len(commit), 10)] }

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
