package journal

import (
	"context"
	"log/slog"
	"maps"
	"strings"

	"github.com/coreos/go-systemd/v22/journal"
)

// Handler is a slog.Handler. Of a record's attributes the journal gets the
// strings: "event" as MESSAGE_ID, others as MONTIMER_ and their name.
type Handler struct {
	fallback slog.Handler // takes what the journal does not
	fields   map[string]string

	send func(message string, priority journal.Priority, fields map[string]string) error
}

// NewHandler returns a Handler.
func NewHandler(fallback slog.Handler) *Handler {
	return &Handler{fallback, map[string]string{"SYSLOG_IDENTIFIER": identifier}, journal.Send}
}

// Enabled implements [slog.Handler].
func (h *Handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.fallback.Enabled(ctx, level)
}

// Handle implements [slog.Handler].
func (h *Handler) Handle(ctx context.Context, r slog.Record) error {
	fields := maps.Clone(h.fields)
	r.Attrs(func(a slog.Attr) bool {
		set(fields, a)
		return true
	})
	if err := h.send(r.Message, priority(r.Level), fields); err != nil {
		return h.fallback.Handle(ctx, r)
	}
	return nil
}

// WithAttrs implements [slog.Handler].
func (h *Handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	fields := maps.Clone(h.fields)
	for _, a := range attrs {
		set(fields, a)
	}
	return &Handler{h.fallback.WithAttrs(attrs), fields, h.send}
}

// WithGroup implements [slog.Handler]. The journal has no groups.
func (h *Handler) WithGroup(string) slog.Handler { return h }

func set(fields map[string]string, a slog.Attr) {
	switch {
	case a.Value.Kind() != slog.KindString || a.Key == "profile": // which LogExtraFields= adds
	case a.Key == "event":
		if id, ok := messageIDs[a.Value.String()]; ok {
			fields["MESSAGE_ID"] = id
		}
	default:
		fields["MONTIMER_"+strings.ToUpper(a.Key)] = a.Value.String()
	}
}

func priority(level slog.Level) journal.Priority {
	switch {
	case level >= slog.LevelError:
		return journal.PriErr
	case level >= slog.LevelWarn:
		return journal.PriWarning
	}
	return journal.PriInfo
}
