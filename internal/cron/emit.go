package cron

import "github.com/montimer/montimer/internal/calendar"

// Days that a calendar event can count from the end of a month.
const fromEndMax = 28

// events writes the sets and tables of m as calendar events without a zone.
// Together they elapse when m does; events that coincide start a timer once.
func (m *meaning) events() []calendar.Event {
	e := emitter{meaning: m, need: m.tables, time: calendar.Event{
		Second: calendar.Seconds(ranges(m.second, &second)),
		Minute: ranges(m.minute, &minute),
		Hour:   ranges(m.hour, &hour),
	}}
	e.everyWeek()
	// First what all months share, then what those of some lengths share: the
	// weekday nearest the 28th can be a Friday the 27th in any month, and the
	// third day from the end in February alone.
	for _, classes := range [...][]int{{0, 1, 2, 3}, {2, 3}, {2}, {3}, {0, 1}, {1}, {0}} {
		if e.need == (dayTables{}) {
			break
		}
		e.cover(classes)
	}
	return e.done
}

// ranges returns nil for all values of the field.
func ranges(values uint64, f *field) []calendar.Range {
	if values == 1<<(f.max+1)-1<<f.min {
		return nil
	}
	s := set{values}
	return s.ranges(0)
}

// emitter collects events until no table needs one.
type emitter struct {
	*meaning
	time   calendar.Event    // the time part of every event
	weekly calendar.Weekdays // they count on all days
	need   dayTables         // what no event has yet
	done   []calendar.Event
}

// everyWeek writes the weekdays that count on all days.
func (e *emitter) everyWeek() {
	e.weekly = everyWeekday
	for k := range e.tables {
		if months, _ := e.class(k); months != 0 {
			for day := 1; day <= shortestMonth+k; day++ {
				e.weekly &= e.tables[k][day]
			}
		}
	}
	if e.weekly == 0 {
		return
	}
	for k := range e.need {
		for day := range e.need[k] {
			e.need[k][day] &^= e.weekly
		}
	}
	e.write(e.weekly, nil, false, e.month, e.years)
}

// cells are weekdays of days, counted from either end of a month.
type cells [32]calendar.Weekdays

// cover writes what the months of some lengths have in common and still need.
func (e *emitter) cover(classes []int) {
	months, years := uint64(0), set{}
	var in []int
	for _, k := range classes {
		if m, y := e.class(k); m != 0 {
			months, years, in = months|m, years.or(&y), append(in, k)
		}
	}
	if in == nil {
		return
	}
	front, back := e.shared(in, dayOfMonth.max, false), e.shared(in, fromEndMax, true)
	e.choose(in, &front, &back)
	e.need = e.left(in, &front, &back)
	e.lines(&front, false, months, years)
	e.lines(&back, true, months, years)
}

// mirror counts a day of a month of class k from the other end.
func mirror(day, k int) int { return shortestMonth + k + 1 - day }

// nthDay returns the n-th day of a month of class k, counted from either end.
// ok is false if the month is shorter.
func nthDay(n, k int, fromEnd bool) (day int, ok bool) {
	day = n
	if fromEnd {
		day = mirror(n, k)
	}
	return day, 1 <= n && n <= shortestMonth+k
}

// shared returns the weekdays that all classes have on a day and one of them
// still needs, for the days up to the last.
func (e *emitter) shared(classes []int, last int, fromEnd bool) (c cells) {
	for n := 1; n <= last; n++ {
		all, needed := everyWeekday, calendar.Weekdays(0)
		for _, k := range classes {
			if day, ok := nthDay(n, k, fromEnd); ok {
				all &= e.tables[k][day]
				needed |= e.need[k][day]
			}
		}
		c[n] = all & needed
	}
	return c
}

// choose leaves each weekday on one side where that is enough, the front if
// either is, and else drops from each what the other has too.
func (e *emitter) choose(classes []int, front, back *cells) {
	inFront, inBack := e.left(classes, front, &cells{}), e.left(classes, &cells{}, back)
	frontOnly := everyWeekday &^ inFront.weekdays()
	backOnly := everyWeekday &^ inBack.weekdays() &^ frontOnly
	for n := range front {
		front[n] &^= backOnly
		back[n] &^= frontOnly
	}
	e.prune(classes, front, false, back)
	e.prune(classes, back, true, front)
}

// prune drops from one side what the other has too.
func (e *emitter) prune(classes []int, c *cells, fromEnd bool, other *cells) {
	for n := range c {
		needed := calendar.Weekdays(0)
		for _, k := range classes {
			if day, ok := nthDay(n, k, fromEnd); ok {
				needed |= e.need[k][day] &^ other[mirror(n, k)]
			}
		}
		c[n] &= needed
	}
}

// left returns what the tables still need when front and back are written.
func (e *emitter) left(classes []int, front, back *cells) dayTables {
	need := e.need
	for _, k := range classes {
		for day := 1; day <= shortestMonth+k; day++ {
			need[k][day] &^= front[day] | back[mirror(day, k)]
		}
	}
	return need
}

// lines writes one event for all days of equal weekdays.
func (e *emitter) lines(c *cells, fromEnd bool, months uint64, years set) {
	for day := range c {
		if c[day] != 0 && c[day]|e.weekly == everyWeekday {
			c[day] = everyWeekday // on the other weekdays it elapses anyway
		}
	}
	for day, weekdays := range c {
		if weekdays == 0 {
			continue
		}
		var days set
		for d := day; d < len(c); d++ {
			if c[d] == weekdays {
				days.add(d)
				c[d] = 0
			}
		}
		list := days.ranges(0)
		if !fromEnd {
			e.write(weekdays, list, false, months, years)
			continue
		}
		for len(list) > 0 {
			n := fromEndFit(list)
			e.write(weekdays, list[:n], true, months, years)
			list = list[n:]
		}
	}
}

// fromEndFit returns how many components of a list after ~ systemd reads: for
// each one more it lowers the greatest day by three, from 28 on.
func fromEndFit(list []calendar.Range) int {
	n := 0
	for n < len(list) && max(list[n].Start, list[n].Stop) <= fromEndMax-3*n {
		n++
	}
	return n
}

func (e *emitter) write(w calendar.Weekdays, days []calendar.Range, fromEnd bool, months uint64, years set) {
	event := e.time
	event.Weekdays, event.Day, event.FromEnd = w%everyWeekday, days, fromEnd
	event.Month = ranges(months, &month)
	if years != allYears {
		event.Year = years.ranges(firstYear)
	}
	e.done = append(e.done, event)
}
