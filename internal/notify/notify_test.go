package notify

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/telegram"
)

var update = flag.Bool("update", false, "rewrite the pages in docs/telegram.md")

// outbox is the real one.
type outbox struct {
	*store.Store
	dir string
}

func openOutbox(t testing.TB) outbox {
	t.Helper()
	dir := t.TempDir()
	s, err := store.Open(t.Context(), dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return outbox{s, dir}
}

// sql runs a statement as another program would, and returns the first value.
func (o outbox) sql(t testing.TB, query string, args ...any) (value string) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(o.dir, store.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRowContext(context.Background(), query, args...).Scan(&value); err != nil && !errors.Is(err, sql.ErrNoRows) {
		t.Fatal(err)
	}
	return value
}

// delivery is what alert_events says of an alert.
func (o outbox) delivery(t testing.TB, a montimer.Alert) string {
	t.Helper()
	return o.sql(t, "SELECT delivery_status FROM alert_events WHERE id = ?", a.EventID)
}

// hold holds the lock of the outbox as flock(1) does.
func hold(t testing.TB, o outbox) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(o.dir, "outbox.lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
}

func enqueue(t testing.TB, o outbox, a *montimer.Alert) montimer.Alert {
	t.Helper()
	if err := o.Enqueue(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	return *a
}

func pending(t testing.TB, o outbox) []montimer.Alert {
	t.Helper()
	alerts, err := o.Pending(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return alerts
}

// bot is a Bot of the function.
type bot func(token string, m telegram.Message) error

func (b bot) Send(_ context.Context, token string, m telegram.Message) error { return b(token, m) }

// chat is a Bot that keeps what it is sent, and fails as fail says.
type chat struct {
	mu   sync.Mutex
	sent []telegram.Message
	at   []time.Time
	fail func(attempt int, m telegram.Message) error // nil: never
	seen int
}

func (c *chat) Send(_ context.Context, _ string, m telegram.Message) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.seen++
	if c.fail != nil {
		if err := c.fail(c.seen, m); err != nil {
			return err
		}
	}
	c.sent = append(c.sent, m)
	c.at = append(c.at, time.Now())
	return nil
}

func (c *chat) texts() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var texts []string
	for _, m := range c.sent {
		texts = append(texts, m.Text)
	}
	return texts
}

func environ(pairs ...string) func(string) string {
	return func(name string) string {
		for _, kv := range pairs {
			if value, ok := strings.CutPrefix(kv, name+"="); ok {
				return value
			}
		}
		return ""
	}
}

// somewhere is an environment in which alerts have somewhere to go.
var somewhere = environ("TELEGRAM_BOT_TOKEN_DEFAULT=111:DEF", "TELEGRAM_CHAT_ID_AUTOMATION=-100a")

// notifier sends through b what is in o, and logs to a test's log.
func notifier(t testing.TB, o Outbox, b Bot, getenv func(string) string) Notifier {
	return Notifier{
		Outbox: o, Bot: b, Getenv: getenv,
		Redact: func(s string) string { return s },
		Log:    slog.New(slog.NewTextHandler(logWriter{t}, nil)),
	}
}

type logWriter struct{ testing.TB }

func (w logWriter) Write(p []byte) (int, error) {
	if w.TB != nil {
		w.Log(strings.TrimSpace(string(p)))
	}
	return len(p), nil
}

// tick is when the first of the tests' runs is due.
var tick = time.Date(2026, 11, 24, 20, 5, 0, 0, time.UTC)

// failing is the nth run of a profile, an hour after the one before; these
// tasks of it fail.
func failing(profile string, n int, tasks ...string) montimer.Run {
	due := tick.Add(time.Duration(n) * time.Hour)
	r := montimer.Run{
		ID: fmt.Sprintf("%032x", n), Profile: profile, Trigger: montimer.TriggerTimer, Scheduled: due, Attempt: 1,
		Started: due.Add(12 * time.Millisecond), Ended: due.Add(12300 * time.Millisecond),
		State: montimer.RunOK,
		Tasks: []montimer.TaskRun{{Name: "fine", Status: montimer.TaskOK, Attempts: 1}},
	}
	for _, name := range tasks {
		r.State = montimer.RunFailed
		r.Tasks = append(r.Tasks, montimer.TaskRun{
			Name: name, Status: montimer.TaskFailed, ExitCode: 1, Attempts: 1, Duration: 3210 * time.Millisecond,
			StderrTail: "RuntimeError: `" + name + "` is down",
		})
	}
	return r
}

func textLog(w io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(w, nil)) }
