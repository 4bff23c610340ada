package notify

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/telegram"
)

const (
	firstBackoff = 5 * time.Second // after the first attempt that met a fault of the way; doubled with each
	maxBackoff   = 5 * time.Minute
	mendTime     = time.Hour          // between attempts that meet what a person has to mend
	giveUp       = 7 * 24 * time.Hour // after that an alert is dropped
)

// folding is an alert with those whose news it has too.
type folding struct {
	keep   montimer.Alert
	folded []montimer.Alert
}

// fold makes one of the alerts of an incident that wait and are not its first.
// It has the text of the newest, which says how many runs have failed since when
// or that all is well, and the place of the oldest and what that has met so far.
// fold returns what is left, and what has been folded into what.
func fold(pending []montimer.Alert) (left []montimer.Alert, folded []folding) {
	of := map[string][]montimer.Alert{}
	for _, a := range pending {
		if foldable(a) {
			of[a.Incident] = append(of[a.Incident], a)
		}
	}
	for _, a := range pending {
		group := of[a.Incident]
		last := len(group) - 1
		switch {
		case !foldable(a) || last == 0:
			left = append(left, a)
		case a.ID == group[0].ID:
			a.Text, a.Plain = group[last].Text, group[last].Plain
			left = append(left, a)
			folded = append(folded, folding{a, group[1:]})
		}
	}
	return left, folded
}

func foldable(a montimer.Alert) bool { return !a.First && a.Incident != "" }

// next returns the alert to send, or how long to wait for one; ok is false when
// nothing is pending. All wait while Telegram wants peace, and each one that met
// what a person has to mend for itself. Of the others one that is due is enough
// to go on, so that no alert overtakes one that has met a fault of the way:
// first failures and pages, the newest of them first; then the rest in order.
func next(pending []montimer.Alert, now time.Time) (a montimer.Alert, wait time.Duration, ok bool) {
	if len(pending) == 0 {
		return a, 0, false
	}
	var peace, soonest time.Duration
	var ready []montimer.Alert
	for i, p := range pending {
		status := lastStatus(p)
		left := max(0, p.NextTry.Sub(now))
		if left > longest(status) { // the clock was ahead
			left = 0
		}
		if status == http.StatusTooManyRequests {
			peace = max(peace, left)
		}
		if i == 0 || left < soonest {
			soonest = left
		}
		if left == 0 || !telegram.Permanent(status) {
			ready = append(ready, p)
		}
	}
	if wait = max(peace, soonest); wait > 0 {
		return a, wait, true
	}
	return slices.MinFunc(ready, urgency), 0, true
}

func urgency(a, b montimer.Alert) int {
	rank := func(a montimer.Alert) int {
		if a.First || a.Kind == montimer.AlertPage {
			return 0
		}
		return 1
	}
	if r := rank(a); r == rank(b) && r == 0 {
		return cmp.Compare(b.ID, a.ID)
	}
	return cmp.Or(cmp.Compare(rank(a), rank(b)), cmp.Compare(a.ID, b.ID))
}

// lastStatus is the HTTP status that the last attempt met; 0: none. The text of
// a *telegram.Error begins with it.
func lastStatus(a montimer.Alert) int {
	first, _, _ := strings.Cut(a.Error, " ")
	status, _ := strconv.Atoi(first)
	return status
}

// longest is the longest wait after an attempt that met this status.
func longest(status int) time.Duration {
	switch {
	case status == http.StatusTooManyRequests:
		return telegram.MaxWait
	case telegram.Permanent(status):
		return mendTime
	}
	return maxBackoff
}

// pause returns how long to wait after an attempt that failed; attempts counts
// those before.
func pause(err *telegram.Error, attempts int) time.Duration {
	wait := err.RetryAfter
	switch {
	case wait > 0:
	case err.Permanent():
		wait = mendTime
	default:
		wait = min(firstBackoff<<min(attempts, 10), maxBackoff)
	}
	return min(wait, longest(err.Status))
}
