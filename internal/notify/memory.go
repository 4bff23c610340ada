package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/montimer/montimer"
)

// SendUnstored sends alerts that could not be stored, from memory. The error
// says that an alert could not be sent either, and is lost.
func (n Notifier) SendUnstored(ctx context.Context, alerts ...montimer.Alert) error {
	m := &memory{slices.Clone(alerts)}
	for i := range m.pending {
		m.pending[i].ID, m.pending[i].Created = int64(i), time.Now()
	}
	n.Outbox = m
	err := n.SendPending(ctx)
	if len(m.pending) > 0 && err == nil {
		err = errors.New(m.pending[0].Error)
	}
	if err != nil {
		err = fmt.Errorf("alert neither stored nor sent: %w", err)
	}
	return err
}

// memory is an Outbox that lasts as long as the process.
type memory struct{ pending []montimer.Alert }

func (m *memory) remove(a montimer.Alert) error {
	m.pending = slices.DeleteFunc(m.pending, func(p montimer.Alert) bool { return p.ID == a.ID })
	return nil
}

func (m *memory) of(a montimer.Alert) *montimer.Alert {
	return &m.pending[slices.IndexFunc(m.pending, func(p montimer.Alert) bool { return p.ID == a.ID })]
}

func (m *memory) BeginSending(context.Context) (func(), bool, error) { return func() {}, true, nil }

func (m *memory) Pending(context.Context) ([]montimer.Alert, error) {
	return slices.Clone(m.pending), nil
}

func (m *memory) Shorten(_ context.Context, a montimer.Alert, rest string) error {
	m.of(a).Text = rest
	return nil
}

func (m *memory) Delivered(_ context.Context, a montimer.Alert, _ string, _ time.Time) error {
	return m.remove(a)
}

func (m *memory) Drop(_ context.Context, a montimer.Alert, _ montimer.DeliveryStatus, _ string) error {
	return m.remove(a)
}

func (m *memory) Retry(_ context.Context, a montimer.Alert) error {
	p := m.of(a)
	p.Attempts, p.NextTry, p.Waited, p.Status, p.Error = p.Attempts+1, a.NextTry, a.Waited, a.Status, a.Error
	return nil
}

func (m *memory) Hold(_ context.Context, alerts []montimer.Alert, _ montimer.DeliveryStatus) error {
	for _, a := range alerts {
		*m.of(a) = a
	}
	return nil
}

func (m *memory) Pace(context.Context, string, time.Time) error { return nil }

func (m *memory) Paces(context.Context) (map[string]time.Time, error) { return nil, nil }

func (m *memory) Fold(_ context.Context, keep montimer.Alert, folded []montimer.Alert) error {
	for _, a := range folded {
		m.remove(a)
	}
	*m.of(keep) = keep
	return nil
}

func (m *memory) ChatMoved(context.Context, string, string) error { return nil }

func (m *memory) Chats(context.Context) (map[string]string, error) { return map[string]string{}, nil }
