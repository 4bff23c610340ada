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
	StateOf   HandoverKind = "state_of"   // whose state it took over, and of when
	Reported  HandoverKind = "reported"   // what was not done before that, is reported
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

// EndRefusals forgets that this host found another one in its place: it runs the jobs
// now, so that the next time is news, whatever its owner file says. It writes nothing
// where there is nothing to forget.
func (s *Store) EndRefusals(ctx context.Context) error {
	var some bool
	err := s.db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM montimer_handovers WHERE kind = 'refused')").Scan(&some)
	if err == nil && some {
		err = s.write(ctx, durable, func(tx *sql.Tx) error {
			return do(ctx, tx, "DELETE FROM montimer_handovers WHERE kind = 'refused'")
		})
	}
	return s.explain("record that the jobs run here", err)
}

// Inherited is what a takeover found in the database of the old host.
type Inherited struct {
	From    Handover         // whose state it was, and of when
	Running []montimer.Run   // that were under way, and are lost
	Alerts  []montimer.Alert // that waited in the outbox, and are set aside
}

// Inherit records that a host has taken over the state of another one, which is as
// from says: the runs under way are lost for a reason, and ended at that time, and the
// alerts that waited are set aside with another one. All happens in one transaction,
// and only once for a handover. Both reasons are to be of this handover alone: see
// Inherited.
func (s *Store) Inherit(ctx context.Context, h, from Handover, lost, aside string) error {
	err := s.write(ctx, durable, func(tx *sql.Tx) error {
		if first, err := insertHandover(ctx, tx, h); err != nil || !first {
			return err
		}
		_, err := insertHandover(ctx, tx, from)
		return errors.Join(err,
			do(ctx, tx, "UPDATE montimer_runs SET state = 'lost', ended_at = max(started_at, ?), reason = ? WHERE state = 'running'", formatTime(from.Since), utf8(lost)),
			do(ctx, tx, "UPDATE montimer_outbox SET aside = 1, error = ?", utf8(aside)))
	})
	return s.explain("take over the database", err)
}

// Inherited returns what Inherit has found, by its two reasons.
func (s *Store) Inherited(ctx context.Context, lost, aside string) (i Inherited, err error) {
	if i.Running, err = s.runs(ctx, "WHERE state = 'lost' AND reason = ? ORDER BY seq", utf8(lost)); err != nil {
		return i, s.explain("read the lost runs", err)
	}
	h := &i.From
	err = s.db.QueryRowContext(ctx, "SELECT kind, host, machine, since FROM montimer_handovers WHERE kind = 'state_of' ORDER BY id DESC LIMIT 1").
		Scan(&h.Kind, &h.Host, &h.Machine, timeColumn{&h.Since})
	if err != nil {
		return i, s.explain("read whose state was taken over", err)
	}
	all, err := s.Aside(ctx)
	for _, a := range all {
		if a.Error == utf8(aside) {
			i.Alerts = append(i.Alerts, a)
		}
	}
	return i, err
}

// IsRefused reports whether this host has found before that a machine runs the jobs.
func (s *Store) IsRefused(ctx context.Context, machine string) (yes bool, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM montimer_handovers WHERE kind = 'refused' AND machine = ?)", machine).Scan(&yes)
	return yes, s.explain("read which host runs the jobs", err)
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

// Past is what a database says of the host that wrote it.
type Past struct {
	Sign     time.Time // when it was last at work: a run began or ended that was not skipped; zero: never
	Host     string    // of its last run; "": not known
	Handover Handover  // the last one that changed who runs the jobs; zero: there was none
}

// Peek reads the past of a database file, such as a backup, and changes nothing. It
// may be that of any montimer, or of the tasks alone.
func Peek(ctx context.Context, of montimer.Instance, path string) (p Past, err error) {
	s, err := openPath(ctx, path, Options{ReadOnly: true, Shared: true, Instance: of})
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	rows, err := s.db.QueryContext(ctx, "SELECT name FROM sqlite_master WHERE type = 'table' AND name IN ('montimer_runs', 'montimer_handovers')")
	if err != nil {
		return p, s.explain("read the tables", err)
	}
	tables, err := collect(rows, func(row scanner) (name string, err error) { return name, row.Scan(&name) })
	if err != nil {
		return p, s.explain("read the tables", err)
	}
	for _, table := range tables {
		read := s.lastHandover
		if table == "montimer_runs" {
			read = s.lastSign
		}
		if err := read(ctx, &p); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return p, s.explain("read who ran the jobs", err)
		}
	}
	return p, nil
}

func (s *Store) lastHandover(ctx context.Context, p *Past) error {
	h := &p.Handover
	return s.db.QueryRowContext(ctx, "SELECT kind, host, machine, since FROM montimer_handovers WHERE kind IN ('retired', 'taken_over') ORDER BY id DESC LIMIT 1").
		Scan(&h.Kind, &h.Host, &h.Machine, timeColumn{&h.Since})
}

func (s *Store) lastSign(ctx context.Context, p *Past) error {
	var last struct{ started, ended time.Time }
	// A run that ended last may have begun before others.
	err := s.db.QueryRowContext(ctx, "SELECT max(started_at), max(ended_at) FROM montimer_runs WHERE state <> 'skipped'").
		Scan(timeColumn{&last.started}, timeColumn{&last.ended})
	if p.Sign = last.started; last.ended.After(p.Sign) {
		p.Sign = last.ended
	}
	if err != nil {
		return err
	}
	return s.db.QueryRowContext(ctx, "SELECT * FROM (SELECT host FROM montimer_runs WHERE state <> 'skipped' ORDER BY seq DESC LIMIT 1)").Scan(&p.Host)
}
