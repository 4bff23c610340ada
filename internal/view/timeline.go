package view

import (
	"time"

	"github.com/montimer/montimer/internal/timeline"
)

// Timeline says how the ticks of a profile ended in a time, neighbours of one state
// as one stretch.
type Timeline struct {
	Profile   string    `json:"profile"`
	From      time.Time `json:"from"`
	To        time.Time `json:"to"`
	Since     time.Time `json:"complete_since,omitzero"` // before it there were too many runs or ticks to judge all
	Stretches []Stretch `json:"spans"`                   // the oldest first
	NotSeen   []string  `json:"not_seen"`                // what could not be read, and why
}

// Stretch is neighbouring ticks of one state.
type Stretch struct {
	State    timeline.State `json:"state"`
	From     time.Time      `json:"from"` // the first tick
	To       time.Time      `json:"to"`   // the last one
	Ticks    int            `json:"ticks"`
	FirstRun string         `json:"first_run,omitzero"` // of those that have runs
	LastRun  string         `json:"last_run,omitzero"`
}

// Stretches merges ticks, which are in order.
func Stretches(ticks []timeline.Tick) []Stretch {
	all := []Stretch{}
	for _, t := range ticks {
		at := t.At.UTC()
		if len(all) == 0 || all[len(all)-1].State != t.State {
			all = append(all, Stretch{State: t.State, From: at, FirstRun: t.Run.ID})
		}
		s := &all[len(all)-1]
		s.To = at
		s.Ticks++
		if t.Run.ID != "" {
			s.LastRun = t.Run.ID
		}
		if s.FirstRun == "" {
			s.FirstRun = t.Run.ID
		}
	}
	return all
}
