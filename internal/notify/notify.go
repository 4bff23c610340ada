// Package notify reports runs to people.
//
// decide.go chooses which runs are reported, digest.go formats the alert,
// split.go cuts what is too long for one message, route.go says where messages
// go, and queue.go in which order and how often: none of them has side effects.
// send.go sends what is in the outbox, memory.go what could not be stored,
// heartbeat.go signals runs to a monitoring service.
package notify

import (
	"context"
	"log/slog"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/internal/telegram"
)

// Outbox keeps alerts until they have been sent.
type Outbox interface {
	// BeginSending gives the right to send to one process at a time; ok is false
	// when another has it. With ok, an error says what has to be corrected.
	BeginSending(context.Context) (release func(), ok bool, err error)
	// Pending returns all unsent alerts, oldest first.
	Pending(context.Context) ([]montimer.Alert, error)
	// Shorten replaces the text of an alert by rest: the part before it has been
	// sent.
	Shorten(ctx context.Context, a montimer.Alert, rest string) error
	// Delivered records an alert as sent, with a label before its text.
	Delivered(ctx context.Context, a montimer.Alert, label string, at time.Time) error
	// Drop ends the delivery of an alert with status s.
	Drop(ctx context.Context, a montimer.Alert, s montimer.DeliveryStatus, errText string) error
	// Retry keeps an alert for another attempt.
	Retry(ctx context.Context, a montimer.Alert) error
	// Hold keeps alerts for which no attempt can be made.
	Hold(ctx context.Context, alerts []montimer.Alert, s montimer.DeliveryStatus) error
	// Pace records the pace of a profile, Paces returns those of all.
	Pace(ctx context.Context, profile string, pace time.Time) error
	Paces(context.Context) (map[string]time.Time, error)
	// Fold drops alerts that keep reports too, and stores keep.
	Fold(ctx context.Context, keep montimer.Alert, folded []montimer.Alert) error
	// ChatMoved records the new id of a chat, Chats returns those of all.
	ChatMoved(ctx context.Context, oldID, newID string) error
	Chats(context.Context) (map[string]string, error)
}

// Bot sends messages; each error is a *telegram.Error.
type Bot interface {
	Send(ctx context.Context, token string, m telegram.Message) error
}

// Notifier sends alerts to Telegram.
type Notifier struct {
	Instance montimer.Instance // for the commands in messages

	Outbox Outbox
	Bot    Bot
	Getenv func(string) string // read for each message
	Redact func(string) string // hides secrets in what is stored and logged
	Log    *slog.Logger
}

// New returns what sends the alerts of an instance's box, as the environment says.
func New(of montimer.Instance, getenv func(string) string, redact func(string) string, box Outbox, log *slog.Logger) (Notifier, error) {
	bot, err := telegram.New(getenv("TELEGRAM_API_BASE"))
	return Notifier{Instance: of, Outbox: box, Bot: bot, Getenv: getenv, Redact: redact, Log: log}, err
}

// Redactor returns what hides the secrets of an environment; the URL of a heartbeat
// is one.
func Redactor(environ []string) *safetext.Redactor {
	return safetext.NewRedactor(append(safetext.SecretValues(environ), SecretValues(environ)...))
}
