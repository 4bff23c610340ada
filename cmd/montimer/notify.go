package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/console"
	"github.com/montimer/montimer/internal/notify"
	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/internal/store"
)

type notifyCmd struct {
	Test    notifyTestCmd    `cmd:"" help:"Send a test message the way alerts are sent, and show where it went."`
	Pending notifyPendingCmd `cmd:"" help:"List the alerts that have not been sent yet."`
	Flush   notifyFlushCmd   `cmd:"" help:"Send the pending alerts now."`
	Drop    notifyDropCmd    `cmd:"" help:"Remove an alert without sending it."`
}

type notifyTestCmd struct{}

// Run sends a message without the outbox, with the variables of the services.
func (c notifyTestCmd) Run(ctx context.Context, e env) error {
	log := slog.New(console.NewLog(e.stderr, false))
	if err := sendAsServices(hostFlags{}, e, log); err != nil {
		return err
	}
	n, err := notify.New(e.getenv, notify.Redactor(os.Environ()).String, nil, log)
	if err != nil {
		return usage(err)
	}
	hostname, err := os.Hostname()
	if err != nil {
		return err
	}
	formatter := notify.Formatter{Host: hostname}
	to, err := n.Test(ctx, formatter.Page("", "", "A test: alerts of this host arrive here.").Text)
	if err != nil {
		return fmt.Errorf("the message was not sent: %w", e.whereFrom(err))
	}
	bot, _, _ := strings.Cut(to.Token, ":")
	where := "chat " + to.Chat
	if to.Thread != 0 {
		where += fmt.Sprintf(", topic %d", to.Thread)
	}
	fmt.Fprintf(e.stdout, "sent to %s (%s) by bot %s\n", where, to.ChatFrom, bot)
	if to.Test {
		log.Warn(fmt.Sprintf("TELEGRAM_TEST_CHAT_ID is set: all alerts go to chat %s only, until it is unset", to.Chat))
	}
	return nil
}

type notifyPendingCmd struct {
	hostFlags
	Output string `short:"o" enum:"text,json" default:"text" help:"text, or json: one object a line."`
}

// pendingAlert is an alert as `pending` shows it.
type pendingAlert struct {
	ID       int64     `json:"id"`
	Created  time.Time `json:"created"`
	Kind     string    `json:"kind"`
	Profile  string    `json:"profile"`
	RunID    string    `json:"run"`
	Attempts int       `json:"attempts"`
	NextTry  time.Time `json:"next_try,omitzero"` // absent: at once
	Error    string    `json:"error"`
	Text     string    `json:"text"`
}

// Run lists the outbox, oldest first.
func (c notifyPendingCmd) Run(ctx context.Context, e env) error {
	box, err := openOutbox(ctx, c.hostFlags, e, store.Options{ReadOnly: true})
	if errors.Is(err, fs.ErrNotExist) {
		return nil // no database, no alerts
	}
	if err != nil {
		return err
	}
	defer box.Close()
	alerts, err := box.Pending(ctx)
	if err != nil {
		return err
	}
	switch {
	case c.Output == "json":
		return writePendingJSON(e.stdout, alerts)
	case len(alerts) == 0:
		return nil
	}
	return writePending(e.stdout, alerts, console.Columns(e.stdout))
}

// writePending writes the alerts as a table; see [console.Table].
func writePending(w io.Writer, alerts []montimer.Alert, columns int) error {
	rows := make([][]string, len(alerts))
	for i, a := range alerts {
		rows[i] = []string{strconv.FormatInt(a.ID, 10), localTime(a.Created), safetext.String(string(a.Kind)), safetext.String(a.Profile),
			strconv.Itoa(a.Attempts), localTime(a.NextTry), safetext.String(a.Error)}
	}
	return console.Table(w, columns, []string{"ID", "CREATED", "KIND", "PROFILE", "ATTEMPTS", "NEXT TRY", "LAST ERROR"}, rows)
}

// localTime formats a time with its zone; "-" is none.
func localTime(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Local().Format("2006-01-02 15:04:05 MST")
}

func writePendingJSON(w io.Writer, alerts []montimer.Alert) error {
	all := make([]pendingAlert, len(alerts))
	for i, a := range alerts {
		all[i] = pendingAlert{a.ID, a.Created.UTC(), string(a.Kind), a.Profile, a.RunID, a.Attempts, a.NextTry.UTC(), a.Error, a.Text}
	}
	return console.JSONLines(w, all)
}

type notifyFlushCmd struct {
	hostFlags
	Due bool `help:"Send only what is due (montimer-outbox.service, every minute)."`
}

// Run sends pending alerts, for half a minute at most after another process has
// finished.
func (c notifyFlushCmd) Run(ctx context.Context, e env) error {
	if !c.Due { // else it is a service
		if err := sendAsServices(c.hostFlags, e, serviceLog(e)); err != nil {
			return err
		}
	}
	box, err := openOutbox(ctx, c.hostFlags, e, store.Options{})
	if errors.Is(err, fs.ErrNotExist) { // nothing has run yet
		if !c.Due {
			c.report(e, notify.FlushResult{})
		}
		return nil
	}
	if err != nil {
		return err
	}
	defer box.Close()
	n, err := notify.New(e.getenv, notify.Redactor(os.Environ()).String, box, serviceLog(e))
	if err != nil {
		return usage(err)
	}
	if c.Due {
		return c.whichFile(e, n.SendPending(ctx))
	}
	f, err := n.Flush(ctx)
	if err != nil && !errors.Is(err, store.ErrHeld) {
		return e.whereFrom(err)
	}
	c.report(e, f)
	return err
}

// whichFile adds to an error about a missing route the file of its variables,
// and whether that is missing.
func (c notifyFlushCmd) whichFile(e env, err error) error {
	if !errors.Is(err, notify.ErrNoRoute) && !errors.Is(err, notify.ErrNoToken) {
		return err
	}
	h, resolveErr := c.resolve(e, false)
	if resolveErr != nil {
		return err
	}
	if _, statErr := os.Stat(h.EnvFile); errors.Is(statErr, fs.ErrNotExist) {
		return fmt.Errorf("alerts wait, as the environment file %s is missing: put it back; until then: %w", h.EnvFile, err)
	}
	return fmt.Errorf("alerts wait: %w (variables of %s)", err, h.EnvFile)
}

func (notifyFlushCmd) report(e env, f notify.FlushResult) {
	left := "none waiting"
	if f.Waiting > 0 {
		left = fmt.Sprintf("%d pending, next attempt at %s (reason: %s)", f.Waiting, localTime(f.Next), e.instance.Command("notify pending"))
	}
	fmt.Fprintf(e.stdout, "%d sent, %s\n", f.Sent, left)
}

type notifyDropCmd struct {
	hostFlags
	ID int64 `arg:"" help:"ID of the alert, as shown by notify pending."`
}

// Run removes an alert from the outbox.
func (c notifyDropCmd) Run(ctx context.Context, e env) error {
	box, err := openOutbox(ctx, c.hostFlags, e, store.Options{})
	if err != nil {
		return err
	}
	defer box.Close()
	alerts, err := box.Pending(ctx)
	if err != nil {
		return err
	}
	for _, a := range alerts {
		if a.ID == c.ID {
			return box.Drop(ctx, a, montimer.DeliveryFailed, "dropped by hand")
		}
	}
	return usage(fmt.Errorf("there is no alert %d: see %s", c.ID, e.instance.Command("notify pending")))
}
