package calendar

import "time"

// Gaps returns the shortest and the longest time between two elapses, one
// after the other, of the union of events: over the 30 years from the day of
// from, clock changes included. ok is false where fewer than two elapses lie
// in them.
//
// Both are exact with two exceptions, and then the true gaps lie within what
// is returned: if the events are read in more than one time zone, and if there
// are more than 86,400 elapses in a day. Elapses that systemd loses, see Prev,
// count here.
func Gaps(events []Event, from time.Time, local *time.Location) (shortest, longest time.Duration, ok bool) {
	byZone := map[string]*walk{}
	eachIn(events, local, func(e *Event, zone *time.Location) {
		w, ok := byZone[zone.String()]
		if !ok {
			w = newWalk(zone, from)
			byZone[zone.String()] = w
		}
		w.add(e)
	})
	var all gaps
	for _, w := range byZone {
		all.join(w.gaps())
	}
	if len(byZone) > 1 {
		all.shortest = min(all.shortest, grain(events))
	}
	return time.Duration(all.shortest) * time.Microsecond, time.Duration(all.longest) * time.Microsecond, all.longest > 0
}

// gaps are in microseconds; longest is 0 if there are none.
type gaps struct{ shortest, longest int64 }

func (g *gaps) add(gap int64) {
	if g.longest == 0 {
		g.shortest = gap
	}
	g.shortest, g.longest = min(g.shortest, gap), max(g.longest, gap)
}

// span widens g by o.
func (g *gaps) span(o gaps) {
	if o.longest > 0 {
		g.add(o.shortest)
		g.add(o.longest)
	}
}

// join makes g the bounds for the union of two sets of elapses, but for the
// gaps between one of the one and one of the other.
func (g *gaps) join(o gaps) {
	switch {
	case o.longest == 0:
	case g.longest == 0:
		*g = o
	default:
		g.shortest, g.longest = min(g.shortest, o.shortest), min(g.longest, o.longest)
	}
}

// grain returns a time in microseconds that divides every gap between elapses
// of events, in any zones: their offsets are whole quarters of an hour.
func grain(events []Event) int64 {
	g := int64(15 * 60 * Second)
	for _, e := range events {
		for _, list := range []struct {
			ranges []Range
			unit   int64
		}{{e.Hour, 3600 * Second}, {e.Minute, 60 * Second}, {e.seconds(), 1}} {
			if list.ranges == nil {
				g = gcd(g, list.unit)
			}
			for _, r := range list.ranges {
				g = gcd(gcd(g, int64(r.Start)*list.unit), int64(r.Step)*list.unit)
			}
		}
	}
	return g
}

func gcd(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
