package pager

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/backup"
	"github.com/montimer/montimer/internal/notify"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/taskexec"
)

// Elsewhere reports that another host runs the jobs of this one: with one page for
// each time that it took them over. It sends that page and nothing else, since the
// other host reports the runs; what waits in the outbox of this one stays there.
func (p *Pager) Elsewhere(ctx context.Context, why *backup.NotOwnerError) error {
	err := p.elsewhere(ctx, why)
	if err != nil {
		p.log.Error("alerts: "+err.Error(), "event", taskexec.EventTrouble)
	}
	return err
}

func (p *Pager) elsewhere(ctx context.Context, why *backup.NotOwnerError) error {
	if p.Records.Err != nil {
		return p.Records.Err
	}
	box := p.Records.Store
	h := store.Handover{Kind: store.Refused, Host: why.Owner.Host, Machine: why.Owner.ID, Since: why.Owner.Since}
	if why.Here { // retired by its operator, who starts a service by hand
		return nil
	}
	if why.Owner.Retired { // planned; a host that has said so before has nothing new to say
		if known, err := box.IsRefused(ctx, why.Owner.ID); known || err != nil {
			return err
		}
	}
	words := fmt.Sprintf("this host runs no jobs and sends no other alert: %v. To run them here again: %s", why, why.Fix(p.host.Instance))
	pending, err := box.Pending(ctx)
	if err != nil {
		return err
	}
	a := p.formatter.Page("", "", words)
	a.Incident = "elsewhere: " + h.Machine + " " + h.Since.UTC().String()
	if others := without(pending, a.Incident); others > 0 {
		words = fmt.Sprintf("%s. Alerts that wait here, and may never have been sent: %d (%s)", words, others, p.host.Instance.Command("notify pending"))
		a.Text = p.formatter.Page("", "", words).Text
	}
	if _, err := box.Handover(ctx, h, a); err != nil {
		return err
	}
	n, err := notify.New(p.host.Instance, p.host.Getenv, p.host.Redact, only{box, a.Incident}, p.log)
	if err != nil {
		return err
	}
	return n.SendPending(ctx)
}

// SendElsewhere is [Pager.Elsewhere] for this process.
func SendElsewhere(ctx context.Context, of montimer.Instance, box *store.Store, why *backup.NotOwnerError, log *slog.Logger) error {
	return OfProcess(of, Records{Store: box}, log).Elsewhere(ctx, why)
}

// without counts the alerts that are not of an incident.
func without(alerts []montimer.Alert, incident string) (n int) {
	for _, a := range alerts {
		if a.Incident != incident {
			n++
		}
	}
	return n
}

// only is the part of an outbox that is of one incident.
type only struct {
	notify.Outbox
	incident string
}

// Pending implements [notify.Outbox].
func (o only) Pending(ctx context.Context) (of []montimer.Alert, err error) {
	all, err := o.Outbox.Pending(ctx)
	for _, a := range all {
		if a.Incident == o.incident {
			of = append(of, a)
		}
	}
	return of, err
}
