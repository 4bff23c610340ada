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

// parseTime also takes what people write by hand: whole seconds.
func parseTime(s string) (time.Time, error) {
	t, err := time.Parse("2006-01-02T15:04:05Z", s) // Parse takes a fraction where the layout has none
	if err != nil {
		return time.Time{}, fmt.Errorf("time %q is not like %s", s, layout)
	}
	return t, nil
}

// timeColumn scans a column that holds a time; NULL is the zero time.
type timeColumn struct{ *time.Time }

func (c timeColumn) Scan(value any) error {
	switch v := value.(type) {
	case nil:
		*c.Time = time.Time{}
		return nil
	case string:
		t, err := parseTime(v)
		*c.Time = t
		return err
	}
	return fmt.Errorf("%T is no time", value)
}
