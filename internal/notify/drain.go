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

// Drain sends what is pending as far as that is possible soon; the rest stays.
// Where another process is at it already, that one sends all. The error says
// what is wrong with the outbox or, where there is nowhere to send to, is that of
// FindRoute; what went wrong on the way to Telegram is logged and stored.
func (n Notifier) Drain(ctx context.Context) error {
	if pending, err := n.Outbox.Pending(ctx); err != nil || len(pending) == 0 {
		return err
	}
	release, ok, wrong := n.Outbox.Drain(ctx)
	if !ok {
		return wrong
	}
	defer release()
	_, err := n.drain(ctx, false)
	return errors.Join(wrong, err)
}

// Flushed is what became of a Flush.
type Flushed struct {
	Sent, Waiting int
	Next          time.Time // nothing that waits is sent before
}

// ErrBusy says that another process has been sending for longer than one may.
var ErrBusy = errors.New("another process has not finished sending: try again")

// Flush is Drain after a person has corrected something: each alert is tried now,
// unless Telegram has asked to be left alone. Where another process is at it,
// Flush waits for its end, since that one leaves alone what is not due.
func (n Notifier) Flush(ctx context.Context) (f Flushed, err error) {
	release, wrong, err := n.turn(ctx)
	if err != nil {
		return f, err
	}
	defer release()
	if f.Sent, err = n.drain(ctx, true); err != nil {
		return f, errors.Join(wrong, err)
	}
	pending, err := n.Outbox.Pending(ctx)
	now := time.Now()
	_, wait, _ := next(pending, nil, now)
	f.Waiting, f.Next = len(pending), now.Add(wait)
	return f, errors.Join(wrong, err)
}

// turn waits for the right to send.
func (n Notifier) turn(ctx context.Context) (release func(), wrong, err error) {
	for end, told := time.Now().Add(limit), false; ; told = true {
		release, ok, err := n.Outbox.Drain(ctx)
		switch {
		case ok:
			return release, err, nil
		case err != nil:
			return nil, nil, err
		case time.Now().After(end):
			return nil, nil, ErrBusy
		case !told:
			n.Log.Info("another process is sending: waiting for its end")
		}
		if !sleep(ctx, 100*time.Millisecond) {
			return nil, nil, ctx.Err()
		}
	}
}

// drain returns how many alerts it has sent.
func (n Notifier) drain(ctx context.Context, flush bool) (sent int, err error) {
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
	d := &drain{Notifier: n, to: to, moved: moved, open: flush, flush: flush, tried: map[int64]bool{}}
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

// hold keeps what is pending while nothing can be sent, since why: until that has
// been corrected, or for as long as an alert is kept. It returns why each time
// that there is something to say of an alert: when it is new, and each hour.
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
		case left > 0 && left <= mendTime && a.Error == why.Error():
			continue
		case a.Waited >= giveUp:
			n.givenUp(a, why.Error())
			err = errors.Join(err, n.Outbox.Drop(ctx, a, status, ""))
			continue
		}
		a.Waited += mendTime
		a.NextTry, a.Error = now.Add(mendTime), why.Error()
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

// Stuck says why alerts cannot leave this host; nil: they can, or there are none.
func (n Notifier) Stuck(ctx context.Context) error {
	pending, err := n.Outbox.Pending(ctx)
	if err != nil || len(pending) == 0 {
		return err
	}
	if _, err := FindRoute(n.Getenv); err != nil {
		return fmt.Errorf("pending alerts (%d): %w", len(pending), err)
	}
	for _, a := range pending {
		if telegram.Permanent(lastStatus(a)) || a.Waited >= overdue {
			return fmt.Errorf("pending alerts (%d): %s", len(pending), a.Error)
		}
	}
	return nil
}

// drain is a drain under way.
type drain struct {
	Notifier
	to     Route
	note   string            // what is wrong with where messages go; told in each
	moved  map[string]string // new ids of chats
	open   bool              // a message has got through: what the route had refused may, too
	flush  bool
	probed bool
	tried  map[int64]bool // ids of alerts
	sent   int
}

// next returns the alert to send, or how long to wait; neither: nothing to do.
// It asks the outbox each time: other processes put alerts there meanwhile.
func (d *drain) next(ctx context.Context) (*montimer.Alert, time.Duration, error) {
	paces, err := d.Outbox.Paces(ctx)
	if err != nil {
		return nil, 0, err
	}
	pending, err := d.pending(ctx, paces)
	if err != nil {
		return nil, 0, err
	}
	if d.flush {
		paces = nil
	}
	for i, a := range pending {
		if d.tried[a.ID] || lastStatus(a) == http.StatusTooManyRequests {
			continue
		}
		if d.flush || d.open && refused(a) || routeless(a) {
			pending[i].NextTry = time.Time{}
		}
	}
	a, wait, ok := next(pending, paces, time.Now())
	if ok && wait > 0 && !d.probed {
		d.probed = true
		if p, found := probe(pending, paces, d.tried, time.Now()); found {
			a, wait = p, 0
		}
	}
	if !ok || wait > 0 {
		return nil, wait, nil
	}
	d.tried[a.ID] = true
	return &a, 0, nil
}

// deliver makes one attempt to send an alert and records how it went. It
// returns how long to leave Telegram alone.
func (d *drain) deliver(ctx context.Context, a montimer.Alert) (time.Duration, error) {
	if d.to.Wrong != "" {
		d.Log.Error(d.Redact(d.to.Wrong))
	}
	if a.Created.IsZero() {
		d.Log.Warn(fmt.Sprintf("alert %d has no time it was created at: its row of the outbox is damaged, or was not written by montimer", a.ID))
	}
	failure, err := d.send(ctx, a)
	ctx = context.WithoutCancel(ctx) // what has happened is recorded
	switch {
	case err != nil:
		return 0, err
	case failure != nil:
		return d.postpone(ctx, a, failure)
	}
	d.open = true
	d.sent++
	err = d.Outbox.Delivered(ctx, a, d.to.label(a.Plain), time.Now())
	if err != nil {
		return 0, err
	}
	paces, err := d.Outbox.Paces(ctx)
	if err != nil {
		return 0, err
	}
	return 0, d.Outbox.Pace(ctx, a.Profile, paid(paces[a.Profile], time.Now()))
}

// postpone keeps an alert that could not be sent, unless it has been tried for
// too long. An attempt that was made before its time changes nothing, if it met
// what a person has to correct.
func (d *drain) postpone(ctx context.Context, a montimer.Alert, failure *telegram.Error) (time.Duration, error) {
	log := d.Log.With("profile", a.Profile, "run_id", a.RunID)
	text := d.Redact(failure.Error())
	early := time.Until(a.NextTry) > 0 && time.Until(a.NextTry) <= longest(lastStatus(a))
	wait := pause(failure, a.Attempts)
	switch {
	case failure.Permanent() && early:
		return 0, nil
	case a.Waited >= giveUp:
		d.givenUp(a, text)
		return 0, d.Outbox.Drop(ctx, a, montimer.DeliveryFailed, "send to Telegram: "+text)
	case failure.Permanent():
		log.Error(fmt.Sprintf("alert not sent until this is corrected: %s (%s), then: montimer notify flush", text, d.Redact(d.to.cure(failure))))
	default:
		log.Warn(fmt.Sprintf("alert not sent, next attempt in %s: %s", wait, text))
	}
	waited := a.Waited
	if !a.NextTry.IsZero() { // a flush makes more attempts, not longer waits
		waited += wait
	}
	if err := d.Outbox.Retry(ctx, a, time.Now().Add(wait), waited, text); err != nil {
		return 0, err
	}
	if failure.Permanent() {
		return 0, nil // others may get through
	}
	return wait, nil
}

// send sends an alert, in several messages if it has to. Between these the
// outbox keeps what is still to be sent.
func (d *drain) send(ctx context.Context, a montimer.Alert) (*telegram.Error, error) {
	for rest := a.Text; ; {
		var part string
		part, rest = cut(rest, telegram.MaxText-units(d.to.label(a.Plain))-units(d.noted(!a.Plain)))
		if failure := d.message(ctx, d.to.label(a.Plain)+part, !a.Plain); failure != nil {
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

// noted is the note as it stands in a message.
func (d *drain) noted(markdown bool) string {
	switch {
	case d.note == "":
		return ""
	case markdown:
		return "\n\n" + warning + telegram.Escape(d.note)
	}
	return "\n\n" + warning + d.note
}

// message sends one message. It goes once more to a chat that has moved, without
// markup where that is at fault, without a topic that Telegram refuses, and to the
// last resort where the chat or the bot is refused: each at most once, and only
// when Telegram has said that it did not take the message. What has helped stays
// so for the messages that follow, is logged, and noted in each.
func (d *drain) message(ctx context.Context, text string, markdown bool) *telegram.Error {
	to, note := d.to, d.note  // if nothing helps
	var first *telegram.Error // of the chat where messages should go
	for range 8 {
		failure := d.attempt(ctx, text, markdown)
		if failure == nil {
			if d.note != note {
				d.Log.Error(d.note)
			}
			return nil
		}
		instead, other := d.to.instead(d.Getenv, failure)
		switch {
		case failure.MigrateTo != "" && d.moved[d.chat()] == "":
			d.chatMoved(ctx, d.chat(), failure.MigrateTo)
		case failure.Unparsable() && markdown:
			d.Log.Warn("Telegram cannot read the markup of an alert, which is sent without: " + d.Redact(failure.Error()))
			markdown = false
		case failure.NoTopic() && d.to.Thread != 0:
			d.note = fmt.Sprintf("%s: Telegram refuses topic %d of chat %s (%s): alerts go to its general topic until this is corrected",
				topicID, d.to.Thread, d.to.Chat, d.Redact(failure.Error()))
			d.to.Thread = 0
		case failure.Permanent() && !failure.BadText() && other:
			d.note = fmt.Sprintf("%s: chat %s cannot be reached (%s; %s): alerts go to chat %s (%s) until this is corrected",
				d.to.ChatFrom, d.to.Chat, d.Redact(failure.Error()), d.Redact(d.to.cure(failure)), instead.Chat, defaultChat)
			first, d.to = failure, instead
		default:
			d.to, d.note = to, note
			if first != nil && failure.Permanent() {
				return first
			}
			return failure
		}
	}
	d.to, d.note = to, note
	return &telegram.Error{Status: http.StatusBadRequest, Description: "the chat has moved too often"}
}

// attempt is one request.
func (d *drain) attempt(ctx context.Context, text string, markdown bool) (failure *telegram.Error) {
	m := telegram.Message{ChatID: d.chat(), Thread: d.to.Thread, Text: text, Markdown: markdown}
	if note := d.noted(markdown); units(m.Text)+units(note) <= telegram.MaxText {
		m.Text += note
	}
	err := d.Bot.Send(ctx, d.to.Token, m)
	if err != nil && !errors.As(err, &failure) {
		failure = &telegram.Error{Description: err.Error()}
	}
	return failure
}

// chat is the id that the chat has now.
func (d *drain) chat() string {
	if moved, ok := d.moved[d.to.Chat]; ok {
		return moved
	}
	return d.to.Chat
}

func (d *drain) chatMoved(ctx context.Context, from, to string) {
	d.Log.Warn(fmt.Sprintf("chat %s has become %s: change it in the environment file", from, to))
	d.moved[from], d.moved[d.to.Chat] = to, to
	if err := d.Outbox.ChatMoved(context.WithoutCancel(ctx), from, to); err != nil {
		d.Log.Warn(err.Error())
	}
}

// Test sends a text at once, past the outbox, and returns where it has arrived.
func (n Notifier) Test(ctx context.Context, text string) (Route, error) {
	to, err := FindRoute(n.Getenv)
	if err != nil {
		return to, err
	}
	n.Outbox = &memory{}
	d := &drain{Notifier: n, to: to, moved: map[string]string{}}
	if to.Wrong != "" {
		d.Log.Error(d.Redact(to.Wrong))
	}
	if failure := d.message(ctx, d.to.label(false)+text, true); failure != nil {
		if failure.Permanent() {
			return to, fmt.Errorf("%s: %s", n.Redact(failure.Error()), n.Redact(to.cure(failure)))
		}
		return to, errors.New(n.Redact(failure.Error()))
	}
	return d.to, nil
}
