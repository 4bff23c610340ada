package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/notify"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/taskexec"
)

type notifyCmd struct {
	Test    notifyTestCmd    `cmd:"" help:"Send a message to where alerts go, and say where that is."`
	Pending notifyPendingCmd `cmd:"" help:"List the alerts that are still to be sent."`
	Flush   notifyFlushCmd   `cmd:"" help:"Send what waits, now."`
	Drop    notifyDropCmd    `cmd:"" help:"Give an alert up."`
}

type notifyTestCmd struct{}

// Run sends a message past the outbox.
func (c notifyTestCmd) Run(ctx context.Context, e env) error {
	if err := sendAsServices(hostFlags{}, e); err != nil {
		return err
	}
	n, err := newNotifier(e, nil, slog.New(newRunLog(e.stderr, false)))
	if err != nil {
		return usage(err)
	}
	to, err := notify.FindRoute(e.getenv)
	if err != nil {
		return whence(err)
	}
	hostname, err := os.Hostname()
	if err != nil {
		return err
	}
	author := notify.Author{Host: hostname}
	alert := author.Page("", "", "A test: alerts of this host arrive here.")
	if err := n.Direct(ctx, *alert); err != nil {
		return err
	}
	bot, _, _ := strings.Cut(to.Token, ":")
	where := "chat " + to.Chat
	if to.Thread != 0 {
		where += fmt.Sprintf(", topic %d", to.Thread)
	}
	fmt.Fprintf(e.stdout, "sent to %s by bot %s\n", where, bot)
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
	NextTry  time.Time `json:"next_try"`
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
	if c.Output == "json" {
		return writePendingJSON(e, alerts)
	}
	w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tCREATED\tKIND\tPROFILE\tATTEMPTS\tNEXT TRY\tLAST ERROR")
	for _, a := range alerts {
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%d\t%s\t%s\n", a.ID, a.Created.Local().Format(time.DateTime), a.Kind, a.Profile,
			a.Attempts, a.NextTry.Local().Format(time.DateTime), taskexec.AppendDisplay(nil, []byte(a.Error)))
	}
	return w.Flush()
}

func writePendingJSON(e env, alerts []montimer.Alert) error {
	enc := json.NewEncoder(e.stdout)
	enc.SetEscapeHTML(false)
	for _, a := range alerts {
		err := enc.Encode(pendingAlert{a.ID, a.Created, string(a.Kind), a.Profile, a.RunID, a.Attempts, a.NextTry, a.Error, a.Text})
		if err != nil {
			return err
		}
	}
	return nil
}

type notifyFlushCmd struct {
	hostFlags
	Due bool `help:"Only what is due: what montimer-outbox.service does every minute."`
}

// Run sends what waits, for half a minute at most once no other process does.
func (c notifyFlushCmd) Run(ctx context.Context, e env) error {
	if !c.Due { // else it is a service
		if err := sendAsServices(c.hostFlags, e); err != nil {
			return err
		}
	}
	box, err := openOutbox(ctx, c.hostFlags, e, store.Options{})
	if errors.Is(err, fs.ErrNotExist) { // no state directory: nothing has run yet
		if !c.Due {
			fmt.Fprintln(e.stdout, "0 sent, none waiting")
		}
		return nil
	}
	if err != nil {
		return err
	}
	defer box.Close()
	n, err := newNotifier(e, box, serviceLog(e))
	if err != nil {
		return usage(err)
	}
	if c.Due {
		return n.Drain(ctx)
	}
	f, err := n.Flush(ctx)
	if err != nil {
		return whence(err)
	}
	left := "none waiting"
	if f.Waiting > 0 {
		left = fmt.Sprintf("%d still waiting, the next try at %s", f.Waiting, f.Next.Local().Format(time.DateTime))
	}
	fmt.Fprintf(e.stdout, "%d sent, %s\n", f.Sent, left)
	return nil
}

type notifyDropCmd struct {
	hostFlags
	ID int64 `arg:"" help:"As notify pending shows it."`
}

// Run takes an alert out of the outbox.
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
			return box.Drop(ctx, a, notify.Failed, "dropped by hand")
		}
	}
	return usage(fmt.Errorf("there is no alert %d: see montimer notify pending", c.ID))
}
