package notify

import (
	"context"
	"errors"
	"time"

	"github.com/montimer/montimer"
)

// Direct sends an alert that could not be stored, from memory alone.
func (n Notifier) Direct(ctx context.Context, a montimer.Alert) error {
	m := &memory{pending: []montimer.Alert{a}}
	n.Outbox = m
	if err := n.Tell(ctx, a); err != nil {
		return err
	}
	if len(m.pending) > 0 || m.dropped {
		return errors.New("an alert that could not be stored has not been sent either")
	}
	return nil
}

// memory is an Outbox of one alert that lasts as long as the process.
type memory struct {
	pending []montimer.Alert
	dropped bool
}

func (m *memory) Drain() (func(), bool, error) { return func() {}, true, nil }

func (m *memory) Pending(context.Context) ([]montimer.Alert, error) { return m.pending, nil }

func (m *memory) Delivered(context.Context, montimer.Alert, time.Time) error {
	m.pending = nil
	return nil
}

func (m *memory) Drop(context.Context, montimer.Alert, Status, string) error {
	m.pending, m.dropped = nil, true
	return nil
}

func (m *memory) Retry(_ context.Context, a montimer.Alert, next time.Time, errText string) error {
	a.Attempts, a.NextTry, a.Error = a.Attempts+1, next, errText
	m.pending[0] = a
	return nil
}

func (m *memory) Fold(_ context.Context, keep montimer.Alert, _ []montimer.Alert) error {
	m.pending[0] = keep
	return nil
}

func (m *memory) ChatMoved(context.Context, string, string) error { return nil }

func (m *memory) Chats(context.Context) (map[string]string, error) { return map[string]string{}, nil }
