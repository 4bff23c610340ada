package notify

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/telegram"
)

// A delivery begins no attempt after attemptTime, and ends within limit: runs
// wait for it, and the timer of the outbox elapses every minute.
const (
	attemptTime = 20 * time.Second
	limit       = 30 * time.Second
)

// SendPending sends the pending alerts that can be sent soon; the rest stays.
// If another process is sending, that one sends all. The error is one of the
// outbox or, without a route, that of FindRoute; errors of Telegram are logged
// and stored.
func (n Notifier) SendPending(ctx context.Context) error {
	if pending, err := n.Outbox.Pending(ctx); err != nil || len(pending) == 0 {
		return err
	}
	release, ok, wrong := n.Outbox.BeginSending(ctx)
	if !ok {
		return wrong
	}
	defer release()
	_, err := n.sendAll(ctx, false)
	return errors.Join(wrong, err)
}

// SendAndCheck is SendPending, then Stuck: at nearly all ticks nothing is pending,
// which one look at the outbox says.
func (n Notifier) SendAndCheck(ctx context.Context) (stuck, err error) {
	if pending, err := n.Outbox.Pending(ctx); err != nil || len(pending) == 0 {
		return err, err
	}
	err = n.SendPending(ctx)
	return n.Stuck(ctx), err
}

// FlushResult is the result of a Flush.
type FlushResult struct {
	Sent, Waiting int
	Next          time.Time // nothing that waits is sent before
}

// Text says what was sent and what waits, for people.
func (f FlushResult) Text(of montimer.Instance) string {
	if f.Waiting == 0 {
		return fmt.Sprintf("%d sent, none waiting", f.Sent)
	}
	return fmt.Sprintf("%d sent, %d pending, next attempt at %s (reason: %s)", f.Sent, f.Waiting, localTime(f.Next), of.Command("notify pending"))
}

// ErrBusy says that another process has been sending for longer than limit.
var ErrBusy = errors.New("another process has not finished sending: try again")

// Flush is SendPending after the operator has corrected something: each alert
// is tried now, unless Telegram demands a pause. If another process is sending,
// Flush waits for its end, since that one skips what is not due.
func (n Notifier) Flush(ctx context.Context) (f FlushResult, err error) {
	release, wrong, err := n.waitToSend(ctx)
	if err != nil {
		return f, err
	}
	defer release()
	if f.Sent, err = n.sendAll(ctx, true); err != nil {
		return f, errors.Join(wrong, err)
	}
	pending, err := n.Outbox.Pending(ctx)
	now := time.Now()
	_, wait, _ := next(pending, nil, 0, now)
	f.Waiting, f.Next = len(pending), now.Add(wait)
	return f, errors.Join(wrong, err)
}

// waitToSend waits for the right to send.
func (n Notifier) waitToSend(ctx context.Context) (release func(), wrong, err error) {
	for end, logged := time.Now().Add(limit), false; ; logged = true {
		release, ok, err := n.Outbox.BeginSending(ctx)
		switch {
		case ok:
			return release, err, nil
		case err != nil:
			return nil, nil, err
		case time.Now().After(end):
			return nil, nil, ErrBusy
		case !logged:
			n.Log.Info("another process is sending: waiting for its end")
		}
		if !sleep(ctx, 100*time.Millisecond) {
			return nil, nil, ctx.Err()
		}
	}
}

// sendAll returns how many alerts it has sent.
func (n Notifier) sendAll(ctx context.Context, flush bool) (sent int, err error) {
	to, err := FindRoute(n.Getenv)
	if err != nil {
		held := n.hold(ctx, err)
		if pending, asked := n.Outbox.Pending(ctx); held == nil && flush && (asked != nil || len(pending) > 0) {
			held = err
		}
		return 0, held
	}
	moved, err := n.Outbox.Chats(ctx)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	d := &delivery{Notifier: n, to: to, moved: moved, open: flush, flush: flush, tried: map[int64]bool{}, turn: rand.IntN(share)}
	for end := time.Now().Add(attemptTime); ; {
		a, wait, err := d.next(ctx)
		switch {
		case err != nil:
			return d.sent, err
		case a != nil:
			if wait, err = d.deliver(ctx, *a); err != nil {
				return d.sent, err
			}
		case wait == 0:
			return d.sent, nil // nothing is pending
		}
		if time.Now().Add(wait).After(end) || !sleep(ctx, wait) {
			return d.sent, nil
		}
	}
}

// sleep reports whether ctx lasted as long.
func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// hold keeps the pending alerts while nothing can be sent, for the reason why:
// until that is corrected, or the alert is dropped. It returns why once for
// each new alert and then every hour.
func (n Notifier) hold(ctx context.Context, why error) error {
	pending, err := n.pending(ctx, nil)
	if err != nil {
		return errors.Join(why, err)
	}
	status := montimer.SkippedCredentials
	if errors.Is(why, ErrDebug) {
		status = montimer.SkippedDebug
	}
	now := time.Now()
	var held []montimer.Alert
	for _, a := range pending {
		switch left := a.NextTry.Sub(now); {
		case left > 0 && left <= correctionWait && a.Error == why.Error():
			continue
		case a.Waited >= giveUp:
			n.givenUp(a, why.Error())
			err = errors.Join(err, n.Outbox.Drop(ctx, a, status, ""))
			continue
		}
		a.Waited += correctionWait
		a.NextTry, a.Status, a.Error = now.Add(correctionWait), 0, why.Error()
		held = append(held, a)
	}
	if held == nil {
		return err
	}
	return errors.Join(why, err, n.Outbox.Hold(ctx, held, status))
}

// givenUp logs that an alert will not be sent.
func (n Notifier) givenUp(a montimer.Alert, text string) {
	n.Log.Error(fmt.Sprintf("alert given up after %s of attempts: %s", a.Waited.Round(time.Minute), text), "profile", a.Profile, "run_id", a.RunID)
}

// pending returns what is to be sent, after it has been folded.
func (n Notifier) pending(ctx context.Context, paces map[string]time.Time) ([]montimer.Alert, error) {
	pending, err := n.Outbox.Pending(ctx)
	if err != nil {
		return nil, err
	}
	pending, folded := fold(pending, paces, time.Now())
	for _, f := range folded {
		if err := n.Outbox.Fold(ctx, f.keep, f.folded); err != nil {
			return nil, err
		}
	}
	return pending, nil
}

// Stuck says why alerts cannot be sent from this host; nil: they can, or there
// are none.
func (n Notifier) Stuck(ctx context.Context) error {
	pending, err := n.Outbox.Pending(ctx)
	if err != nil || len(pending) == 0 {
		return err
	}
	if _, err := FindRoute(n.Getenv); err != nil {
		return fmt.Errorf("pending alerts (%d): %w", len(pending), err)
	}
	for _, a := range pending {
		if telegram.Permanent(a.Status) || a.Waited >= overdue {
			return fmt.Errorf("pending alerts (%d): %s", len(pending), a.Error)
		}
	}
	return nil
}

// Test sends a text at once, without the outbox, and returns the route it took.
func (n Notifier) Test(ctx context.Context, text string) (Route, error) {
	to, err := FindRoute(n.Getenv)
	if err != nil {
		return to, err
	}
	n.Outbox = &memory{}
	d := &delivery{Notifier: n, to: to, moved: map[string]string{}}
	if to.Wrong != "" {
		d.Log.Error(d.Redact(to.Wrong))
	}
	if failure := d.message(ctx, d.to.label(false)+text, true); failure != nil {
		if failure.Permanent() {
			return to, fmt.Errorf("%s: %s", n.Redact(failure.Error()), n.Redact(to.hint(failure)))
		}
		return to, errors.New(n.Redact(failure.Error()))
	}
	return d.to, nil
}
