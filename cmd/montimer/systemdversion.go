package main

import (
	"context"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/systemd"
)

// askVersion settles for which systemd the units are, where the host's
// settings leave it open: the one that runs here. Where none does, it stays
// open, and the units are for any.
func askVersion(ctx context.Context, h *montimer.Host) {
	if h.SystemdVersion != 0 {
		return
	}
	conn, err := systemd.Connect(ctx)
	if err != nil {
		return
	}
	defer conn.Close()
	if version, err := conn.Version(); err == nil {
		h.SystemdVersion = version
	}
}
