// Package pager reports runs to people: it joins what is recorded ([Records]) with
// what is sent (package notify). Read pager.go (a run that reports itself), then
// failed.go and handler.go (a run that could not) and unrecorded.go (the database cannot be used).
package pager

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/backup"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/notify"
	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/taskexec"
)

// A Pager reports one run: it makes the alerts, sends them once they are stored,
// and sends the heartbeats.
type Pager struct {
	Records Records
	Manual  bool // report runs by hand, too

	host      Host
	log       *slog.Logger
	formatter notify.Formatter
	heartbeat notify.Heartbeat
	made      []*montimer.Alert
	signals   *notify.HeartbeatRun // of a run of the timer
	unsent    error                // why an alert is neither stored nor sent
}

// Host describes the process and the machine.
type Host struct {
	Instance  montimer.Instance
	Name      string              // of the machine; "": not known
	Getenv    func(string) string // for routes and tokens
	Redact    func(string) string // hides secrets
	PublicURL string              // of the page that shows runs; "": there is none
}

// New returns a pager of alerts that are stored in r.
func New(h Host, r Records, log *slog.Logger) *Pager {
	return &Pager{
		host:      h,
		log:       log,
		Records:   r,
		formatter: notify.Formatter{Instance: h.Instance, Host: cmp.Or(h.Name, "unknown"), Redact: h.Redact, PublicURL: h.PublicURL, Subjects: r.subjects},
		heartbeat: notify.Heartbeat{Getenv: h.Getenv, Redact: h.Redact, Log: log},
	}
}

// OfProcess returns the pager of this process, as its environment says. What it
// logs has no secrets.
func OfProcess(of montimer.Instance, r Records, log *slog.Logger) *Pager {
	redactor := notify.Redactor(os.Environ())
	h := Host{Instance: of, Name: host.Hostname(), Getenv: os.Getenv, Redact: redactor.String, PublicURL: os.Getenv("MONTIMER_SERVE_PUBLIC_URL")}
	return New(h, r, slog.New(safetext.NewHandler(log.Handler(), redactor)))
}

// Observe has the runner report its runs to the pager.
func (p *Pager) Observe(r *taskexec.Runner) {
	load := r.Load
	r.Load = func(ctx context.Context) (montimer.Jobs, error) {
		jobs, err := load(ctx)
		p.formatter.Policy = jobs.Notify
		return jobs, err
	}
	r.Recorder, r.Alert, r.Began = p.Records, p.Alert, p.began
}

// began starts the heartbeat of a run that begins.
func (p *Pager) began(profile montimer.Profile, run montimer.Run) {
	if run.Trigger == montimer.TriggerTimer {
		p.signals = p.heartbeat.Begin(context.Background(), profile, run.ID)
	}
}

// Ended reports a run that has ended with this exit code, even where it was
// stopped. The error says why an alert is neither stored nor sent.
func (p *Pager) Ended(run montimer.Run, code int) error {
	ctx := context.Background()
	var beats sync.WaitGroup
	body := ""
	if run.Trigger == montimer.TriggerTimer {
		if p.signals == nil { // no task was begun: only the host's heartbeat
			p.signals = p.heartbeat.Begin(ctx, montimer.Profile{}, run.ID)
		}
		for _, a := range p.made {
			if a.RunID == run.ID {
				body = a.Text
			}
		}
		beats.Go(func() { p.signals.End(ctx, code, body) })
	}
	stuck, err := p.Send(ctx)
	if err != nil {
		p.log.Error("alerts: "+err.Error(), "event", taskexec.EventTrouble)
	}
	if p.signals != nil {
		p.signals.Alive(ctx, stuck, body)
	}
	beats.Wait()
	return p.unsent
}

// Alert returns the alert that reports a run; nil: none.
func (p *Pager) Alert(run montimer.Run) *montimer.Alert {
	if run.Trigger == montimer.TriggerManual && !p.Manual {
		return nil
	}
	before, err := p.Records.Incident(context.Background(), run.Profile)
	if err != nil {
		p.log.Error("cannot read the profile's incident: "+err.Error(), "event", taskexec.EventTrouble)
	}
	return p.keep(p.formatter.Run(run, before))
}

func (p *Pager) keep(a *montimer.Alert) *montimer.Alert {
	if a != nil {
		p.made = append(p.made, a)
	}
	return a
}

// Page makes and stores an alert of montimer itself.
func (p *Pager) Page(ctx context.Context, profile, runID, words string) {
	a := p.keep(p.formatter.Page(profile, runID, words))
	if p.Records.Err != nil {
		return // it is sent from memory
	}
	if err := p.Records.Store.Enqueue(ctx, a); err != nil {
		p.log.Error(err.Error(), "event", taskexec.EventUnrecorded)
		a.ID = 0
	}
}

// SendPages sends pages of montimer itself that are of no run.
func SendPages(ctx context.Context, of montimer.Instance, stateDir string, pages []string, log *slog.Logger) error {
	p := OfProcess(of, Open(ctx, of, stateDir), log)
	defer p.Records.Close()
	for _, words := range pages {
		p.Page(ctx, "", "", words)
	}
	_, err := p.Send(ctx)
	return err
}

// Send sends the alerts that have been made and what else waits in the outbox.
// What could not be stored is sent from memory; a run that was found lost will
// be found again. stuck says why alerts cannot be sent from this host; err also
// has the other errors.
//
// Where another host runs the jobs it sends nothing but that: see Elsewhere.
func (p *Pager) Send(ctx context.Context) (stuck, err error) {
	var other *backup.NotOwnerError
	if dir := p.host.Getenv("MONTIMER_BACKUP_DIR"); dir != "" && errors.As(backup.Elsewhere(dir), &other) {
		return nil, p.Elsewhere(ctx, other)
	}
	var box notify.Outbox
	if p.Records.Err == nil {
		box = p.Records.Store
	}
	n, err := notify.New(p.host.Instance, p.host.Getenv, p.host.Redact, box, p.log)
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
		err = n.SendUnstored(ctx, unstored...)
		p.unsent = err
	}
	if box == nil {
		return err, err
	}
	stuck, drained := n.SendAndCheck(ctx)
	return errors.Join(err, stuck), errors.Join(err, drained)
}

// Incident returns the incident of a profile, as recorded.
func (r Records) Incident(ctx context.Context, profile string) (montimer.Incident, error) {
	if r.Err != nil {
		return montimer.Incident{}, r.Err
	}
	return r.Store.Incident(ctx, profile)
}
