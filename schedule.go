package montimer

import (
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"github.com/montimer/montimer/internal/calendar"
)

// ScheduleKind names the key of jobs.yaml that a schedule was written with.
type ScheduleKind string

// The three ways to write a schedule.
const (
	ScheduleCron     ScheduleKind = "cron"
	ScheduleCalendar ScheduleKind = "calendar"
	ScheduleEvery    ScheduleKind = "every"
)

// Schedule says when a profile runs: at every elapse of any of Events, and
// where set at boot and after each interval. The zero value never runs.
type Schedule struct {
	Kind     ScheduleKind
	Source   []string // as written, one entry an expression
	Dialect  string   // of a cron schedule
	Timezone string   // IANA name that it is meant in; "": the host's local zone
	Words    string   // the meaning in words

	Events []calendar.Event // the OnCalendar= lines; each carries its own zone suffix, if any
	Boot   bool             // once after each boot: OnBootSec=
	Every  []time.Duration  // intervals, counted from boot and then from run to run: OnBootSec= and OnUnitActiveSec=
}

// Next returns the first calendar elapse after t. Events without a zone of
// their own are read in local. ok is false when there is none, as for a
// schedule that has only monotonic parts.
func (s Schedule) Next(t time.Time, local *time.Location) (next time.Time, ok bool) {
	return calendar.Next(s.Events, t, local)
}

// Timetable is the schedule of a profile as systemd had its timer loaded, which
// may differ from jobs.yaml.
type Timetable struct {
	Since   time.Time // when it came into force
	Events  []calendar.Event
	Local   *time.Location // of events without a zone
	Boot    bool           // once after each boot
	Every   time.Duration  // an interval, counted from run to run; 0: none
	Jitter  time.Duration
	CatchUp bool // a missed tick starts late
}

// Empty reports whether it has no ticks: systemd has not loaded the timer.
func (t Timetable) Empty() bool { return len(t.Events) == 0 && !t.Boot && t.Every == 0 }

// Calendar returns the events in normal form, one a line.
func (t Timetable) Calendar() string {
	lines := make([]string, len(t.Events))
	for i, e := range t.Events {
		lines[i] = e.String()
	}
	return strings.Join(lines, "\n")
}

// Digest identifies a timetable, whenever it came into force.
func (t Timetable) Digest() string {
	h := fnv.New64a()
	fmt.Fprintf(h, "%s\x00%s\x00%t %d %d %t", t.Calendar(), t.Local, t.Boot, t.Every, t.Jitter, t.CatchUp)
	return fmt.Sprintf("%016x", h.Sum64())
}

// Pause says until when the ticks of a profile are skipped.
type Pause struct {
	Since  time.Time `yaml:"-"` // when it was set; zero: not known
	Until  time.Time `yaml:"until"`
	Reason string    `yaml:"reason"`
	By     string    `yaml:"by"`
}

// String returns it as text for messages.
func (p Pause) String() string {
	return fmt.Sprintf("paused until %s: %s (%s)", p.Until.Local().Format("Mon 2006-01-02 15:04 MST"), p.Reason, p.By)
}
