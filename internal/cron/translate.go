package cron

import (
	"fmt"
	"time"

	"github.com/montimer/montimer/internal/calendar"
)

// Translation is what a list of expressions needs of systemd: it elapses at
// each of Events, once after each boot with Boot, and after each interval of
// Every, counted from when the timer starts.
type Translation struct {
	Events []calendar.Event
	Boot   bool
	Every  []time.Duration
}

// Translate returns the union of the expressions, with times in zone: an
// IANA name, or "" for the host's local zone, which leaves the events without
// a suffix. An expression with a zone of its own keeps that.
//
// Each translation is read back and compared with what was meant. An error
// tells that they differ, which is a mistake of this package.
func Translate(zone string, xs ...*Expression) (Translation, error) {
	var t Translation
	utc := inUTC(zone, xs)
	for _, x := range xs {
		if x.boot {
			t.Boot = true
			continue
		}
		if x.every > 0 && !(utc && dividesDay(x.every)) {
			t.Every = append(t.Every, x.every)
			continue
		}
		events, err := x.translate()
		if err != nil {
			return Translation{}, fmt.Errorf("translate %s: %w", clip(x.text), err)
		}
		suffix := x.zoneIn(zone)
		if utc {
			suffix = "UTC"
		}
		for i := range events {
			events[i].Zone = suffix
		}
		t.Events = append(t.Events, events...)
	}
	return t, nil
}

// translate returns events that are proven to mean m.
func (m *meaning) translate() ([]calendar.Event, error) {
	if m.every > 0 {
		events := everyEvents(m.every)
		return events, proveEvery(m.every, events)
	}
	events := m.events()
	return events, m.prove(events)
}

func (x *Expression) zoneIn(zone string) string {
	if x.zone != "" {
		return x.zone
	}
	return calendar.PortableZone(zone)
}
