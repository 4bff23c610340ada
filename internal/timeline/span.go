package timeline

import "time"

// Span is neighbouring ticks of one cause.
type Span struct {
	State    State
	From, To time.Time // the first and the last tick
	Ticks    []Tick
}

// Spans merges neighbouring ticks that have the same state and, where that is no
// result of a run, the same reason.
func Spans(ticks []Tick) (spans []Span) {
	for i, t := range ticks {
		if i > 0 && sameCause(ticks[i-1], t) {
			last := &spans[len(spans)-1]
			last.To, last.Ticks = t.At, ticks[i-len(last.Ticks):i+1]
			continue
		}
		spans = append(spans, Span{State: t.State, From: t.At, To: t.At, Ticks: ticks[i : i+1]})
	}
	return spans
}

func sameCause(a, b Tick) bool {
	if a.State != b.State {
		return false
	}
	switch a.State {
	case Skipped:
		return a.Instead == b.Instead && a.Run.Reason == b.Run.Reason
	case Paused:
		return a.Run.Reason == b.Run.Reason
	}
	return true
}
