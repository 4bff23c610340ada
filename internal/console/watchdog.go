package console

import (
	"time"

	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/taskexec"
)

// Hangs is how long a run may go without a status before systemd kills it as
// hung; TimeoutStartSec= in units.tmpl has the same value.
const Hangs = 2 * time.Minute

// Watchdog reports the progress of a run to systemd. A run that makes progress
// may take as long as its tasks do, one that hangs is killed. A nil Watchdog
// does nothing: the run is no service.
type Watchdog struct {
	notifier *systemd.Notifier
	redact   func(string) string
	shownAt  time.Time // of the last status
	news     string    // in it
}

// NewWatchdog connects to $NOTIFY_SOCKET; without one it returns nil.
func NewWatchdog(socket string, redact func(string) string) (*Watchdog, error) {
	if socket == "" {
		return nil, nil
	}
	notifier, err := systemd.NewNotifier(socket)
	if err != nil {
		return nil, err
	}
	return &Watchdog{notifier: notifier, redact: redact}, nil
}

// Watch shows the progress of a run: changes within about a second, and a life
// sign every five seconds.
func (w *Watchdog) Watch(p taskexec.Progress) {
	now, news := time.Now(), names(p)
	since := now.Sub(w.shownAt)
	if since < time.Second/2 || news == w.news && since < 5*time.Second {
		return
	}
	w.shownAt, w.news = now, news
	// The names of tasks are untrusted, and systemctl status shows them on a
	// terminal.
	w.notifier.Status(safetext.String(w.redact(p.String())), Hangs)
}

// End shows how a run ended, for as long as systemd knows the service. It is no
// life sign: the remaining work must not hang.
func (w *Watchdog) End(result string) {
	if w != nil {
		w.notifier.Status(safetext.String(w.redact(result)), 0)
	}
}

// names returns what a run waits for, or the tasks it runs.
func names(p taskexec.Progress) string {
	news := p.Waiting
	for _, r := range p.Running {
		news += "\x00" + r.Name
	}
	return news
}

// KeepAlive keeps systemd from killing the service as hung until stop is
// called: what it does has its own time-outs. socket is $NOTIFY_SOCKET.
func KeepAlive(socket, status string) (stop func()) {
	if socket == "" {
		return func() {}
	}
	done := make(chan struct{})
	if notifier, err := systemd.NewNotifier(socket); err == nil {
		go func() {
			for {
				notifier.Status(status, Hangs)
				select {
				case <-done:
					return
				case <-time.After(5 * time.Second):
				}
			}
		}()
	}
	return func() { close(done) }
}
