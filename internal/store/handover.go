package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/montimer/montimer"
)

// HandoverKind says what happened to the right to run the jobs.
type HandoverKind string

// The kinds.
const (
	Retired   HandoverKind = "retired"    // a host gave it up
	TakenOver HandoverKind = "taken_over" // a host took it over
	Refused   HandoverKind = "refused"    // this host found that another one has it
)

// Handover is something that is done or reported once about which host runs the
// jobs. Its kind, machine and time identify it.
type Handover struct {
	Kind    HandoverKind
	Host    string // the name of the host
	Machine string // its id
	Since   time.Time
}

// Handover records a handover, and the alert that reports it (nil: none): both, or
// neither. first is false, and nothing changes, if it is on record already.
func (s *Store) Handover(ctx context.Context, h Handover, alert *montimer.Alert) (first bool, err error) {
	err = s.write(ctx, durable, func(tx *sql.Tx) error {
		if first, err = insertHandover(ctx, tx, h); err != nil || !first || alert == nil {
			return err
		}
		return insertAlert(ctx, tx, alert)
	})
	return first && err == nil, s.explain("record which host runs the jobs", err)
}

func insertHandover(ctx context.Context, tx *sql.Tx, h Handover) (first bool, err error) {
	result, err := tx.ExecContext(ctx, "INSERT OR IGNORE INTO montimer_handovers (kind, host, machine, since) VALUES (?, ?, ?, ?)",
		h.Kind, h.Host, h.Machine, formatTime(h.Since))
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// LastHandover returns the last handover of the database other than a refusal; the
// zero Handover: there was none.
func (s *Store) LastHandover(ctx context.Context) (h Handover, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT kind, host, machine, since FROM montimer_handovers WHERE kind <> 'refused' ORDER BY id DESC LIMIT 1").
		Scan(&h.Kind, &h.Host, &h.Machine, timeColumn{&h.Since})
	if errors.Is(err, sql.ErrNoRows) {
		return Handover{}, nil
	}
	return h, s.explain("read which host ran the jobs", err)
}

// Inherited is what a takeover finds in the database of the old host.
type Inherited struct {
	Running []montimer.Run   // that were under way
	Alerts  []montimer.Alert // that waited in the outbox
}

// Inherit records that this host has taken over the jobs, in one transaction: the
// runs under way are lost for a reason, the alerts that waited are set aside for
// another one, and the alert that report makes of both is stored (nil: none).
// first is false, and nothing changes, if the takeover is on record already.
func (s *Store) Inherit(ctx context.Context, h Handover, lost, aside string, report func(Inherited) *montimer.Alert) (first bool, err error) {
	var found Inherited
	if found.Running, err = s.runs(ctx, "WHERE "+stillRunning); err != nil {
		return false, s.explain("read the runs under way", err)
	}
	if found.Alerts, err = s.Pending(ctx); err != nil {
		return false, err
	}
	alert := report(found)
	now := formatTime(time.Now())
	err = s.write(ctx, durable, func(tx *sql.Tx) error {
		if first, err = insertHandover(ctx, tx, h); err != nil || !first {
			return err
		}
		err := errors.Join(
			do(ctx, tx, "UPDATE montimer_runs SET state = 'lost', ended_at = ?, reason = ? WHERE state = 'running'", now, utf8(lost)),
			do(ctx, tx, "UPDATE montimer_outbox SET aside = 1, error = ?", utf8(aside)))
		if err != nil || alert == nil {
			return err
		}
		return insertAlert(ctx, tx, alert)
	})
	return first && err == nil, s.explain("take over the database", err)
}

// Aside returns the alerts that a takeover has set aside, oldest first. Their Error
// says so, and they have no time of a next attempt.
func (s *Store) Aside(ctx context.Context) ([]montimer.Alert, error) {
	alerts, err := s.outbox(ctx, "WHERE "+isAside)
	for i := range alerts {
		alerts[i].NextTry = time.Time{}
	}
	return alerts, err
}

// isAside selects the rows of the outbox that are set aside.
const isAside = "CAST(aside AS INTEGER) <> 0"

// Readmit makes the alerts pending that were set aside.
func (s *Store) Readmit(ctx context.Context) error {
	err := s.write(ctx, durable, func(tx *sql.Tx) error {
		return do(ctx, tx, "UPDATE montimer_outbox SET aside = 0, error = '', next_try_at = ? WHERE "+isAside, formatTime(time.Now()))
	})
	return s.explain("send the alerts that were set aside", err)
}

// LastSign returns the last time at which the database shows its host at work: the
// start or the end of a run that was not skipped. The zero time: it never ran.
func (s *Store) LastSign(ctx context.Context) (at time.Time, err error) {
	for _, column := range []string{"started_at", "ended_at"} {
		var last time.Time
		err := s.db.QueryRowContext(ctx, "SELECT "+column+" FROM montimer_runs WHERE state <> 'skipped' AND "+column+" IS NOT NULL ORDER BY seq DESC LIMIT 1").Scan(timeColumn{&last})
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return at, s.explain("read when the last run was", err)
		}
		if last.After(at) {
			at = last
		}
	}
	return at, nil
}
