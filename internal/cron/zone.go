package cron

import "time"

// At the end of daylight saving time systemd lets calendar events in a local
// zone elapse in the first pass of the repeated hour only: an hourly job then
// has a gap of two hours. In UTC no hour repeats.

// inUTC reports whether all expressions that elapse by the calendar do so at
// the same instants when their events are read in UTC. Events in UTC and in a
// local zone are never mixed in one timer: systemd counts from the last
// elapse, and one in UTC within the repeated hour would let those of the
// local zone elapse there once more.
func inUTC(zone string, xs []*Expression) bool {
	for _, x := range xs {
		if x.boot || x.every > 0 {
			continue
		}
		if name := x.zoneIn(zone); name != "UTC" && !x.anyZone(name) {
			return false
		}
	}
	return true
}

// anyZone reports whether m elapses at the same instants in UTC as in the zone
// of that name: every hour of every day, at minutes that the zone's offsets
// from UTC do not move.
func (m *meaning) anyZone(name string) bool {
	if name == "" || !m.everyHour() {
		return false
	}
	zone, err := time.LoadLocation(name)
	return err == nil && m.sameInUTC(zone)
}

func (m *meaning) everyHour() bool {
	return m.hour == allHours && m.month == allMonths && m.years == allYears && m.everyDay()
}

// sameInUTC is anyZone for a zone that is loaded.
func (m *meaning) sameInUTC(zone *time.Location) bool {
	if !m.everyHour() {
		return false
	}
	for _, offset := range offsets(zone) {
		if offset%60 != 0 || rotate(m.minute, (offset/60%60+60)%60) != m.minute {
			return false
		}
	}
	return true
}

// rotate moves all minutes of an hour by n, 0 ≤ n < 60.
func rotate(minutes uint64, n int) uint64 {
	return (minutes<<n | minutes>>(60-n)) & (1<<60 - 1)
}

// offsets returns the offsets from UTC, in seconds, that the zone has from
// 2020 to 2040. The time zone database has no later change but the yearly one
// between two offsets, and Morocco's of one hour.
func offsets(zone *time.Location) []int {
	var list []int
	t := time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC).In(zone)
	for !t.IsZero() && t.Year() < 2040 {
		_, offset := t.Zone()
		list = append(list, offset)
		_, t = t.ZoneBounds()
	}
	return list
}
