package safetext

import (
	"context"
	"log/slog"
)

// NewHandler returns a handler that passes on to h messages without secrets and
// control characters.
func NewHandler(h slog.Handler, r *Redactor) slog.Handler { return handler{h, r} }

type handler struct {
	slog.Handler
	redactor *Redactor
}

func (h handler) Handle(ctx context.Context, r slog.Record) error {
	r.Message = String(h.redactor.String(r.Message))
	return h.Handler.Handle(ctx, r)
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs), h.redactor}
}

func (h handler) WithGroup(name string) slog.Handler {
	return handler{h.Handler.WithGroup(name), h.redactor}
}
