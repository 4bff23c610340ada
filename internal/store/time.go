package store

import (
	"database/sql"
	"fmt"
	"time"
)

// layout is the one form of a time in the database: UTC, 27 characters, six
// digits of a second, so that the order of texts is the order of times.
const layout = "2006-01-02T15:04:05.000000Z"

func formatTime(t time.Time) string { return t.UTC().Format(layout) }

// nullTime is NULL for the zero time.
func nullTime(t time.Time) sql.NullString {
	if t.IsZero() {
		return sql.NullString{}
	}
	return sql.NullString{String: formatTime(t), Valid: true}
}

// parseTime also takes the forms of other tools: whole seconds, a space
// for the T, the offset of another zone.
func parseTime(s string) (t time.Time, err error) {
	for _, form := range []string{"2006-01-02T15:04:05Z", time.RFC3339, "2006-01-02 15:04:05", "2006-01-02 15:04:05Z07:00"} { // Parse takes a fraction where the layout has none
		if t, err = time.Parse(form, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("time %q is not like %s", s, layout)
}

// timeColumn scans a column that holds a time. NULL is the zero time, and so is
// any value that is no time: it must not keep all rows from being read.
type timeColumn struct{ *time.Time }

func (c timeColumn) Scan(value any) error {
	*c.Time = time.Time{}
	switch v := value.(type) {
	case string:
		*c.Time, _ = parseTime(v)
	case []byte:
		*c.Time, _ = parseTime(string(v))
	}
	return nil
}

// plural returns a count with its noun.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
