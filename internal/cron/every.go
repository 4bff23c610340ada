package cron

import (
	"cmp"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/montimer/montimer/internal/calendar"
)

const wholeDay = 24 * time.Hour

// dividesDay reports whether an interval of whole seconds can be written as
// times of the day. They are counted from midnight UTC and not, as @every is,
// from the start of a program: it has the same gaps, and keeps them over boots.
func dividesDay(d time.Duration) bool { return wholeDay%d == 0 }

// timesOfDay are the seconds of each minute of a day.
type timesOfDay [24 * 60]uint64

func everyTimes(d time.Duration) (t timesOfDay) {
	for at := time.Duration(0); at < wholeDay; at += d {
		t[at/time.Minute] |= 1 << (at % time.Minute / time.Second)
	}
	return t
}

// everyEvents returns events, to be read in UTC, that elapse every d.
func everyEvents(d time.Duration) []calendar.Event {
	type clock struct{ minute, second uint64 }
	times := everyTimes(d)
	hours := map[clock]uint64{}
	for h := range 24 {
		minutes := map[uint64]uint64{} // by their seconds
		for m, seconds := range times[h*60 : h*60+60] {
			if seconds != 0 {
				minutes[seconds] |= 1 << m
			}
		}
		for seconds, m := range minutes {
			hours[clock{m, seconds}] |= 1 << h
		}
	}
	sorted := slices.SortedFunc(maps.Keys(hours), func(a, b clock) int {
		return cmp.Or(cmp.Compare(a.minute, b.minute), cmp.Compare(a.second, b.second))
	})
	var events []calendar.Event
	for _, c := range sorted {
		events = append(events, calendar.Event{
			Hour:   ranges(hours[c], &hour),
			Minute: ranges(c.minute, &minute),
			Second: calendar.Seconds(ranges(c.second, &second)),
		})
	}
	return events
}

// proveEvery reads events back and returns an error unless they elapse every d.
func proveEvery(d time.Duration, events []calendar.Event) error {
	var got timesOfDay
	for _, event := range events {
		e, err := calendar.Parse(event.String())
		if err != nil {
			return err
		}
		if e.Weekdays != 0 || e.Year != nil || e.Month != nil || e.Day != nil {
			return errors.New("not every day")
		}
		hours := expand(e.Hour, 1, hour.min, hour.max, 0)
		minutes := expand(e.Minute, 1, minute.min, minute.max, 0)
		seconds := expand(e.Second, calendar.Second, second.min, second.max, 0)
		for at := range got {
			if hours.has(at/60) && minutes.has(at%60) {
				got[at] |= seconds[0]
			}
		}
	}
	if got != everyTimes(d) {
		return errors.New("the times are not those of the interval")
	}
	return nil
}
