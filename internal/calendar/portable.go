package calendar

import (
	"fmt"
	"slices"
)

// Portable returns e in a form that elapses at the same instants with every
// systemd from 252 on, in any zone of the host.
//
// An open START/STEP becomes a closed START..STOP/STEP. systemd lets an open
// one run over the end of its field: it then gives up for good at a clock
// change ("Infinite loop in calendar calculation"), or leaves out elapses at
// the turn of a day, month or year. See calendarspec.c, find_matching_component.
//
// A zone that systemd could take for an abbreviation of the host's own zone
// gets the name that [PortableZone] returns.
//
// The error says which list cannot be written closed, which can only happen
// with days counted from the end of a month.
func (e Event) Portable() (Event, error) {
	e.Zone = PortableZone(e.Zone)
	open := false
	for _, list := range []struct {
		ranges    *[]Range
		low, high int
	}{
		{&e.Year, minYear, maxYear},
		{&e.Month, 1, 12},
		{&e.Day, 1, 31},
		{&e.Hour, 0, 23},
		{&e.Minute, 0, 59},
		{&e.Second, 0, 60*Second - 1},
	} {
		if !slices.ContainsFunc(*list.ranges, Range.isOpen) {
			continue
		}
		open = true
		closed := slices.Clone(*list.ranges)
		for i, r := range closed {
			if r.isOpen() {
				closed[i] = r.close(list.low, list.high, list.ranges == &e.Day && e.FromEnd)
			}
		}
		*list.ranges = closed
	}
	if !open {
		return e, nil
	}
	text := e.String()
	closed, err := Parse(text)
	if err != nil {
		return Event{}, fmt.Errorf("systemd does not read it with closed ranges (%s): write the days as two calendar events", text)
	}
	return closed, nil
}

// PortableZone returns the name under which systemd reads a zone alike on
// every host, name itself for most.
//
// systemd takes a suffix that equals one of the two abbreviations of the
// host's own zone for the standard or the summer time of that zone, before it
// looks for a zone of that name (calendarspec.c, calendar_spec_from_string):
// in London "GMT" never elapses in summer. The zones of the database with such
// names are the fixed offsets that they say, and the four that its file
// "backward" links to a city.
func PortableZone(name string) string {
	if other, ok := abbreviations[name]; ok {
		return other
	}
	return name
}

var abbreviations = map[string]string{
	"GMT": "UTC",
	"EST": "Etc/GMT+5",
	"MST": "Etc/GMT+7",
	"HST": "Etc/GMT+10",
	"CET": "Europe/Brussels",
	"MET": "Europe/Brussels",
	"EET": "Europe/Athens",
	"WET": "Europe/Lisbon",
}

func (r Range) isOpen() bool { return r.Step > 0 && r.Stop == 0 }

// close returns an open range with its last value. Days from the end of the month
// are counted down, to the last day.
func (r Range) close(low, high int, down bool) Range {
	if down {
		r.Stop, r.Start = r.Start, r.Start-(r.Start-low)/r.Step*r.Step
	} else {
		r.Stop = r.Start + (high-r.Start)/r.Step*r.Step
	}
	return r
}
