package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"

	"github.com/coreos/go-systemd/v22/journal"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/notify"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/telegram"
	"github.com/montimer/montimer/taskexec"
)

// outbox is the database as package notify sees it.
type outbox struct{ *store.Store }

func (o outbox) Drop(ctx context.Context, a montimer.Alert, s notify.Status, errText string) error {
	return o.Store.Drop(ctx, a, store.Status(s), errText)
}

// becomeUser settles where everything is. Root becomes the user that tasks run
// as, for good: it opens nothing that this user controls.
func becomeUser(f hostFlags, e env) (montimer.Host, error) {
	h, err := f.host(e)
	if err == nil && host.IsRoot() && h.User != "root" {
		err = host.Become(h.User, h.Group)
	}
	return h, err
}

// sendAsServices gives root's command what the services send with: the variables
// TELEGRAM_* of their environment file, but for those that are set. To be called
// before becomeUser, since the file is often for root alone.
func sendAsServices(f hostFlags, e env) error {
	if !host.IsRoot() {
		return nil
	}
	h, err := f.resolve(e, false)
	if err != nil {
		return err
	}
	if err := host.Trusted(h.EnvFile); err != nil {
		return usage(err)
	}
	data, err := os.ReadFile(h.EnvFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the environment file of the services: %w", err)
	}
	for name, value := range host.Environment(string(data)) {
		if strings.HasPrefix(name, "TELEGRAM_") && os.Getenv(name) == "" {
			if err := os.Setenv(name, value); err != nil {
				return fmt.Errorf("%s: %s: %w", h.EnvFile, name, err)
			}
		}
	}
	return nil
}

// whence says of an error that there is nowhere to send to where the variables
// come from.
func whence(err error) error {
	if errors.Is(err, notify.ErrNoRoute) || errors.Is(err, notify.ErrNoToken) {
		return fmt.Errorf("%w (in the environment file of the services, which this command reads as root)", err)
	}
	return err
}

func openOutbox(ctx context.Context, f hostFlags, e env, o store.Options) (outbox, error) {
	h, err := becomeUser(f, e)
	if err != nil {
		return outbox{}, err
	}
	s, err := store.Open(ctx, h.StateDir, o)
	return outbox{s}, err
}

// newNotifier returns what sends alerts, as the environment says.
func newNotifier(e env, box notify.Outbox, log *slog.Logger) (notify.Notifier, error) {
	bot, err := telegram.New(e.getenv("TELEGRAM_API_BASE"))
	return notify.Notifier{
		Outbox: box,
		Bot:    bot,
		Getenv: e.getenv,
		Redact: newRedactor(os.Environ()).String,
		Log:    log,
	}, err
}

// newRedactor returns what hides the secrets of an environment; the URL of a
// heartbeat is one.
func newRedactor(environ []string) *taskexec.Redactor {
	return taskexec.NewRedactor(append(taskexec.SecretValues(environ), notify.SecretValues(environ)...))
}

// serviceLog logs to standard error, for the journal where that leads there.
func serviceLog(e env) *slog.Logger {
	inJournal, err := journal.StderrIsJournalStream()
	return slog.New(newRunLog(e.stderr, err == nil && inJournal))
}
