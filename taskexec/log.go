package taskexec

import (
	"context"
	"log/slog"
)

// Discreet returns a handler whose messages hide what r knows, and can be shown
// to people as they are.
func Discreet(h slog.Handler, r *Redactor) slog.Handler { return discreet{h, r} }

// discreet is a slog.Handler whose messages hide secrets and can be shown to
// people as they are.
type discreet struct {
	slog.Handler
	redactor *Redactor
}

func (d discreet) Handle(ctx context.Context, r slog.Record) error {
	r.Message = string(AppendDisplay(nil, d.redactor.Bytes([]byte(r.Message))))
	return d.Handler.Handle(ctx, r)
}

func (d discreet) WithAttrs(attrs []slog.Attr) slog.Handler {
	return discreet{d.Handler.WithAttrs(attrs), d.redactor}
}

func (d discreet) WithGroup(name string) slog.Handler {
	return discreet{d.Handler.WithGroup(name), d.redactor}
}
