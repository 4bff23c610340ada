package notify

import (
	"cmp"
	"fmt"
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
	mendTime     = time.Hour          // between attempts that meet what a person has to correct
	giveUp       = 7 * 24 * time.Hour // of waiting for attempts, after which an alert is dropped
	overdue      = 10 * time.Minute   // of waiting, after which an alert is stuck

	// A profile may send so many alerts at once, and then one in each interval;
	// what it has more is folded.
	burst    = 20
	interval = 5 * time.Minute
)

// folding is an alert with those whose news it has too.
type folding struct {
	keep   montimer.Alert
	folded []montimer.Alert
}

// fold makes one of the alerts of an incident that wait and are not its first.
// It has the text of the newest, which says how many runs have failed since when
// or that all is well, and the place of the oldest and what that has met so far.
// Of a profile that has used up its pace, or that has more waiting than it may
// send at once, fold makes one of all that tell of runs; that one says how many it
// stands for. fold returns what is left, and what has been folded into what.
func fold(pending []montimer.Alert, paces map[string]time.Time, now time.Time) (left []montimer.Alert, folded []folding) {
	left, folded = foldBy(pending, func(a montimer.Alert) string {
		if a.First || a.Incident == "" {
			return ""
		}
		return a.Incident
	}, false)
	waiting := map[string]int{}
	for _, a := range left {
		waiting[a.Profile]++
	}
	left, more := foldBy(left, func(a montimer.Alert) string {
		crowded := waiting[a.Profile] > burst || paced(paces[a.Profile], now) > 0
		if !crowded || a.Kind == montimer.AlertPage {
			return ""
		}
		return a.Profile
	}, true)
	return left, append(folded, more...)
}

// foldBy makes one of the alerts of a group; "" is none. counted: it says for how
// many others it stands.
func foldBy(pending []montimer.Alert, group func(montimer.Alert) string, counted bool) (left []montimer.Alert, folded []folding) {
	of := map[string][]montimer.Alert{}
	for _, a := range pending {
		if g := group(a); g != "" {
			of[g] = append(of[g], a)
		}
	}
	for _, a := range pending {
		all := of[group(a)]
		last := len(all) - 1
		switch {
		case last < 1:
			left = append(left, a)
		case a.ID == all[0].ID:
			if counted {
				a.Folded += last
			}
			for _, other := range all[1:] {
				a.Folded += other.Folded
				a.First = a.First || other.First
			}
			newest := all[last]
			a.Text, a.Plain, a.Kind, a.Incident = stripped(newest.Text), newest.Plain, newest.Kind, newest.Incident
			if a.Folded > 0 {
				a.Text += fmt.Sprintf(foldedLine, a.Folded, int(interval.Minutes()))
			}
			left = append(left, a)
			folded = append(folded, folding{a, all[1:]})
		}
	}
	return left, folded
}

// foldedLine ends the text of an alert that stands for others.
const foldedLine = "\n" + warning + "and %d earlier alerts of this profile, which sends one in %d minutes at most"

// stripped is a text without its foldedLine.
func stripped(text string) string {
	before, _, _ := strings.Cut(foldedLine, "%d")
	if i := strings.LastIndex(text, before); i >= 0 && !strings.Contains(text[i+1:], "\n") {
		return text[:i]
	}
	return text
}

// A pace is a time: what a profile has sent has been paid for by then. paced
// returns how long the profile has to wait, paid the pace after one alert more
// (the generic cell rate algorithm, ITU-T I.371). A pace that is farther ahead
// than any can be means that a clock was wrong.
func paced(pace, now time.Time) time.Duration {
	ahead := pace.Sub(now)
	if ahead <= (burst-1)*interval || ahead > burst*interval {
		return 0
	}
	return ahead - (burst-1)*interval
}

func paid(pace, now time.Time) time.Time {
	if ahead := pace.Sub(now); ahead < 0 || ahead > burst*interval {
		pace = now
	}
	return pace.Add(interval)
}

// next returns the alert to send, or how long to wait for one; ok is false when
// nothing is pending. All wait while Telegram has asked to be left alone; each one
// that met what a person has to correct, or whose profile has used up its pace,
// waits for itself. Of the others one that is due is enough to go on, so that no
// alert overtakes one that has met a fault of the way: first failures and pages,
// the newest of them first; then the rest in order.
func next(pending []montimer.Alert, paces map[string]time.Time, now time.Time) (a montimer.Alert, wait time.Duration, ok bool) {
	if len(pending) == 0 {
		return a, 0, false
	}
	var soonest time.Duration
	var ready []montimer.Alert
	for i, p := range pending {
		status := lastStatus(p)
		left, held := toWait(p, now), paced(paces[p.Profile], now)
		if i == 0 || max(left, held) < soonest {
			soonest = max(left, held)
		}
		if held == 0 && (left == 0 || !telegram.Permanent(status)) {
			ready = append(ready, p)
		}
	}
	if wait = max(peace(pending, now), soonest); wait > 0 {
		return a, wait, true
	}
	return slices.MinFunc(ready, urgency), 0, true
}

// toWait is how long an alert has to wait for its next attempt.
func toWait(a montimer.Alert, now time.Time) time.Duration {
	left := max(0, a.NextTry.Sub(now))
	if left > longest(lastStatus(a)) { // the clock was ahead
		return 0
	}
	return left
}

// peace is for how long Telegram has asked to be left alone.
func peace(pending []montimer.Alert, now time.Time) (wait time.Duration) {
	for _, p := range pending {
		if lastStatus(p) == http.StatusTooManyRequests {
			wait = max(wait, toWait(p, now))
		}
	}
	return wait
}

// refused reports whether an alert met what is wrong with the bot or the chat,
// and not with the alert: once that has been corrected, it can go.
func refused(a montimer.Alert) bool {
	status, text := lastStatus(a), strings.ToLower(a.Error)
	return telegram.Permanent(status) &&
		(status != http.StatusBadRequest || strings.Contains(text, "chat") || strings.Contains(text, "topic") || strings.Contains(text, "thread"))
}

// routeless reports whether an alert waits for nothing but a route: once there is
// one, it can go.
func routeless(a montimer.Alert) bool {
	return slices.Contains([]string{ErrDebug.Error(), ErrNoRoute.Error(), ErrNoToken.Error()}, a.Error)
}

// probe returns an alert with which to find out whether what the bot or the chat
// was refused for has been corrected: so that alerts do not wait for their hour.
func probe(pending []montimer.Alert, paces map[string]time.Time, tried map[int64]bool, now time.Time) (a montimer.Alert, ok bool) {
	if peace(pending, now) > 0 {
		return a, false
	}
	var candidates []montimer.Alert
	for _, p := range pending {
		if refused(p) && !tried[p.ID] && paced(paces[p.Profile], now) == 0 {
			candidates = append(candidates, p)
		}
	}
	if candidates == nil {
		return a, false
	}
	return slices.MinFunc(candidates, urgency), true
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
