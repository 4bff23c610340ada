package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/journal"
	"github.com/montimer/montimer/internal/notify"
	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/taskexec"
)

// pager reports one exec: it makes the alerts, sends them once they are stored,
// and sends the heartbeats.
type pager struct {
	env     env
	log     *slog.Logger
	author  notify.Author
	records records
	heart   notify.Heart
	manual  bool // tell of runs by hand, too
	made    []*montimer.Alert
	pulse   *notify.Pulse // of a run of the timer
	unsent  error         // why an alert is neither stored nor sent
}

func newPager(e env, r records, log *slog.Logger) *pager {
	redactor := newRedactor(os.Environ())
	log = slog.New(safetext.NewHandler(log.Handler(), redactor))
	name, err := os.Hostname()
	if err != nil {
		log.Warn(err.Error())
		name = "unknown"
	}
	return &pager{
		env: e,
		log: log,
		author: notify.Author{
			Host:     name,
			Redact:   redactor.String,
			Journal:  journalCommand,
			Subjects: r.subjects,
		},
		records: r,
		heart:   notify.Heart{Getenv: e.getenv, Redact: redactor.String, Log: log},
	}
}

// journalCommand shows a run of a profile, "": of one that is not known.
func journalCommand(profile, runID string) string {
	run := journal.Run{Invocation: runID}
	if profile != "" {
		run.Unit = compiler.ServiceName(profile)
	}
	return run.Command()
}

// attend has the pager hear of what the runner does.
func (p *pager) attend(r *taskexec.Runner) {
	load := r.Load
	r.Load = func(ctx context.Context) (montimer.Jobs, error) {
		jobs, err := load(ctx)
		p.author.Policy = jobs.Notify
		return jobs, err
	}
	r.Recorder, r.Alert, r.Began = p.records, p.alert, p.began
}

// began is told of a run that begins.
func (p *pager) began(profile montimer.Profile, run montimer.Run) {
	if run.Trigger == montimer.TriggerTimer {
		p.pulse = p.heart.Begin(context.Background(), profile, run.ID)
	}
}

// ended reports a run that has ended with this exit code, even where it was
// told to stop. The error says why an alert is neither stored nor sent.
func (p *pager) ended(run montimer.Run, code int) error {
	ctx := context.Background()
	var beats sync.WaitGroup
	body := ""
	if run.Trigger == montimer.TriggerTimer {
		if p.pulse == nil { // no task was begun: a sign of life of the host alone
			p.pulse = p.heart.Begin(ctx, montimer.Profile{}, run.ID)
		}
		for _, a := range p.made {
			if a.RunID == run.ID {
				body = a.Text
			}
		}
		beats.Go(func() { p.pulse.End(ctx, code, body) })
	}
	stuck, err := p.send(ctx)
	if err != nil {
		p.log.Error("alerts: "+err.Error(), "event", taskexec.EventTrouble)
	}
	if p.pulse != nil {
		p.pulse.Alive(ctx, stuck, body)
	}
	beats.Wait()
	return p.unsent
}

// alert makes what tells of a run; nil: nothing.
func (p *pager) alert(run montimer.Run) *montimer.Alert {
	if run.Trigger == montimer.TriggerManual && !p.manual {
		return nil
	}
	before, err := p.records.incident(context.Background(), run.Profile)
	if err != nil {
		p.log.Error("cannot read what was reported before: "+err.Error(), "event", taskexec.EventTrouble)
	}
	return p.keep(p.author.Run(run, before))
}

func (p *pager) keep(a *montimer.Alert) *montimer.Alert {
	if a != nil {
		p.made = append(p.made, a)
	}
	return a
}

// page makes and stores an alert of montimer itself.
func (p *pager) page(ctx context.Context, profile, runID, words string) {
	a := p.keep(p.author.Page(profile, runID, words))
	if p.records.err != nil {
		return // it goes from memory
	}
	if err := p.records.store.Enqueue(ctx, a); err != nil {
		p.log.Error(err.Error(), "event", taskexec.EventUnrecorded)
		a.ID = 0
	}
}

// send sends the alerts that have been made and what else waits in the outbox.
// What could not be stored goes from memory; a run that was found lost will be
// found again. stuck says why alerts cannot leave this host; err says also what
// else is wrong with them.
func (p *pager) send(ctx context.Context) (stuck, err error) {
	var box notify.Outbox
	if p.records.err == nil {
		box = p.records.store
	}
	n, err := newNotifier(p.env, box, p.log)
	if err != nil {
		p.unsent = err
		return err, err
	}
	var unstored []montimer.Alert
	for _, a := range p.made {
		if a.ID == 0 && a.Kind != montimer.AlertLost {
			unstored = append(unstored, *a)
		}
	}
	if unstored != nil {
		err = n.Direct(ctx, unstored...)
		p.unsent = err
	}
	if box == nil {
		return err, err
	}
	drained := n.Drain(ctx)
	return errors.Join(err, n.Stuck(ctx)), errors.Join(err, drained)
}

// incident is what the database knows of a profile's health.
func (r records) incident(ctx context.Context, profile string) (montimer.Incident, error) {
	if r.err != nil {
		return montimer.Incident{}, r.err
	}
	return r.store.Incident(ctx, profile)
}
