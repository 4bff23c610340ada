package difftest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"
)

// endOfCalendar is when systemd stops looking for the next elapse.
var endOfCalendar = time.Date(2199, 12, 30, 0, 0, 0, 0, time.UTC)

// Analyze asks systemd-analyze for the first n elapses after base of each
// calendar event; those without a zone of their own are read in zone.
func Analyze(events []string, zone string, base time.Time, n int) (map[string]Fires, error) {
	fires := map[string]Fires{}
	for some := range slices.Chunk(events, 500) {
		cmd := exec.Command("systemd-analyze", append([]string{"calendar",
			"--base-time=" + base.UTC().Format("2006-01-02 15:04:05 UTC"),
			fmt.Sprintf("--iterations=%d", n), "--"}, some...)...)
		cmd.Env = append(os.Environ(), "TZ="+zone)
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Run(); err != nil {
			return nil, fmt.Errorf("systemd-analyze calendar: %w: %s", err, stderr.Bytes())
		}
		parsed := parseAnalysis(stdout.String(), n)
		if len(parsed) != len(some) {
			return nil, fmt.Errorf("systemd-analyze calendar: %d answers to %d events", len(parsed), len(some))
		}
		for i, event := range some {
			fires[event] = parsed[i]
		}
	}
	return fires, nil
}

// parseAnalysis reads the elapses of each event, which are the values that end
// in UTC: in another zone systemd-analyze prints them on a line of their own.
func parseAnalysis(output string, n int) []Fires {
	var all []Fires
	for line := range strings.Lines(output) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		if key == "Normalized form" {
			all = append(all, Fires{Until: endOfCalendar})
			continue
		}
		at, err := time.Parse("Mon 2006-01-02 15:04:05 UTC", value)
		if err != nil {
			continue
		}
		last := &all[len(all)-1]
		last.Times = append(last.Times, at)
		if len(last.Times) == n {
			last.Until = at.Add(1)
		}
	}
	return all
}

// Union is what a timer with all these calendar events does.
func Union(parts ...Fires) Fires {
	all := Fires{Until: endOfCalendar}
	for _, p := range parts {
		all.Times = append(all.Times, p.Times...)
		if p.Until.Before(all.Until) {
			all.Until = p.Until
		}
	}
	slices.SortFunc(all.Times, time.Time.Compare)
	all.Times = slices.CompactFunc(all.Times, time.Time.Equal)
	all.Times = all.before(all.Until)
	return all
}
