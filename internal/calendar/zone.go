package calendar

import (
	"strings"
	"time"
)

// cutZone splits a time zone off the end of s. What is no known zone stays.
func cutZone(s string) (rest, zone string) {
	i := strings.LastIndexByte(s, ' ')
	if i < 0 {
		return s, ""
	}
	name := s[i+1:]
	if strings.EqualFold(name, "UTC") {
		return s[:i], "UTC"
	}
	if plausibleZone(name) {
		if _, err := time.LoadLocation(name); err == nil {
			return s[:i], name
		}
	}
	return s, ""
}

// plausibleZone keeps from time.LoadLocation what systemd refuses unseen, and
// what has no letter and so is a date or a time.
func plausibleZone(name string) bool {
	if name == "" || name == "Local" || len(name) > 255 || name[0] == '/' ||
		strings.HasSuffix(name, "/") || strings.Contains(name, "//") {
		return false
	}
	letter := false
	for _, c := range []byte(name) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z':
			letter = true
		case '0' <= c && c <= '9', c == '-', c == '_', c == '+', c == '/':
		default:
			return false
		}
	}
	return letter
}

// eachIn calls f for events with the zone that each is read in, but not for
// those of an unknown zone: they never elapse.
func eachIn(events []Event, local *time.Location, f func(e *Event, zone *time.Location)) {
	var zone *time.Location
	var err error
	for i := range events {
		e := &events[i]
		if i == 0 || e.Zone != events[i-1].Zone { // loading one takes its time
			zone, err = e.location(local)
		}
		if err == nil {
			f(e, zone)
		}
	}
}

// location returns the zone that e is read in.
func (e *Event) location(local *time.Location) (*time.Location, error) {
	switch e.Zone {
	case "", local.String():
		return local, nil
	case "UTC":
		return time.UTC, nil
	}
	return time.LoadLocation(e.Zone)
}
