package main

import (
	"time"

	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/taskexec"
)

// hangs is how long a run may say nothing before systemd takes it for hung; the
// services begin with as much (TimeoutStartSec= in units.tmpl).
const hangs = 2 * time.Minute

// watchdog returns what tells systemd where a run stands; nil where nobody
// listens. A run that goes on may take as long as its tasks do, one that hangs
// is killed.
func watchdog(socket string) (func(taskexec.Progress), error) {
	if socket == "" {
		return nil, nil
	}
	notifier, err := systemd.NewNotifier(socket)
	if err != nil {
		return nil, err
	}
	var next time.Time
	return func(p taskexec.Progress) {
		now := time.Now()
		if now.Before(next) {
			return
		}
		next = now.Add(5 * time.Second)
		notifier.Status(p.String(), hangs)
	}, nil
}
