package page

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/view"
)

// feed is a list of alerts, the newest first.
type feed struct {
	Base    string
	Alerts  []alert
	Problem string // why they are not known
}

type alert struct {
	view.Alert
	now time.Time
}

// When is the time of an alert; one that is no time is shown as it was written.
func (a alert) When() string {
	t, err := time.Parse(time.RFC3339Nano, strings.Replace(a.Created, " ", "T", 1))
	if err != nil {
		return a.Created
	}
	return stamp(a.now, t)
}

// Undelivered reports whether an alert has not been sent, and should have been.
func (a alert) Undelivered() bool {
	return a.Status == montimer.DeliveryFailed || a.Status == montimer.SkippedCredentials
}

func (s *site) feed(ctx context.Context, ask view.AlertAsk) (f feed) {
	f.Base = s.BasePath
	alerts, err := s.read.Alerts(ctx, ask)
	if err != nil {
		f.Problem = err.Error()
	}
	for _, a := range alerts {
		f.Alerts = append(f.Alerts, alert{a, s.now()})
	}
	return f
}

// alertsPage is the alerts that a question chooses.
type alertsPage struct {
	Title                  string
	Ask                    view.AlertAsk
	Severities, Deliveries []choice
	Wrong                  string
	Feed                   feed
	Older                  *link
}

// mostAlerts is how many alerts a page has.
const mostAlerts = 50

var (
	severities = []string{"LOW", "MEDIUM", "HIGH", "CRITICAL"}
	deliveries = []montimer.DeliveryStatus{
		montimer.Generated, montimer.Delivered, montimer.DeliveryFailed, montimer.SkippedDebug, montimer.SkippedCredentials, montimer.NotAttempted,
	}
)

func (s *site) alerts(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	p := alertsPage{Title: "Alerts", Ask: view.AlertAsk{
		Protocol: q.Get("protocol"), Severity: q.Get("severity"), Source: q.Get("source"), Channel: q.Get("channel"), Status: q.Get("delivery_status"), Most: mostAlerts,
	}}
	for _, name := range severities {
		p.Severities = append(p.Severities, choice{Name: name, Chosen: name == p.Ask.Severity})
	}
	for _, name := range deliveries {
		p.Deliveries = append(p.Deliveries, choice{Name: string(name), Chosen: string(name) == p.Ask.Status})
	}
	status := http.StatusOK
	if cursor := q.Get("cursor"); cursor != "" {
		var err error
		if p.Ask.Before, err = strconv.ParseInt(cursor, 10, 64); err != nil || p.Ask.Before < 1 {
			p.Wrong, status = fmt.Sprintf("cursor: %.20q is not the id of an alert", cursor), http.StatusBadRequest
		}
	}
	at := s.now()
	if p.Wrong == "" {
		p.Feed = s.feed(r.Context(), p.Ask)
	}
	if n := len(p.Feed.Alerts); n == mostAlerts {
		next := url.Values{}
		for name, values := range q {
			next[name] = values
		}
		next.Set("cursor", fmt.Sprint(p.Feed.Alerts[n-1].ID))
		p.Older = &link{"Older", s.BasePath + "/alerts?" + next.Encode()}
	}
	s.show(w, status, "alerts", frame{Title: p.Title, Icon: "ok.svg", At: at, Body: p})
}
