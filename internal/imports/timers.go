package imports

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/cron"
	"github.com/montimer/montimer/internal/unitfile"
)

// Timers imports timers with their services: the texts of unit files by their names,
// each followed by its drop-ins.
func Timers(units map[string]string, o Options) (Import, error) {
	p := newPlanner(o)
	var receipts []*Receipt
	for _, name := range slices.Sorted(maps.Keys(units)) {
		if !strings.HasSuffix(name, ".timer") {
			continue
		}
		t := timer{planner: p, units: units, name: name, Receipt: &Receipt{Source: name, Kind: Job, Result: Exact, By: "systemd"}}
		receipts = append(receipts, t.Receipt)
		t.read()
	}
	p.say("montimer starts runs on time (AccuracySec=1us), reports those that fail, and stops a task after its time-out")
	p.say("tasks are confined: for one, they cannot write home directories (docs/sandbox.md)")
	p.say("the old timers go on until they are disabled: systemctl disable --now NAME.timer")
	return p.finish(receipts)
}

// A timer is one that is being read.
type timer struct {
	*planner
	*Receipt
	units map[string]string
	name  string

	service    string
	calendars  []string
	spans      map[string]time.Duration // OnBootSec= and so on
	persistent bool
	fixed      bool
	profile    montimer.Profile

	user      string
	oneshot   bool
	lines     []programLine
	directory string
}

func (t *timer) read() {
	text := t.units[t.name]
	base := strings.TrimSuffix(t.name, ".timer")
	t.service, t.spans = base+".service", map[string]time.Duration{}
	switch {
	case unitfile.Generated(text):
		t.refuse("montimer has written it", "nothing is to be done")
		return
	case !utf8.ValidString(text):
		t.refuse("it is not UTF-8, as jobs.yaml is", "write it into jobs.yaml by hand")
		return
	}
	t.profile = montimer.Profile{Tasks: []montimer.Task{{}}}
	for d := range unitfile.Directives(text) {
		t.timerDirective(d)
	}
	service, ok := t.units[t.service]
	switch {
	case t.Result == Refused:
		return
	case strings.Contains(t.service, "@"):
		t.refuse(t.service+" is of a template", "write the command of the instance into a service, or into jobs.yaml by hand")
		return
	case !ok || !utf8.ValidString(service):
		t.refuse("there is no service "+t.service+" beside it", "import the directory that has both")
		return
	}
	for d := range unitfile.Directives(service) {
		t.serviceDirective(d)
	}
	if t.System {
		t.forUser(cmp.Or(t.user, "root")) // systemd.exec(5)
	}
	if t.Result != Refused && t.command() && t.schedule() {
		zone := ""
		if len(t.calendars) > 0 {
			zone = t.events()[0].Zone
		}
		t.profile.Name = t.planner.name(base)
		t.profile.Tasks[0].Name = taskName(base)
		t.plan(&job{receipt: t.Receipt, Profile: t.profile, before: t.before(), zone: zone})
	}
}

func isTrue(value string) bool {
	return slices.Contains([]string{"1", "yes", "y", "true", "t", "on"}, strings.ToLower(value))
}

// left says that a directive is not in jobs.yaml.
func (t *timer) left(d unitfile.Directive, hint string) {
	text := withoutSecrets(d.Key + "=" + d.Value)
	if hint != "" {
		hint = ": " + hint
	}
	t.differ("not imported: " + clip(text) + hint)
}

func (t *timer) timerDirective(d unitfile.Directive) {
	switch d.Section {
	case "Unit":
		t.unitDirective(d)
		return
	case "Install":
		if d.Key != "WantedBy" || d.Value != "timers.target" {
			t.left(d, "montimer.target starts all timers")
		}
		return
	case "Timer":
	default:
		return
	}
	switch d.Key {
	case "OnCalendar", "OnBootSec", "OnStartupSec", "OnActiveSec", "OnUnitActiveSec", "OnUnitInactiveSec":
		t.time(d)
	case "Persistent":
		t.persistent = isTrue(d.Value)
	case "FixedRandomDelay":
		t.fixed = isTrue(d.Value)
	case "RandomizedDelaySec":
		t.profile.Jitter = t.span(d)
	case "AccuracySec":
		if accuracy := t.span(d); accuracy > time.Minute {
			t.differ(fmt.Sprintf("AccuracySec=%s lets it start up to that much later; montimer starts it on time", d.Value))
		}
	case "Unit":
		t.service = d.Value
	case "WakeSystem":
		if isTrue(d.Value) {
			t.left(d, "montimer wakes no machine that sleeps")
		}
	case "RemainAfterElapse":
		if !isTrue(d.Value) {
			t.left(d, "")
		}
	case "OnClockChange", "OnTimezoneChange":
		if isTrue(d.Value) {
			t.left(d, "montimer has no run for that")
		}
	default:
		t.left(d, "")
	}
}

func (t *timer) unitDirective(d unitfile.Directive) {
	switch {
	case d.Key == "Description":
		t.profile.Description = cmp.Or(t.profile.Description, strings.Join(strings.Fields(d.Value), " "))
	case d.Key == "Documentation":
		t.note("its documentation: " + clip(d.Value))
	case strings.HasPrefix(d.Key, "Condition"), strings.HasPrefix(d.Key, "Assert"):
		t.left(d, "the task runs without it: write it into the command")
	case d.Value == "network-online.target" && slices.Contains([]string{"After", "Wants"}, d.Key): // all services have it
	case d.Key == "RefuseManualStart", d.Key == "DefaultDependencies":
		t.left(d, "")
	default:
		t.left(d, "the unit has what montimer gives it")
	}
}

// time takes a directive that says when.
func (t *timer) time(d unitfile.Directive) {
	t.Text = strings.TrimPrefix(t.Text+"; "+d.Key+"="+d.Value, "; ")
	switch {
	case d.Value == "": // resets all of them (systemd.timer(5))
		t.calendars = nil
		clear(t.spans)
	case d.Key == "OnCalendar":
		t.calendars = append(t.calendars, d.Value)
	default:
		if _, twice := t.spans[d.Key]; twice {
			t.left(d, "jobs.yaml has one interval")
			return
		}
		t.spans[d.Key] = t.span(d)
	}
}

func (t *timer) span(d unitfile.Directive) time.Duration {
	span, err := calendar.ParseSpan(d.Value)
	if err != nil {
		t.refuse(fmt.Sprintf("%s=%s: %v", d.Key, d.Value, err), "systemd ignores the line: take it out or correct it")
	}
	return span
}

func (t *timer) serviceDirective(d unitfile.Directive) {
	if d.Section == "Unit" {
		t.unitDirective(d)
		return
	}
	if d.Section != "Service" {
		return // nothing starts the service but its timer
	}
	switch d.Key {
	case "Type":
		if t.oneshot = d.Value == "oneshot"; !slices.Contains([]string{"oneshot", "simple", "exec"}, d.Value) {
			t.left(d, "a run ends when its tasks have")
		}
	case "ExecStart", "ExecStartPre", "ExecStartPost":
		t.exec(d)
	case "User":
		t.user = d.Value
	case "WorkingDirectory":
		t.directory = d.Value
	case "Environment":
		t.environment(d)
	case "EnvironmentFile":
		t.left(d, "write its variables into "+t.EnvFile)
	case "TimeoutStartSec", "TimeoutSec":
		t.timeout(d, t.oneshot)
	case "RuntimeMaxSec":
		t.timeout(d, !t.oneshot)
	case "StandardOutput", "StandardError":
		if d.Value != "journal" && d.Value != "inherit" {
			t.left(d, "output is in the journal: montimer logs")
		}
	default:
		t.left(d, "")
	}
}

func (t *timer) timeout(d unitfile.Directive, counts bool) {
	span, err := calendar.ParseSpan(d.Value)
	switch {
	case d.Value == "infinity" || d.Value == "0":
	case counts && err == nil && span >= time.Second && span <= longestRun:
		t.profile.Tasks[0].Timeout = span
	default:
		t.left(d, "")
	}
}

// forUser judges as which user the service runs.
func (t *timer) forUser(user string) {
	switch {
	case user == t.User:
	case t.User == "":
		t.differ(fmt.Sprintf("it runs as %s here; montimer runs all tasks of an instance as one user, run_as of the host's settings: import with --user %s", user, user))
	default:
		t.refuse(fmt.Sprintf("it runs as %s, and the tasks of this jobs.yaml as %s", user, t.User),
			fmt.Sprintf("import it with --user %s for an instance with run_as: %s (docs/moving-in.md), or leave it where it is", user, user))
	}
}

// specifier returns those that are the same in jobs.yaml.
func (t *timer) specifier(c byte) (string, bool) {
	switch c {
	case 'n':
		return t.service, true
	case 'N', 'p':
		return strings.TrimSuffix(t.service, ".service"), true
	}
	return "", false
}

func (t *timer) environment(d unitfile.Directive) {
	words, err := splitWords(d.Value)
	if d.Value == "" {
		t.profile.Env = nil
	}
	for _, w := range words {
		text, bad := specifiers(w.text, t.specifier)
		name, value, ok := strings.Cut(text, "=")
		v := montimer.EnvVar{Name: name, Value: value}
		switch {
		case bad != nil || !ok || !validName(name):
			err = cmp.Or(bad, fmt.Errorf("%s is no assignment", clip(withoutSecrets(text))))
		case isSecret(v):
			t.differ(fmt.Sprintf("the value of %s looks like a secret, and is not in jobs.yaml: write %s=… into %s", name, name, t.EnvFile))
		default:
			t.profile.Env = set(t.profile.Env, v)
		}
	}
	if err != nil {
		t.refuse("Environment: "+err.Error(), "write the values out")
	}
}

func (t *timer) exec(d unitfile.Directive) {
	if d.Value == "" {
		t.lines = nil
		return
	}
	if hasSecret(d.Value) {
		t.refuse(d.Key+" has what looks like a secret, and jobs.yaml is for all to read",
			fmt.Sprintf("write NAME=… into %s, and ${NAME} in place of the secret", t.EnvFile))
		return
	}
	t.Text = strings.TrimPrefix(t.Text+"; "+d.Key+"="+d.Value, "; ")
	lines, err := programLines(d.Value, t.specifier)
	if err != nil {
		t.refuse(d.Key+": "+err.Error(), "write the command out, without specifiers")
		return
	}
	for _, l := range lines {
		if strings.Contains(l.prefixes, "@") {
			t.refuse(d.Key+" gives the program another name (@)", "write the command without")
		} else if l.prefixes != "" {
			t.differ(fmt.Sprintf("not imported: the prefix %s of %s: tasks have the rights of their user", l.prefixes, d.Key))
		}
	}
	if d.Key == "ExecStartPre" {
		lines = append(lines, t.lines...)
		t.lines = nil
	}
	t.lines = append(t.lines, lines...)
}

// command makes the command of the task.
func (t *timer) command() bool {
	if len(t.lines) == 0 {
		t.refuse(t.service+" has no ExecStart", "nothing is to be done")
		return false
	}
	directory := cmp.Or(strings.TrimPrefix(t.directory, "-"), "/") // systemd.exec(5)
	if l := t.lines[0]; len(t.lines) == 1 && !l.failing && l.argv != nil && t.directory == "" && anywhere(strings.Join(l.words, " ")) {
		t.profile.Tasks[0].Command.Argv = l.argv
		return true
	}
	var texts []string
	for _, l := range t.lines {
		texts = append(texts, l.text())
	}
	change := "cd " + shellQuoted(directory)
	if directory == "~" {
		change = "cd"
	} else if strings.Contains(directory, "%") {
		t.refuse("WorkingDirectory has a specifier", "write the directory out")
		return false
	}
	end := " && "
	if strings.HasPrefix(t.directory, "-") {
		end = "; "
	}
	t.profile.Tasks[0].Command.Shell = change + end + strings.Join(texts, " && ")
	return true
}

// schedule makes the schedule of the profile.
func (t *timer) schedule() bool {
	p := &t.profile
	period, inactive := t.spans["OnUnitActiveSec"], t.spans["OnUnitInactiveSec"]
	boot, started := cmp.Or(t.spans["OnBootSec"], t.spans["OnStartupSec"]), t.spans["OnActiveSec"]
	_, hasBoot := t.spans["OnBootSec"]
	_, hasStartup := t.spans["OnStartupSec"]
	switch {
	case len(t.calendars) > 0:
		return t.byCalendar()
	case period > 0 || inactive > 0:
		every := cmp.Or(period, inactive)
		p.Schedule = montimer.Schedule{Kind: montimer.ScheduleEvery, Source: []string{calendar.FormatSpan(every)}}
		switch {
		case 24*time.Hour%every == 0:
			t.differ(fmt.Sprintf("it runs every %s at fixed times of the day in UTC, not counted from the boot or the last run", calendar.FormatSpan(every)))
		case inactive > 0 && period == 0:
			t.differ("the interval counts from the beginning of the last run, not from its end")
		case boot != every || started != 0:
			t.differ(fmt.Sprintf("the first run is %s after the boot, not %s", calendar.FormatSpan(every), calendar.FormatSpan(cmp.Or(boot, started))))
		}
	case hasBoot || hasStartup:
		p.Schedule = montimer.Schedule{Kind: montimer.ScheduleCron, Source: []string{"@reboot"}, Dialect: string(cron.Crontab)}
		if boot > time.Second {
			t.differ(fmt.Sprintf("it runs at once after each boot, not %s later: sleep in the command, if it matters", calendar.FormatSpan(boot)))
		}
	default:
		t.refuse("it runs once after it was started, which jobs.yaml has not", "leave it, or write a schedule")
		return false
	}
	t.jitter(p.Jitter)
	return true
}

func (t *timer) byCalendar() bool {
	for key, span := range t.spans {
		t.differ(fmt.Sprintf("not imported: %s=%s: a profile has one kind of schedule; write another profile for it", key, calendar.FormatSpan(span)))
	}
	slices.Sort(t.Differences)
	t.profile.Schedule = montimer.Schedule{Kind: montimer.ScheduleCalendar, Source: t.calendars}
	t.profile.CatchUp = t.persistent
	for _, text := range t.calendars {
		if _, err := calendar.Parse(text); err != nil {
			t.refuse(fmt.Sprintf("OnCalendar=%s: %v", text, err), "systemd ignores the line: take it out or correct it")
			return false
		}
	}
	t.jitter(t.profile.Jitter)
	return true
}

// jitter judges a random delay.
func (t *timer) jitter(span time.Duration) {
	if span == 0 {
		return
	}
	shortest := 24 * time.Hour
	if gap, _, ok := calendar.Gaps(t.events(), t.Now, t.Location); ok {
		shortest = min(shortest, gap)
	}
	switch {
	case span >= shortest || t.profile.Schedule.Kind == montimer.ScheduleEvery:
		t.profile.Jitter = 0
		t.differ(fmt.Sprintf("not imported: RandomizedDelaySec=%s: a jitter must be shorter than the time between two runs, and at most 24h", calendar.FormatSpan(span)))
	case t.fixed:
		t.differ("the fixed random delay is another one: systemd makes it from the name of the unit")
	default:
		t.differ("the random delay is chosen once for all runs (jitter), and not for each run")
	}
}

// events returns the calendar events as the old timer has them.
func (t *timer) events() (all []calendar.Event) {
	for _, text := range t.calendars {
		if e, err := calendar.Parse(text); err == nil {
			all = append(all, e)
		}
	}
	return all
}

// before follows the old timer.
func (t *timer) before() follower {
	if len(t.calendars) == 0 {
		return nil
	}
	return elapses(t.events())
}
