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
func watchdog(socket string, redact func(string) string) (func(taskexec.Progress), error) {
	if socket == "" {
		return nil, nil
	}
	notifier, err := systemd.NewNotifier(socket)
	if err != nil {
		return nil, err
	}
	var (
		said    time.Time
		running string
	)
	return func(p taskexec.Progress) {
		// News within the second, and a sign of life every five.
		now, news := time.Now(), names(p)
		since := now.Sub(said)
		if since < time.Second/2 || news == running && since < 5*time.Second {
			return
		}
		said, running = now, news
		// Anybody may have chosen the names of tasks, and systemctl status shows
		// them on a terminal.
		notifier.Status(visible(redact(p.String())), hangs)
	}, nil
}

// names is what a run waits for, or which tasks it runs.
func names(p taskexec.Progress) string {
	news := p.Waiting
	for _, r := range p.Running {
		news += "\x00" + r.Name
	}
	return news
}
