package main

import (
	"context"
	"os"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/api"
	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/look"
	"github.com/montimer/montimer/internal/page"
	"github.com/montimer/montimer/internal/serve"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/internal/view"
)

type serveCmd struct {
	runFlags
	Idle time.Duration `default:"1m" placeholder:"1m" help:"End after so long without a connection, where systemd has passed the sockets and starts it again; 0: never."`
}

// Run answers until it is told to end, or is idle.
func (c serveCmd) Run(ctx context.Context, e env) error {
	listeners, err := serve.Activated()
	if err != nil {
		return err
	}
	if _, err := e.becomeUser(c.given()); err != nil {
		return err
	}
	h, why, err := e.source(c.given()).Serving()
	if err != nil {
		return usage(err)
	}
	log := console.RequestLog(e.stderr)
	if why != "" {
		log.Warn(why)
	}
	if listeners == nil {
		c.Idle = 0
		if listeners, err = serve.ByHand(h.Serve, os.LookupEnv); err != nil {
			return usage(err)
		}
	}
	events := store.NewEvents(h.StateDir, h.Instance)
	defer events.Close()
	reader := &look.Reader{Host: h, Units: e.source(c.given())}
	s := serve.Server{
		API:      api.New(api.Sources{Events: events, Catalog: reader, Host: reader, Log: log, Build: view.Build{Version: montimer.Version(), Commit: montimer.BuiltFrom()}}),
		Page:     page.New(reader, page.Options{BasePath: h.Serve.BasePath, CommitURL: h.Serve.CommitURL}),
		Settings: h.Serve, Config: h.Instance.ConfigFile(), Apply: h.Instance.Command("apply"), Log: log, Idle: c.Idle,
	}
	if n, err := systemd.NewNotifier(e.getenv("NOTIFY_SOCKET")); err == nil {
		s.Ready, s.Ended = n.Ready, n.Stopping
	}
	return s.Run(ctx, listeners)
}
