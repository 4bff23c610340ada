package difftest

import (
	"bytes"
	"cmp"
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
//
// systemd starts a process for each elapse of an event that names a zone, to set
// TZ there. So such an event is given without its zone to a systemd-analyze that
// has it in TZ: that costs a tenth.
func Analyze(events []string, zone string, base time.Time, n int) (map[string]Fires, error) {
	inZone := map[string][]string{} // by zone
	for _, event := range events {
		if i := strings.LastIndex(event, " "); i >= 0 && strings.Contains(event[i:], "/") && isZone(event[i+1:]) {
			inZone[event[i+1:]] = append(inZone[event[i+1:]], event[:i])
		} else {
			inZone[""] = append(inZone[""], event)
		}
	}
	fires := map[string]Fires{}
	for of, events := range inZone {
		suffix := ""
		if of != "" {
			suffix = " " + of
		}
		for some := range slices.Chunk(events, 500) {
			answers, err := analyze(some, cmp.Or(of, zone), base, n)
			if err != nil {
				return nil, err
			}
			for i, event := range some {
				fires[event+suffix] = answers[i]
			}
		}
	}
	return fires, nil
}

func isZone(name string) bool {
	_, err := time.LoadLocation(name)
	return err == nil
}

// analyze returns an answer for each event.
func analyze(events []string, zone string, base time.Time, n int) ([]Fires, error) {
	cmd := exec.Command("systemd-analyze", append([]string{"calendar",
		"--base-time=" + base.UTC().Format("2006-01-02 15:04:05 UTC"),
		fmt.Sprintf("--iterations=%d", n), "--"}, events...)...)
	cmd.Env = append(os.Environ(), "TZ="+zone)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("systemd-analyze calendar: %w: %s", err, stderr.Bytes())
	}
	parsed := parseAnalysis(stdout.String(), n)
	if len(parsed) != len(events) {
		return nil, fmt.Errorf("systemd-analyze calendar: %d answers to %d events", len(parsed), len(events))
	}
	return parsed, nil
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
