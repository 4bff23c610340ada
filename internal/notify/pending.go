package notify

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/safetext"
)

// PendingAlert is an alert that waits, as JSON.
type PendingAlert struct {
	ID       int64     `json:"id"`
	Created  time.Time `json:"created"`
	Kind     string    `json:"kind"`
	Profile  string    `json:"profile"`
	RunID    string    `json:"run"`
	Attempts int       `json:"attempts"`
	NextTry  time.Time `json:"next_try,omitzero"` // absent: at once
	Error    string    `json:"error"`
	Text     string    `json:"text"`
}

// PendingAlerts returns the alerts as JSON has them, with times in UTC.
func PendingAlerts(alerts []montimer.Alert) []PendingAlert {
	all := make([]PendingAlert, len(alerts))
	for i, a := range alerts {
		all[i] = PendingAlert{a.ID, a.Created.UTC(), string(a.Kind), a.Profile, a.RunID, a.Attempts, a.NextTry.UTC(), a.Error, a.Text}
	}
	return all
}

// PendingTable returns the alerts as a table for people.
func PendingTable(alerts []montimer.Alert) (header []string, rows [][]string) {
	for _, a := range alerts {
		rows = append(rows, []string{strconv.FormatInt(a.ID, 10), localTime(a.Created), safetext.String(string(a.Kind)), safetext.String(a.Profile),
			strconv.Itoa(a.Attempts), localTime(a.NextTry), safetext.String(a.Error)})
	}
	return []string{"ID", "CREATED", "KIND", "PROFILE", "ATTEMPTS", "NEXT TRY", "LAST ERROR"}, rows
}

// localTime formats a time with its zone; "-" is none.
func localTime(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04:05 MST")
}

// Asides is an outbox with the alerts that a takeover has set aside.
type Asides interface {
	Outbox
	Aside(context.Context) ([]montimer.Alert, error)
}

// Waits returns the pending alerts and those that a takeover has set aside, oldest
// first.
func Waits(ctx context.Context, box Asides) ([]montimer.Alert, error) {
	aside, err := box.Aside(ctx)
	if err != nil {
		return nil, err
	}
	pending, err := box.Pending(ctx)
	all := append(aside, pending...)
	slices.SortStableFunc(all, func(a, b montimer.Alert) int { return cmp.Compare(a.ID, b.ID) })
	return all, err
}

// Drop removes an alert from an outbox without sending it; found is false if it
// does not wait.
func Drop(ctx context.Context, box Asides, id int64) (found bool, err error) {
	alerts, err := Waits(ctx, box)
	if err != nil {
		return false, err
	}
	for _, a := range alerts {
		if a.ID == id {
			return true, box.Drop(ctx, a, montimer.DeliveryFailed, "dropped by hand")
		}
	}
	return false, nil
}
