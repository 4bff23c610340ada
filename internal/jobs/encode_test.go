package jobs

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/cron"
)

// Encode writes jobs as a jobs.yaml that Decode reads back as the same. What
// is a built-in default is left out.
func Encode(jobs montimer.Jobs) []byte {
	var e encoder
	e.sync(jobs.OnChange)
	e.notify(jobs.Notify)
	e.line(0, "profiles:")
	for _, p := range jobs.Profiles {
		e.profile(p)
	}
	return []byte(e.String())
}

// An encoder writes lines of YAML.
type encoder struct{ strings.Builder }

func (e *encoder) line(indent int, format string, args ...any) {
	e.WriteString(strings.Repeat("  ", indent))
	fmt.Fprintf(e, format, args...)
	e.WriteByte('\n')
}

// text, span and flag write a key, unless its value is the default.
func (e *encoder) text(indent int, key, value, byDefault string) {
	if value != byDefault {
		e.line(indent, "%s: %s", key, encodeText(value))
	}
}

func (e *encoder) span(indent int, key string, value, byDefault time.Duration) {
	e.text(indent, key, calendar.FormatSpan(value), calendar.FormatSpan(byDefault))
}

func (e *encoder) flag(indent int, key string, value, byDefault bool) {
	if value != byDefault {
		e.line(indent, "%s: %t", key, value)
	}
}

func (e *encoder) number(indent int, key string, value, byDefault int) {
	if value != byDefault {
		e.line(indent, "%s: %d", key, value)
	}
}

// list writes a key with a list; one text alone if bare says so.
func (e *encoder) list(indent int, key string, values []string, bare bool) {
	switch {
	case len(values) == 0:
	case len(values) == 1 && bare:
		e.line(indent, "%s: %s", key, encodeText(values[0]))
	default:
		var items []string
		for _, v := range values {
			items = append(items, encodeText(v))
		}
		e.line(indent, "%s: [%s]", key, strings.Join(items, ", "))
	}
}

func (e *encoder) command(indent int, c montimer.Command) {
	e.text(indent, "command", c.Shell, "")
	e.list(indent, "command", c.Argv, false)
}

func (e *encoder) env(indent int, vars []montimer.EnvVar) {
	if len(vars) > 0 {
		e.line(indent, "env:")
	}
	for _, v := range vars {
		e.line(indent+1, "%s: %s", encodeText(v.Name), strconv.Quote(v.Value))
	}
}

func (e *encoder) sync(commands []montimer.OnChange) {
	if len(commands) == 0 {
		return
	}
	e.line(0, "sync:")
	e.line(1, "on_change:")
	for _, c := range commands {
		e.line(2, "-")
		e.list(3, "paths", c.Paths, false)
		e.command(3, c.Command)
		e.span(3, "timeout", c.Timeout, taskTimeout)
	}
}

func (e *encoder) notify(n montimer.NotifyPolicy) {
	if n.After <= 1 && n.RepeatEvery == 0 && n.Recovery && n.Report == "" {
		return
	}
	e.line(0, "notify:")
	e.number(1, "after", max(1, n.After), 1)
	e.span(1, "repeat_every", n.RepeatEvery, 0)
	e.flag(1, "recovery", n.Recovery, true)
	e.text(1, "report", string(n.Report), "")
}

func (e *encoder) profile(p montimer.Profile) {
	const in = 2
	e.line(1, "%s:", encodeText(p.Name))
	e.list(in, string(p.Schedule.Kind), p.Schedule.Source, true)
	if p.Schedule.Kind == montimer.ScheduleCron {
		e.text(in, "cron_dialect", p.Schedule.Dialect, string(cron.Supercronic))
	}
	if p.Schedule.Kind != montimer.ScheduleEvery {
		e.text(in, "timezone", p.Schedule.Timezone, "")
	}
	e.text(in, "description", p.Description, "")
	e.flag(in, "enabled", p.Enabled, true)
	e.flag(in, "sync_before_run", p.SyncBeforeRun, false)
	e.flag(in, "catch_up", p.CatchUp, true)
	e.span(in, "jitter", p.Jitter, 0)
	e.text(in, "overlap", string(p.Overlap), string(montimer.OverlapSkip))
	e.span(in, "timeout", p.Timeout, 0)
	e.number(in, "parallel", p.Parallel, 1)
	e.text(in, "heartbeat", p.Heartbeat, "")
	e.env(in, p.Env)
	if len(p.Tasks) > 0 {
		e.line(in, "tasks:")
	}
	for _, t := range p.Tasks {
		e.task(t)
	}
}

func (e *encoder) task(t montimer.Task) {
	const in = 4
	e.line(in-1, "- name: %s", encodeText(t.Name))
	e.text(in, "script", t.Script, "")
	e.list(in, "interpreter", t.Interpreter, false)
	e.command(in, t.Command)
	if len(t.Args) > 0 {
		e.line(in, "args:")
	}
	for _, a := range t.Args {
		e.line(in+1, "%s: %s", encodeText(a.Key), strconv.Quote(a.Value))
	}
	e.env(in, t.Env)
	e.flag(in, "enabled", t.Enabled, true)
	e.text(in, "workdir", t.Workdir, "")
	e.span(in, "timeout", t.Timeout, taskTimeout)
	e.number(in, "retries", t.Retries, 0)
	e.span(in, "retry_delay", t.RetryDelay, retryDelay)
	e.list(in, "after", t.After, false)
}

// encodeText writes s plain where that is surely text, else in quotes. The
// escapes of Go's string literals are among those of YAML.
func encodeText(s string) string {
	plain := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_./-", r)
	}
	letter := s != "" && (s[0]|0x20 >= 'a' && s[0]|0x20 <= 'z')
	if letter && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 && resolvePlain(s).kind == kindText {
		return s
	}
	return strconv.Quote(s)
}
