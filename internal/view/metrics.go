package view

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/montimer/montimer"
)

// Build is the program that wrote the metrics.
type Build struct{ Version, Commit string }

// Metrics returns the overview and the counters in the text format of Prometheus
// (https://prometheus.io/docs/instrumenting/exposition_formats/). Each profile has
// a sample of each metric, unless what it says could not be read.
func Metrics(v Overview, tallies []Tally, b Build) string {
	m := metrics{instance: v.Instance}
	profiles := slices.SortedFunc(slices.Values(v.Profiles), func(a, b Profile) int { return cmp.Compare(a.Name, b.Name) })
	tallies = slices.SortedFunc(slices.Values(tallies), func(a, b Tally) int { return cmp.Compare(a.Profile, b.Profile) })
	m.gauge("montimer_build_info", "The montimer that wrote this; always 1.")
	m.sample(1, "version", b.Version, "commit", b.Commit)
	m.gauge("montimer_generated_timestamp_seconds", "When this was written.")
	m.sample(unix(v.At))
	m.gauge("montimer_needs_attention", "Whether a person has to do something, as montimer status says: 1 or 0.")
	m.sample(bit(v.Attention))
	m.gauge("montimer_not_seen", "How many sources could not be read; montimer status names them.")
	m.sample(float64(len(v.NotSeen)))

	if v.backup != nil {
		m.gauge("montimer_backup_last_success_timestamp_seconds", "When the last good backup of the database was made; 0: never. Absent where the host makes none.")
		m.sample(unix(v.backup.OK))
	}
	for _, g := range profileGauges {
		m.gauge(g.name, g.help)
		for _, p := range profiles {
			if value, known := g.value(p); known {
				m.sample(value, "profile", p.Name)
			}
		}
	}
	m.family("montimer_runs_total", "counter", "Runs that have ended since the beginning of the month (UTC), by state.")
	for _, t := range tallies {
		for _, state := range Ended {
			m.sample(float64(t.Runs[state]), "profile", t.Profile, "state", string(state))
		}
	}
	m.family("montimer_ticks_missed_total", "counter",
		"Ticks without a run since the beginning of the month (UTC), by reason; one counts when the next tick of its profile is over.")
	for _, t := range tallies {
		for _, state := range NoRun {
			m.sample(float64(t.Missed[state]), "profile", t.Profile, "reason", string(state))
		}
	}

	if slices.ContainsFunc(profiles, func(p Profile) bool { return !p.Recorded }) {
		return m.String() // the database could not be read, which has the outbox too
	}
	m.gauge("montimer_outbox_pending", "Alerts that have not been sent.")
	m.sample(float64(v.Outbox.Pending))
	m.gauge("montimer_outbox_oldest_timestamp_seconds", "When the oldest alert was made that has not been sent; 0: none.")
	m.sample(unix(v.Outbox.Oldest))
	return m.String()
}

// profileGauges are the metrics of each profile; known is false where the value
// could not be read, and 0 would be wrong.
var profileGauges = []struct {
	name, help string
	value      func(Profile) (value float64, known bool)
}{
	{"montimer_profile_overdue", "Whether a tick is over and nothing has run, or the timer will never elapse: 1 or 0; 0 while paused or disabled.",
		func(p Profile) (float64, bool) { return bit(p.IsOverdue()), p.Judged }},
	{"montimer_profile_failing_since_timestamp_seconds", "Start of the first of the failed runs in a row; 0: the last run did not fail.",
		func(p Profile) (float64, bool) { return unix(p.Since), p.Recorded }},
	{"montimer_profile_last_run_timestamp_seconds", "Start of the last run, which may be under way; 0: never.",
		func(p Profile) (float64, bool) {
			if p.Last == nil {
				return 0, p.Recorded
			}
			return unix(p.Last.Started), p.Recorded
		}},
	{"montimer_profile_last_success_timestamp_seconds", "Start of the last good run by the timer; 0: never.",
		func(p Profile) (float64, bool) { return unix(p.LastGood), p.Recorded }},
	{"montimer_profile_last_duration_seconds", "Duration of the last run, so far if it is under way; 0: never.",
		func(p Profile) (float64, bool) {
			if p.Last == nil {
				return 0, p.Recorded
			}
			return p.Last.Seconds, p.Recorded
		}},
	{"montimer_profile_next_run_timestamp_seconds", "When the timer elapses next, as systemd has it loaded; 0: never, or after the run that is under way.",
		func(p Profile) (float64, bool) { return unix(p.Next), p.Loaded }},
	{"montimer_profile_paused", "Whether the profile is paused: 1 or 0.",
		func(p Profile) (float64, bool) { return bit(p.Pause != nil), true }},
}

// metrics is text in the making.
type metrics struct {
	strings.Builder
	instance montimer.Instance
	name     string // of the family that the samples belong to
}

func (m *metrics) gauge(name, help string) { m.family(name, "gauge", help) }

// family begins a metric. What help and kind say must not depend on the host:
// several instances may have a file each, which node_exporter joins.
func (m *metrics) family(name, kind, help string) {
	m.name = name
	fmt.Fprintf(m, "# HELP %s %s\n# TYPE %[1]s %[3]s\n", name, help, kind)
}

// sample adds a sample with labels, each a name and a value.
func (m *metrics) sample(value float64, labels ...string) {
	if m.instance != "" { // "instance" is the scraped target's
		labels = append(labels, "montimer_instance", string(m.instance))
	}
	m.WriteString(m.name)
	for i := 0; i < len(labels); i += 2 {
		m.WriteByte("{,"[min(i, 1)])
		fmt.Fprintf(m, `%s="%s"`, labels[i], labelEscaper.Replace(strings.ToValidUTF8(labels[i+1], "\uFFFD")))
	}
	if len(labels) > 0 {
		m.WriteByte('}')
	}
	fmt.Fprintf(m, " %s\n", strconv.FormatFloat(value, 'f', -1, 64))
}

var labelEscaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// unix returns a time as a number of seconds; the zero time is 0.
func unix(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMicro()) / 1e6
}

func bit(set bool) float64 {
	if set {
		return 1
	}
	return 0
}
