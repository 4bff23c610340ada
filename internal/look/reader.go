package look

import (
	"context"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/view"
)

// Reader reads the state of one host again and again, as what serves it needs.
type Reader struct {
	Host  montimer.Host
	Units host.Source // says for which host units are made
}

// Overview reads the state of the host and all its profiles.
func (r Reader) Overview(ctx context.Context) (view.Overview, error) {
	f, err := Host(ctx, r.Host, r.Units, "")
	return view.Of(f), err
}
