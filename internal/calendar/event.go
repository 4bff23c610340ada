// Package calendar implements the calendar events and time spans of
// systemd.time(7): parsing, the normal form, and the instants at which a
// calendar event elapses.
package calendar

import (
	"errors"
	"time"
)

// Event is one calendar event: what one OnCalendar= line says.
type Event struct{}

// Parse reads one calendar event as systemd 252 does.
func Parse(s string) (Event, error) { return Event{}, errors.New("not yet") }

// String returns the normal form, as `systemd-analyze calendar` prints it.
func (e Event) String() string { return "" }

// Next returns the first elapse of any of events after t.
func Next(events []Event, t time.Time, local *time.Location) (next time.Time, ok bool) {
	return time.Time{}, false
}
