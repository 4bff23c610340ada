package view

import (
	"time"

	"github.com/montimer/montimer"
)

// Facts is what is known of a host. What could not be read is in NotSeen, and its
// part is empty.
type Facts struct {
	Instance montimer.Instance
	Host     string
	Version  string // of montimer
	Now      time.Time
	Boot     time.Time // since when the host has been up; zero: not known

	Profiles []ProfileFacts
	Target   string // the active state of montimer.target; "": not known
	Lagging  []string
	Outbox   []montimer.Alert
	Checkout *Checkout

	Synced    time.Time // the last good sync of the checkout; zero: none, or not known
	SyncedBy  time.Time // the last sync that was due and has had its time; zero: none
	SyncFails string    // the page about syncs that fail; "": none

	Backup *Backup // nil: the host makes no backups

	Findings []Finding
	NotSeen  []string
}

// Backup is how the backups of a host are going.
type Backup struct {
	OK      time.Time // when the last good one was made; zero: never, or not known
	Trouble string    // "": none
	New     bool      // none has been tried yet
}

// ProfileFacts is what is known of one profile.
type ProfileFacts struct {
	Name     string
	Jobs     *montimer.Profile // nil: not in jobs.yaml, or that is not known
	Timer    *Timer            // nil: systemd could not be asked
	Recorded bool              // the database could be read, which has the rest
	Incident montimer.Incident
	Last     montimer.Run // the last run that was not skipped, by hand or by the timer
	Running  montimer.Run
	Typical  time.Duration // the 95th percentile of the good runs of 30 days; 0: too few
	Pause    montimer.Pause
}

// Timer is a timer as systemd has it loaded.
type Timer struct {
	montimer.Timetable
	Load, Active, Sub string
	ServiceLoad       string
	ActiveSince       time.Time
	Next              time.Time
	DropIns           []string
	Changed           time.Time // when its files last changed, if that was since the last run; zero: not known
}
