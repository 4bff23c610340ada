package view

import "time"

// Health is whether the host does its work, for a program that watches it.
type Health struct {
	Database  DatabaseState `json:"database"`
	Verdict   string        `json:"verdict"`
	Attention bool          `json:"needs_attention"`
	Overdue   []string      `json:"overdue"` // profiles of which a run is missing, or none will come
	Outbox    HealthOutbox  `json:"outbox"`
	Checkout  *Checkout     `json:"checkout,omitzero"`
	Version   string        `json:"version"`
	Commit    string        `json:"commit,omitzero"` // that montimer was built from
	NotSeen   []string      `json:"not_seen"`
	At        time.Time     `json:"at"`
}

// DatabaseState says whether the database can be read.
type DatabaseState string

// The states. A missing one is as it should be until something has run; one that is
// missing since it was deleted is told apart by the status 503 and by NotSeen.
const (
	DatabaseOK         DatabaseState = "ok"
	DatabaseMissing    DatabaseState = "missing"
	DatabaseBusy       DatabaseState = "busy"
	DatabaseUnreadable DatabaseState = "unreadable"
)

// HealthOutbox is the alerts that wait, with how long the oldest has.
type HealthOutbox struct {
	Outbox
	Age float64 `json:"age_seconds"` // 0: none waits
}

// HealthOf returns the health that follows from an overview.
func HealthOf(v Overview, database DatabaseState, b Build) Health {
	h := Health{
		Database: database, Verdict: v.Verdict, Attention: v.Attention, Overdue: []string{}, Outbox: HealthOutbox{Outbox: v.Outbox},
		Checkout: v.Checkout, Version: b.Version, Commit: b.Commit, NotSeen: v.NotSeen, At: v.At,
	}
	if !v.Outbox.Oldest.IsZero() {
		h.Outbox.Age = max(0, v.At.Sub(v.Outbox.Oldest).Seconds())
	}
	for _, p := range v.Profiles {
		if p.IsOverdue() {
			h.Overdue = append(h.Overdue, p.Name)
		}
	}
	return h
}
