package difftest

import (
	"time"

	"github.com/aptible/supercronic/cronexpr"
)

// Supercronic is the parser of supercronic, which knows no year after 2099.
func Supercronic(text string) (Schedule, error) {
	x, err := cronexpr.ParseStrict(text)
	if err != nil {
		return Schedule{}, err
	}
	return Schedule{Next: func(t time.Time) (time.Time, bool) {
		if at := x.Next(t); !at.IsZero() {
			return at, true
		}
		return time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC), false
	}}, nil
}
