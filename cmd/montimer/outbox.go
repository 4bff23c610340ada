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
	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/notify"
	"github.com/montimer/montimer/internal/store"
)

// becomeUser resolves the host settings. Root becomes the user of the tasks,
// for good: it opens nothing that this user controls.
func becomeUser(f hostFlags, e env) (montimer.Host, error) {
	h, err := f.host(e)
	if err == nil && host.IsRoot() && h.User != "root" {
		err = host.Become(h.User, h.Group)
	}
	return h, err
}

// sendAsServices gives a command the variables of the services for sending,
// from their environment file. TELEGRAM_* of the shell override them, for a
// trial, and the log says where they differ. It is called before becomeUser,
// since often only root can read the file.
func sendAsServices(f hostFlags, e env, log *slog.Logger) error {
	h, err := f.resolve(e, false)
	if err != nil {
		return err
	}
	if host.IsRoot() {
		if err := host.Trusted(h.EnvFile); err != nil {
			return usage(err)
		}
	}
	data, err := os.ReadFile(h.EnvFile)
	switch {
	case errors.Is(err, fs.ErrNotExist) && host.IsRoot():
		log.Warn(h.EnvFile + " is missing: services run no task without it; put it back (it may be empty)")
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case errors.Is(err, fs.ErrPermission):
		log.Warn(h.EnvFile + " cannot be read by this user: messages are sent with the variables of this shell, the services may have others")
		return nil
	case err != nil:
		return fmt.Errorf("read the environment file of the services: %w", err)
	}
	file := host.Environment(string(data))
	if _, ok := file["LOG_LEVEL"]; !ok {
		file["LOG_LEVEL"] = "" // the shell's has another purpose
	}
	for name, value := range file {
		switch mine := os.Getenv(name); {
		case !forSending(name):
			continue
		case strings.HasPrefix(name, "TELEGRAM_") && mine != "":
			if mine != value {
				log.Warn(fmt.Sprintf("%s comes from this shell: the services use another value, from %s", name, h.EnvFile))
			}
			continue
		}
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("%s: %s: %w", h.EnvFile, name, err)
		}
	}
	return nil
}

// forSending reports whether a variable decides whether, where to or how messages
// are sent.
func forSending(name string) bool {
	if strings.HasPrefix(name, "TELEGRAM_") {
		return true
	}
	switch strings.ToUpper(name) {
	case "LOG_LEVEL", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR":
		return true
	}
	return false
}

// whereFrom adds to an error about a missing route the file of its variables.
func (e env) whereFrom(err error) error {
	if errors.Is(err, notify.ErrNoRoute) || errors.Is(err, notify.ErrNoToken) || errors.Is(err, notify.ErrDebug) {
		return fmt.Errorf("%w (these are variables of the services' environment file, by default %s)", err, e.instance.EnvFile())
	}
	return err
}

func openOutbox(ctx context.Context, f hostFlags, e env, o store.Options) (*store.Store, error) {
	h, err := becomeUser(f, e)
	if err != nil {
		return nil, err
	}
	return store.Open(ctx, h.StateDir, o)
}

// serviceLog logs to standard error, in the journal's format if that leads there.
func serviceLog(e env) *slog.Logger {
	inJournal, err := journal.StderrIsJournalStream()
	return slog.New(console.NewLog(e.stderr, err == nil && inJournal))
}
