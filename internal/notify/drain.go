package notify

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/telegram"
)

// A drain begins no attempt after patience, and ends within limit: runs wait for
// it, and the timer of the outbox comes every minute.
const (
	patience = 20 * time.Second
	limit    = 30 * time.Second
)

// Tell sends alerts that are in the outbox, and what else waits there. Where
// there is nowhere to send to, or nothing is to be sent, these are dropped, and
// the error is that of FindRoute.
func (n Notifier) Tell(ctx context.Context, alerts ...montimer.Alert) error {
	_, err := FindRoute(n.Getenv)
	if err == nil || len(alerts) == 0 {
		return n.Drain(ctx)
	}
	status := SkippedCredentials
	if errors.Is(err, ErrDebug) {
		status = SkippedDebug
	}
	for _, a := range alerts {
		err = errors.Join(err, n.Outbox.Drop(ctx, a, status, ""))
	}
	return err
}

// Drain sends what is pending as far as that is possible soon; the rest stays.
// Where another process is at it already, that one sends all. The error is one
// of the outbox or of FindRoute: what went wrong on the way to Telegram is
// logged and stored.
func (n Notifier) Drain(ctx context.Context) error {
	release, ok, err := n.Outbox.Drain()
	if err != nil || !ok {
		return err
	}
	defer release()
	_, err = n.drain(ctx, false)
	return err
}

// Flushed is what became of a Flush.
type Flushed struct {
	Sent, Waiting int
	Next          time.Time // nothing that waits is sent before
}

// ErrBusy says that another process has been sending for longer than one may.
var ErrBusy = errors.New("another process has not done with sending: try again")

// Flush is Drain after somebody has mended something: each alert is tried now,
// but for the peace that Telegram asks for. Where another process is at it, Flush
// waits for its end, since that one leaves alone what is not due.
func (n Notifier) Flush(ctx context.Context) (f Flushed, err error) {
	release, err := n.turn(ctx)
	if err != nil {
		return f, err
	}
	defer release()
	if f.Sent, err = n.drain(ctx, true); err != nil {
		return f, err
	}
	pending, err := n.Outbox.Pending(ctx)
	now := time.Now()
	_, wait, _ := next(pending, now)
	f.Waiting, f.Next = len(pending), now.Add(wait)
	return f, err
}

// turn waits for the right to send.
func (n Notifier) turn(ctx context.Context) (release func(), err error) {
	for end, told := time.Now().Add(limit), false; ; told = true {
		release, ok, err := n.Outbox.Drain()
		switch {
		case err != nil || ok:
			return release, err
		case time.Now().After(end):
			return nil, ErrBusy
		case !told:
			n.Log.Info("another process is sending: waiting for its end")
		}
		if !sleep(ctx, 100*time.Millisecond) {
			return nil, ctx.Err()
		}
	}
}

// drain returns how many alerts it has sent.
func (n Notifier) drain(ctx context.Context, flush bool) (sent int, err error) {
	moved, err := n.Outbox.Chats(ctx)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	d := &drain{Notifier: n, moved: moved, flush: flush, tried: map[int64]bool{}}
	for end := time.Now().Add(patience); ; {
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

// drain is a drain under way.
type drain struct {
	Notifier
	moved map[string]string // new ids of chats
	flush bool
	tried map[int64]bool // ids of alerts
	sent  int
}

// next returns the alert to send, or how long to wait; neither: nothing to do.
// It asks the outbox each time: other processes put alerts there meanwhile.
func (d *drain) next(ctx context.Context) (*montimer.Alert, time.Duration, error) {
	pending, err := d.Outbox.Pending(ctx)
	if err != nil {
		return nil, 0, err
	}
	pending, folded := fold(pending)
	for _, f := range folded {
		if err := d.Outbox.Fold(ctx, f.keep, f.folded); err != nil {
			return nil, 0, err
		}
	}
	if d.flush {
		for i, a := range pending {
			if !d.tried[a.ID] && lastStatus(a) != http.StatusTooManyRequests {
				pending[i].NextTry = time.Time{}
			}
		}
	}
	a, wait, ok := next(pending, time.Now())
	if !ok || wait > 0 {
		return nil, wait, nil
	}
	d.tried[a.ID] = true
	return &a, 0, nil
}

// deliver makes one attempt to send an alert and records how it went. It
// returns how long to leave Telegram alone.
func (d *drain) deliver(ctx context.Context, a montimer.Alert) (time.Duration, error) {
	to, err := FindRoute(d.Getenv)
	if err != nil {
		return 0, err
	}
	if to.Wrong != "" {
		d.Log.Error(d.Redact(to.Wrong))
	}
	if moved, ok := d.moved[to.Chat]; ok {
		to.Chat = moved
	}
	failure, err := d.send(ctx, a, to)
	ctx = context.WithoutCancel(ctx) // what has happened is recorded
	switch {
	case err != nil:
		return 0, err
	case failure != nil:
		return d.postpone(ctx, a, failure)
	}
	d.sent++
	return 0, d.Outbox.Delivered(ctx, a, to.label(a.Plain), time.Now())
}

// postpone keeps an alert that could not be sent, unless it is too old.
func (d *drain) postpone(ctx context.Context, a montimer.Alert, failure *telegram.Error) (time.Duration, error) {
	log := d.Log.With("profile", a.Profile, "run_id", a.RunID)
	text := d.Redact(failure.Error())
	if age := time.Since(a.Created); age > giveUp {
		log.Error(fmt.Sprintf("alert given up after %s: %s", age.Round(time.Minute), text))
		return 0, d.Outbox.Drop(ctx, a, Failed, "send to Telegram: "+text)
	}
	wait := pause(failure, a.Attempts)
	if failure.Permanent() {
		log.Error("alert not sent until somebody mends this: " + text)
	} else {
		log.Warn(fmt.Sprintf("alert not sent, next attempt in %s: %s", wait, text))
	}
	if err := d.Outbox.Retry(ctx, a, time.Now().Add(wait), text); err != nil {
		return 0, err
	}
	if failure.Permanent() {
		return 0, nil // others may get through
	}
	return wait, nil
}

// send sends an alert, in several messages if it has to. Between these the
// outbox keeps what is still to be sent.
func (d *drain) send(ctx context.Context, a montimer.Alert, to Route) (*telegram.Error, error) {
	label := to.label(a.Plain)
	for rest := a.Text; ; {
		var part string
		part, rest = cut(rest, telegram.MaxText-units(label))
		if failure := d.message(ctx, to, label+part, !a.Plain); failure != nil {
			return failure, nil
		}
		if rest == "" {
			return nil, nil
		}
		if err := d.Outbox.Shorten(context.WithoutCancel(ctx), a, rest); err != nil {
			return nil, err
		}
	}
}

// message sends one message. To a chat that has moved it goes once more, and
// without markup where that is at fault.
func (d *drain) message(ctx context.Context, to Route, text string, markdown bool) (failure *telegram.Error) {
	m := telegram.Message{ChatID: to.Chat, Thread: to.Thread, Text: text, Markdown: markdown}
	for range 3 {
		err := d.Bot.Send(ctx, to.Token, m)
		if err == nil {
			return nil
		}
		if !errors.As(err, &failure) {
			return &telegram.Error{Description: err.Error()}
		}
		switch {
		case failure.MigrateTo != "":
			d.chatMoved(ctx, m.ChatID, failure.MigrateTo)
			m.ChatID = failure.MigrateTo
		case failure.Unparsable() && m.Markdown:
			d.Log.Warn("Telegram cannot read the markup of an alert, which is sent without: " + d.Redact(failure.Error()))
			m.Markdown = false
		default:
			return failure
		}
	}
	return failure
}

func (d *drain) chatMoved(ctx context.Context, from, to string) {
	d.Log.Warn(fmt.Sprintf("chat %s has become %s: change it in the environment file", from, to))
	d.moved[from] = to
	if err := d.Outbox.ChatMoved(context.WithoutCancel(ctx), from, to); err != nil {
		d.Log.Warn(err.Error())
	}
}
