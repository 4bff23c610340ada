package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
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

// largest is the size of a row, and of a text, from which on it is not read whole,
// in bytes: no row may take all memory. An alert has 4 KiB.
const largest = 1 << 20

// eventColumns are those of an Event in order, but for the id and the two that are
// no texts.
var eventColumns = []string{
	"created_at", "source", "protocol", "channel", "severity", "message", "delivery_status", "delivered_at", "delivery_error", "metadata_json",
}

const eventOthers = "id, plain_text, silent, "

// eventSelects returns the columns of an Event, and those of rows that are too large:
// each text that is short, of others the size. octet_length reads no text.
var eventSelects = sync.OnceValues(func() (whole, short string) {
	texts := make([]string, len(eventColumns))
	for i, name := range eventColumns {
		texts[i] = fmt.Sprintf("CASE WHEN octet_length(%[1]s) > %[2]d THEN '(' || octet_length(%[1]s) || ' bytes)' ELSE %[1]s END", name, largest/32)
	}
	return eventOthers + strings.Join(eventColumns, ", "), eventOthers + strings.Join(texts, ", ")
})

// Page calls yield for the rows that a filter chooses, those with the largest
// ids first, until it returns an error. Of a text of more than a mebibyte it has
// the size.
func (e *Events) Page(ctx context.Context, f EventFilter, yield func(Event) error) error {
	return e.read(ctx, func(r *reader) error { return r.page(ctx, f, yield) })
}

// Event calls yield for the row with an id, if there is one.
func (e *Events) Event(ctx context.Context, id int64, yield func(Event) error) error {
	return e.read(ctx, func(r *reader) error {
		_, err := r.events(ctx, "WHERE id = ?", []any{id}, yield)
		return err
	})
}

// More reports whether a row follows that a filter chooses.
func (e *Events) More(ctx context.Context, f EventFilter) (more bool, err error) {
	f.Limit = 1
	err = e.Page(ctx, f, func(Event) error { more = true; return nil })
	return more, err
}

// A window is a range of ids: from low on, before high.
type window struct{ low, high int64 }

// Windows of a filter that no index serves whole are read one by one, so that a
// request which has ended ends its query, too: SQLite is asked for one row, and it
// may look at all others to find it. A row takes about a microsecond.
const (
	firstWindow = 2_000
	mostWindow  = 50_000
)

// page reads a page in windows of ids.
func (r *reader) page(ctx context.Context, f EventFilter, yield func(Event) error) error {
	all, bounded := window{0, cmp.Or(f.Before, math.MaxInt64)}, false
	if f.To != "" {
		newest, err := r.one(ctx, "SELECT max(created_at) FROM alert_events")
		if err != nil {
			return err
		}
		if text, _ := newest.(string); text >= f.To {
			if all, err = r.bounds(ctx, f, all); err != nil {
				return err
			}
			bounded = true
		}
	}
	size := int64(math.MaxInt64)
	if f.walks() || f.From != "" && !bounded {
		last, err := r.one(ctx, "SELECT max(id) FROM alert_events")
		if err != nil {
			return err
		}
		id, _ := last.(int64)
		all.high, size = min(all.high, id+1), max(firstWindow, 4*int64(f.Limit))
	}
	for left := f.Limit; left > 0 && all.low < all.high; size = min(4*size, mostWindow) {
		w := window{all.low, all.high}
		if all.high-all.low > size {
			w.low = all.high - size
		}
		n, err := r.window(ctx, f, w, left, yield)
		if err != nil {
			return err
		}
		left -= n
		all.high = w.low
		if left > 0 && f.From != "" && !bounded { // perhaps there are no more
			if all, err = r.bounds(ctx, f, all); err != nil {
				return err
			}
			bounded = true
		}
	}
	return nil
}

// walks reports whether more is filtered than one index has.
func (f EventFilter) walks() bool {
	n := 0
	for _, value := range []*string{f.Protocol, f.Severity, f.Source, f.Channel, f.Status} {
		if value != nil {
			n++
		}
	}
	return n > 2 || n == 2 && (f.Protocol == nil || f.Severity == nil) || f.Status != nil || f.Channel != nil
}

// window reads the rows of a window.
func (r *reader) window(ctx context.Context, f EventFilter, w window, limit int, yield func(Event) error) (n int, err error) {
	var c conditions
	c.ids(w)
	for _, equal := range f.equal() {
		c.add(equal.column+" = ?", equal.value)
	}
	if f.Status != nil && *f.Status != "delivered" {
		c.texts = append(c.texts, "delivery_status <> 'delivered'") // of an index with the others alone
	}
	c.times("+created_at", f) // with +, no index whose rows would have to be sorted by id
	return r.events(ctx, c.where()+" ORDER BY id DESC LIMIT ?", append(c.args, limit), yield)
}

// bounds narrows a window to the ids that a time has. created_at grows with the id
// but for clocks that were set and rows that were edited, so all of that time are
// looked at, in an index which has all that is asked for.
func (r *reader) bounds(ctx context.Context, f EventFilter, w window) (window, error) {
	var c conditions
	c.times("created_at", f)
	c.ids(w)
	for _, equal := range f.equal() {
		if slices.Contains([]string{"protocol", "severity", "source"}, equal.column) {
			c.add(equal.column+" = ?", equal.value)
			break // no index has two of them and the time
		}
	}
	var low, high sql.NullInt64
	err := r.row(ctx, "SELECT min(id), max(id) FROM alert_events "+c.where(), c.args, &low, &high)
	if err != nil || !high.Valid {
		return window{}, err
	}
	return window{low.Int64, high.Int64 + 1}, nil
}

type equality struct{ column, value string }

func (f EventFilter) equal() (all []equality) {
	for _, c := range []struct {
		column string
		value  *string
	}{{"protocol", f.Protocol}, {"severity", f.Severity}, {"source", f.Source}, {"channel", f.Channel}, {"delivery_status", f.Status}} {
		if c.value != nil {
			all = append(all, equality{c.column, *c.value})
		}
	}
	return all
}

// conditions is a WHERE clause in the making.
type conditions struct {
	texts []string
	args  []any
}

func (c *conditions) add(text string, arg any) {
	c.texts, c.args = append(c.texts, text), append(c.args, arg)
}

func (c *conditions) ids(w window) {
	if w.low > 0 {
		c.add("id >= ?", w.low)
	}
	c.add("id < ?", w.high)
}

func (c *conditions) times(column string, f EventFilter) {
	if f.From != "" {
		c.add(column+" >= ?", f.From)
	}
	if f.To != "" {
		c.add(column+" < ?", f.To)
	}
}

func (c *conditions) where() string { return "WHERE " + strings.Join(c.texts, " AND ") }

// events calls yield for the rows that the end of a query selects, which begins
// with the ids. From a row on that is too large it reads on with short texts.
func (r *reader) events(ctx context.Context, rest string, args []any, yield func(Event) error) (n int, err error) {
	count := func(e Event) error { n++; return yield(e) }
	whole, short := eventSelects()
	err = r.eventsOf(ctx, whole, rest, args, 0, count)
	if tooLarge(err) {
		err = r.eventsOf(ctx, short, rest, args, n, count)
	}
	return n, err
}

// eventsOf calls yield for the rows of a query, but for the first ones.
func (r *reader) eventsOf(ctx context.Context, columns, rest string, args []any, after int, yield func(Event) error) error {
	rows, err := r.query(ctx, "SELECT "+columns+" FROM alert_events "+rest, args)
	if err != nil {
		return err
	}
	defer rows.Close()
	var values, into [13]any
	for i := range values {
		into[i] = &values[i]
	}
	for n := 0; rows.Next(); n++ {
		if err := rows.Scan(into[:]...); err != nil {
			return err
		}
		if n < after {
			continue
		}
		if err := yield(eventOf(&values)); err != nil {
			return stopped{err}
		}
		if err := ctx.Err(); err != nil { // which SQLite notices later
			return err
		}
	}
	return errors.Join(rows.Err(), rows.Close())
}

// stopped is an error of the one who reads, not of the database.
type stopped struct{ error }

func (s stopped) Unwrap() error { return s.error }

// eventOf returns the row with the values of eventSelects.
func eventOf(v *[13]any) (e Event) {
	e.ID, _ = v[0].(int64)
	e.PlainText, e.Silent = isSet(v[1]), isSet(v[2])
	e.Created, e.Source, e.Protocol, e.Channel = textOf(v[3]).String, textOf(v[4]).String, textOf(v[5]).String, textOf(v[6]).String
	e.Severity, e.Message, e.Status = textOf(v[7]), textOf(v[8]).String, textOf(v[9]).String
	e.Delivered, e.Error, e.Metadata = textOf(v[10]), textOf(v[11]), textOf(v[12])
	return e
}

// isSet reports whether a value is true for Python, in which the tasks read it.
func isSet(value any) bool {
	switch v := value.(type) {
	case int64:
		return v != 0
	case float64:
		return v != 0
	case string:
		return v != ""
	case []byte:
		return len(v) > 0
	}
	return false
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
