package imports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/unitfile"
)

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
