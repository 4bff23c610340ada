package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"

	"github.com/montimer/montimer"
)

// An Event is a row of alert_events, as it is: nothing checks what the tasks
// write there.
type Event struct {
	ID                        int64
	Created, Source, Protocol string
	Channel, Message          string
	PlainText, Silent         bool
	Status                    string
	Severity                  sql.NullString
	Delivered, Error          sql.NullString // when it was delivered, why it was not
	Metadata                  sql.NullString // JSON
}

// EventFilter chooses rows of alert_events. A nil pointer chooses all.
type EventFilter struct {
	Protocol, Severity, Source, Channel, Status *string
	From, To                                    string // created_at from and before; "": no bound
	Before                                      int64  // only smaller ids; 0: all
	Limit                                       int    // at most so many, the newest; at least 1
}

// Events reads alert_events for as long as a process lives. It opens the
// database when it is first asked, and again when another file is in its
// place; it needs no table of montimer, makes no index, and writes nothing. It
// is safe for use by several goroutines.
type Events struct {
	stateDir string
	instance montimer.Instance

	mu sync.Mutex
	s  *Store // nil: not open
}

// NewEvents returns the reader of the database of a state directory. Close it.
func NewEvents(stateDir string, of montimer.Instance) *Events {
	return &Events{stateDir: stateDir, instance: of}
}

// Close closes the database.
func (e *Events) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.s == nil {
		return nil
	}
	s := e.s
	e.s = nil
	return s.Close()
}

// open returns the open database. The error is fs.ErrNotExist where there is none.
func (e *Events) open(ctx context.Context) (*Store, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.s != nil && e.s.stillThere() == nil {
		return e.s, nil
	}
	if e.s != nil { // queries under way end first
		s := e.s
		e.s = nil
		go s.Close()
	}
	s, err := Open(ctx, e.stateDir, Options{ReadOnly: true, Shared: true, Instance: e.instance})
	if err != nil {
		return nil, err
	}
	e.s = s
	return s, nil
}

const eventColumns = "id, created_at, source, protocol, channel, severity, message, " +
	"coalesce(plain_text, 0) <> 0, coalesce(silent, 0) <> 0, delivery_status, delivered_at, delivery_error, metadata_json"

// Page calls yield for the rows that a filter chooses, those with the largest
// ids first, until it returns an error.
func (e *Events) Page(ctx context.Context, f EventFilter, yield func(Event) error) error {
	s, err := e.open(ctx)
	if err != nil {
		return err
	}
	where, args := f.where()
	return s.events(ctx, where+" ORDER BY id DESC LIMIT ?", append(args, f.Limit), yield)
}

// Event calls yield for the row with an id, if there is one.
func (e *Events) Event(ctx context.Context, id int64, yield func(Event) error) error {
	s, err := e.open(ctx)
	if err != nil {
		return err
	}
	return s.events(ctx, "WHERE id = ?", []any{id}, yield)
}

func (f EventFilter) where() (string, []any) {
	conditions, args := []string{"id < ?"}, []any{int64(math.MaxInt64)}
	if f.Before > 0 {
		args[0] = f.Before
	}
	for _, c := range []struct {
		condition string
		value     *string
	}{
		{"protocol = ?", f.Protocol}, {"severity = ?", f.Severity}, {"source = ?", f.Source},
		{"channel = ?", f.Channel}, {"delivery_status = ?", f.Status},
	} {
		if c.value != nil {
			conditions, args = append(conditions, c.condition), append(args, *c.value)
		}
	}
	if f.From != "" {
		conditions, args = append(conditions, "created_at >= ?"), append(args, f.From)
	}
	if f.To != "" {
		conditions, args = append(conditions, "created_at < ?"), append(args, f.To)
	}
	return "WHERE " + strings.Join(conditions, " AND "), args
}

// events calls yield for the rows that the end of a query selects.
func (s *Store) events(ctx context.Context, rest string, args []any, yield func(Event) error) error {
	rows, err := s.db.QueryContext(ctx, "SELECT "+eventColumns+" FROM alert_events "+rest, args...)
	if err != nil {
		return s.explain("read the alerts", err)
	}
	defer rows.Close()
	var values [13]any
	var into [13]any
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into[:]...); err != nil {
			return s.explain("read the alerts", err)
		}
		if err := yield(eventOf(&values)); err != nil {
			return err
		}
	}
	return s.explain("read the alerts", errors.Join(rows.Err(), rows.Close()))
}

// eventOf returns the row with the values of eventColumns.
func eventOf(v *[13]any) (e Event) {
	e.ID, _ = v[0].(int64)
	e.Created, e.Source, e.Protocol, e.Channel = textOf(v[1]).String, textOf(v[2]).String, textOf(v[3]).String, textOf(v[4]).String
	e.Severity, e.Message = textOf(v[5]), textOf(v[6]).String
	e.PlainText, e.Silent, e.Status = v[7] == int64(1), v[8] == int64(1), textOf(v[9]).String
	e.Delivered, e.Error, e.Metadata = textOf(v[10]), textOf(v[11]), textOf(v[12])
	return e
}

// textOf returns a value as text: SQLite keeps a blob as it is, also in a column
// of texts.
func textOf(value any) sql.NullString {
	switch v := value.(type) {
	case nil:
		return sql.NullString{}
	case string:
		return sql.NullString{String: v, Valid: true}
	case []byte:
		return sql.NullString{String: string(v), Valid: true}
	}
	return sql.NullString{String: fmt.Sprint(value), Valid: true}
}
