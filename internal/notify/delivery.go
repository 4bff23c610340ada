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

// delivery is one pass over the outbox.
type delivery struct {
	Notifier
	to     Route
	note   string            // what is wrong with the route; part of each message
	moved  map[string]string // new ids of chats
	open   bool              // a message was accepted: earlier refusals are tried again
	flush  bool
	probed bool
	tried  map[int64]bool // ids of alerts
	turn   int            // of the first message: see share
	sent   int
}

// next returns the alert to send, or how long to wait; neither: nothing to do.
// It reads the outbox each time: other processes store alerts meanwhile.
func (d *delivery) next(ctx context.Context) (*montimer.Alert, time.Duration, error) {
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
		if d.tried[a.ID] || a.Status == http.StatusTooManyRequests {
			continue
		}
		if d.flush || d.open && refused(a) || routeless(a) {
			pending[i].NextTry = time.Time{}
		}
	}
	a, wait, ok := next(pending, paces, d.turn+len(d.tried), time.Now())
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

// deliver makes one attempt to send an alert and records the result. It returns
// how long to wait before the next.
func (d *delivery) deliver(ctx context.Context, a montimer.Alert) (time.Duration, error) {
	if d.to.Wrong != "" {
		d.Log.Error(d.Redact(d.to.Wrong))
	}
	if a.Created.IsZero() {
		d.Log.Warn(fmt.Sprintf("alert %d has no creation time: its row of the outbox is damaged, or was not written by montimer", a.ID))
	}
	failure, err := d.send(ctx, a)
	ctx = context.WithoutCancel(ctx) // the result is recorded in any case
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
// too long. A permanent failure of an attempt before its time changes nothing.
func (d *delivery) postpone(ctx context.Context, a montimer.Alert, failure *telegram.Error) (time.Duration, error) {
	log := d.Log.With("profile", a.Profile, "run_id", a.RunID)
	text := d.Redact(failure.Error())
	early := time.Until(a.NextTry) > 0 && time.Until(a.NextTry) <= longest(a.Status)
	wait := pause(failure, a.Attempts)
	switch {
	case failure.Permanent() && early:
		return 0, nil
	case a.Waited >= giveUp:
		d.givenUp(a, text)
		return 0, d.Outbox.Drop(ctx, a, montimer.DeliveryFailed, "send to Telegram: "+text)
	case failure.Permanent():
		log.Error(fmt.Sprintf("alert not sent until this is corrected: %s (%s), then: %s", text, d.Redact(d.to.hint(failure)), d.Instance.Command("notify flush")))
	default:
		log.Warn(fmt.Sprintf("alert not sent, next attempt in %s: %s", wait, text))
	}
	if !a.NextTry.IsZero() { // a flush makes more attempts, not longer waits
		a.Waited += wait
	}
	a.NextTry, a.Status, a.Error = time.Now().Add(wait), failure.Status, text
	if err := d.Outbox.Retry(ctx, a); err != nil {
		return 0, err
	}
	if failure.Permanent() {
		return 0, nil // other alerts may succeed
	}
	return wait, nil
}

// send sends an alert, in several messages if it is long. Between these the
// outbox keeps the rest of the text.
func (d *delivery) send(ctx context.Context, a montimer.Alert) (*telegram.Error, error) {
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

// noted returns the note in the form of a message's end.
func (d *delivery) noted(markdown bool) string {
	switch {
	case d.note == "":
		return ""
	case markdown:
		return "\n\n" + warning + telegram.Escape(d.note)
	}
	return "\n\n" + warning + d.note
}

// message sends one message. It is sent again to a chat that has moved, without
// markup that Telegram cannot read, without a topic that it refuses, and to the
// last resort if the chat or the bot is refused: each at most once, and only if
// Telegram has refused the message. A change that helped is kept for the
// messages that follow, logged, and noted in each.
func (d *delivery) message(ctx context.Context, text string, markdown bool) *telegram.Error {
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
			d.Log.Warn("Telegram cannot read the markup of an alert; sent as plain text: " + d.Redact(failure.Error()))
			markdown = false
		case failure.NoTopic() && d.to.Thread != 0:
			d.note = fmt.Sprintf("%s: Telegram refuses topic %d of chat %s (%s): alerts go to its general topic until this is corrected",
				topicID, d.to.Thread, d.to.Chat, d.Redact(failure.Error()))
			d.to.Thread = 0
		case failure.Permanent() && !failure.BadText() && other:
			d.note = fmt.Sprintf("%s: chat %s cannot be reached (%s; %s): alerts go to chat %s (%s) until this is corrected",
				d.to.ChatFrom, d.to.Chat, d.Redact(failure.Error()), d.Redact(d.to.hint(failure)), instead.Chat, defaultChat)
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
func (d *delivery) attempt(ctx context.Context, text string, markdown bool) (failure *telegram.Error) {
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

// chat returns the current id of the chat.
func (d *delivery) chat() string {
	if moved, ok := d.moved[d.to.Chat]; ok {
		return moved
	}
	return d.to.Chat
}

func (d *delivery) chatMoved(ctx context.Context, from, to string) {
	d.Log.Warn(fmt.Sprintf("chat %s has become %s: change it in the environment file", from, to))
	d.moved[from], d.moved[d.to.Chat] = to, to
	if err := d.Outbox.ChatMoved(context.WithoutCancel(ctx), from, to); err != nil {
		d.Log.Warn(err.Error())
	}
}
