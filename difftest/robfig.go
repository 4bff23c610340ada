package difftest

import (
	"time"

	"github.com/robfig/cron/v3"
)

// Robfig is robfig/cron v3 with its default parser, to which optional seconds
// are added. It gives up five years ahead.
func Robfig(text string) (Schedule, error) {
	parser := cron.NewParser(cron.SecondOptional | cron.Minute | cron.Hour | cron.Dom |
		cron.Month | cron.Dow | cron.Descriptor)
	x, err := parser.Parse(text)
	if err != nil {
		return Schedule{}, err
	}
	if every, ok := x.(cron.ConstantDelaySchedule); ok {
		return Schedule{Every: every.Delay}, nil
	}
	return Schedule{Next: func(t time.Time) (time.Time, bool) {
		if at := x.Next(t); !at.IsZero() {
			return at, true
		}
		return time.Date(t.Year()+5, 12, 31, 0, 0, 0, 0, time.UTC), false
	}}, nil
}
