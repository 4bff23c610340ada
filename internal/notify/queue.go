package notify

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/telegram"
)

const (
	firstBackoff   = 5 * time.Second // after the first attempt that met a transport error; doubled with each
	maxBackoff     = 5 * time.Minute
	correctionWait = time.Hour          // between attempts that meet what the operator has to correct
	giveUp         = 7 * 24 * time.Hour // of waiting, after which an alert is dropped
	overdue        = 10 * time.Minute   // of waiting, after which an alert is stuck

	// A profile may send burst alerts at once, and then one in each interval;
	// further ones are folded.
	burst    = 20
	interval = 5 * time.Minute

	// Of so many messages one is for what is not urgent, where more than burst
	// alerts are.
	share = 4
)

// folding is an alert with those that it reports too.
type folding struct {
	keep   montimer.Alert
	folded []montimer.Alert
}

// fold joins the pending alerts of an incident, except its first, into one. It
// has the text of the newest, which says how many runs have failed since when
// or that all is well, and the place and the attempts of the oldest. If a
// profile has used up its pace, or has more than burst alerts pending, fold
// joins all its alerts about runs; the result says how many it stands for. fold
// returns what is left, and what was folded into what.
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
		if !crowded || a.Kind == montimer.AlertPage || a.Kind == montimer.AlertReport {
			return ""
		}
		return a.Profile
	}, true)
	return left, append(folded, more...)
}

// foldBy joins the alerts of each group into one; "" is no group. counted: the
// result says how many others it stands for.
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
			a = joined(all, counted)
			left = append(left, a)
			folded = append(folded, folding{a, all[1:]})
		}
	}
	return left, folded
}

// joined returns the first of some alerts with the text of the last one.
func joined(all []montimer.Alert, counted bool) montimer.Alert {
	a, newest := all[0], all[len(all)-1]
	if counted {
		a.Folded += len(all) - 1
	}
	for _, other := range all[1:] {
		a.Folded += other.Folded
		a.First = a.First || other.First
	}
	a.Text, a.Plain, a.Kind, a.Incident = stripped(newest.Text), newest.Plain, newest.Kind, newest.Incident
	if a.Folded > 0 {
		a.Text += fmt.Sprintf(foldedLine, count(a.Folded, "earlier alert"), int(interval.Minutes()))
	}
	return a
}

// foldedLine ends the text of an alert that stands for others.
const foldedLine = "\n" + warning + "and %s of this profile, which sends one in %d minutes at most"

// stripped returns a text without its foldedLine.
func stripped(text string) string {
	before, _, _ := strings.Cut(foldedLine, "%s")
	if i := strings.LastIndex(text, before); i >= 0 && !strings.Contains(text[i+1:], "\n") {
		return text[:i]
	}
	return text
}

// A pace is the time at which the alerts sent so far no longer count. paced
// returns how long the profile has to wait, paid the pace after one more alert
// (the generic cell rate algorithm, ITU-T I.371). A pace too far ahead comes
// from a wrong clock and does not count.
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
// nothing is pending. All wait while Telegram demands a pause; one that met
// what the operator has to correct, or one of a profile that has used up its
// pace, waits alone, but the later alerts of its profile wait for one that was
// refused: the bot or the chat is theirs, too. Of the others, one that is due is
// enough to go on, so that no alert overtakes one that met a transport error: first
// failures and pages, the newest of them first and those of lost runs last; then the
// rest in order. A flood of these does not hold up the rest: see share. turn counts the messages.
func next(pending []montimer.Alert, paces map[string]time.Time, turn int, now time.Time) (a montimer.Alert, wait time.Duration, ok bool) {
	if len(pending) == 0 {
		return a, 0, false
	}
	var soonest time.Duration
	var ready []montimer.Alert
	behind := map[string]time.Duration{} // how long the refused alert of a profile waits
	for i, p := range pending {
		left, held := toWait(p, now), paced(paces[p.Profile], now)
		if !urgent(p) {
			held = max(held, behind[p.Profile])
		}
		if refused(p) {
			behind[p.Profile] = max(behind[p.Profile], left)
		}
		if i == 0 || max(left, held) < soonest {
			soonest = max(left, held)
		}
		if held == 0 && (left == 0 || !telegram.Permanent(p.Status)) {
			ready = append(ready, p)
		}
	}
	if wait = max(floodWait(pending, now), soonest); wait > 0 {
		return a, wait, true
	}
	rest := slices.DeleteFunc(slices.Clone(ready), urgent)
	if turn%share == 0 && len(rest) > 0 && len(ready)-len(rest) > burst {
		ready = rest
	}
	return slices.MinFunc(ready, urgency), 0, true
}

// toWait returns how long an alert has to wait for its next attempt.
func toWait(a montimer.Alert, now time.Time) time.Duration {
	left := max(0, a.NextTry.Sub(now))
	if left > longest(a.Status) { // the clock was ahead
		return 0
	}
	return left
}

// floodWait returns how long Telegram demands a pause.
func floodWait(pending []montimer.Alert, now time.Time) (wait time.Duration) {
	for _, p := range pending {
		if p.Status == http.StatusTooManyRequests {
			wait = max(wait, toWait(p, now))
		}
	}
	return wait
}

// refused reports whether an alert failed for the bot or the chat, not for its
// own text: once that is corrected, it can be sent.
func refused(a montimer.Alert) bool {
	text := strings.ToLower(a.Error)
	return telegram.Permanent(a.Status) &&
		(a.Status != http.StatusBadRequest || strings.Contains(text, "chat") || strings.Contains(text, "topic") || strings.Contains(text, "thread"))
}

// routeless reports whether an alert only waits for a route.
func routeless(a montimer.Alert) bool {
	return slices.Contains([]string{ErrDebug.Error(), ErrNoRoute.Error(), ErrNoToken.Error()}, a.Error)
}

// probe returns a refused alert to try before its time: if the bot or the chat
// has been corrected, the others need not wait for their hour.
func probe(pending []montimer.Alert, paces map[string]time.Time, tried map[int64]bool, now time.Time) (a montimer.Alert, ok bool) {
	if floodWait(pending, now) > 0 {
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
	switch {
	case urgent(a) && urgent(b):
		if lost := a.Kind == montimer.AlertLost; lost != (b.Kind == montimer.AlertLost) {
			if lost { // there can be thousands, of as many profiles
				return 1
			}
			return -1
		}
		return cmp.Compare(b.ID, a.ID)
	case urgent(a):
		return -1
	case urgent(b):
		return 1
	}
	return cmp.Compare(a.ID, b.ID)
}

// urgent reports whether an alert goes before those that have an order.
func urgent(a montimer.Alert) bool { return a.First || a.Kind == montimer.AlertPage }

// longest returns the longest wait after an attempt with this status.
func longest(status int) time.Duration {
	switch {
	case status == http.StatusTooManyRequests:
		return telegram.MaxWait
	case telegram.Permanent(status):
		return correctionWait
	}
	return maxBackoff
}

// pause returns how long to wait after a failed attempt; attempts counts those
// before.
func pause(err *telegram.Error, attempts int) time.Duration {
	wait := err.RetryAfter
	switch {
	case wait > 0:
	case err.Permanent():
		wait = correctionWait
	default:
		wait = min(firstBackoff<<min(attempts, 10), maxBackoff)
	}
	return min(wait, longest(err.Status))
}
