package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/telegram"
)

const (
	pingTimeout = 10 * time.Second // of one attempt
	beatTimeout = 20 * time.Second // of all attempts
	beatTries   = 5
	beatPause   = time.Second // before the second attempt; doubled with each, half of it by chance
	maxPing     = 10_000      // bytes of a body
	maxMsg      = 200         // code points of what Uptime Kuma shows
)

// Heartbeat signals runs to services that watch for silence: those with the
// protocol of healthchecks.io (https://healthchecks.io/docs/http_api/), and
// push monitors of Uptime Kuma. It never fails a run: errors are logged, with
// the name of the variable and without the URL.
type Heartbeat struct {
	Getenv func(string) string
	Redact func(string) string // hides secrets in what is logged
	Log    *slog.Logger

	transport http.RoundTripper // nil: the network
}

// HeartbeatRun sends the signals of one run.
type HeartbeatRun struct {
	Heartbeat
	variable string // of the profile's URL; "": it has none
	runID    string
	began    time.Time
	start    sync.WaitGroup
	over     context.CancelFunc // ends the sending of the start signal
}

// beat is one signal of a run.
type beat struct {
	signal string        // "start", "fail", an exit status, "" for success
	body   string        // its end goes with the signal
	took   time.Duration // the run so far
}

// Begin signals that a run of the profile has started. It does not wait.
func (h Heartbeat) Begin(ctx context.Context, p montimer.Profile, runID string) *HeartbeatRun {
	signals := &HeartbeatRun{Heartbeat: h, variable: p.Heartbeat, runID: runID, began: time.Now()}
	if p.Heartbeat != "" && h.Getenv(p.Heartbeat) == "" {
		h.Log.Warn(fmt.Sprintf("heartbeat: %s is not set in the environment: no pings for its runs", p.Heartbeat), "run_id", runID)
	}
	more, over := context.WithCancel(ctx)
	signals.over = over
	signals.start.Go(func() { signals.send(ctx, more, signals.variable, beat{signal: "start"}) })
	return signals
}

// End signals how the run of the profile has ended. It takes twenty seconds at
// most, ten more while an attempt to signal the start is under way.
func (p *HeartbeatRun) End(ctx context.Context, exitCode int, body string) {
	p.over()
	p.start.Wait()
	b := beat{body: body, took: time.Since(p.began)}
	if exitCode != 0 {
		b.signal = strconv.Itoa(exitCode)
	}
	p.send(ctx, ctx, p.variable, b)
}

// Alive signals that this host works: a run has ended, well or not, and alerts
// can be sent, unless stuck says why not. It takes twenty seconds at most.
func (p *HeartbeatRun) Alive(ctx context.Context, stuck error, body string) {
	b := beat{body: body, took: time.Since(p.began)}
	if stuck != nil {
		b.signal, b.body = "fail", p.Redact("alerts cannot be sent from this host: "+stuck.Error())
	}
	p.send(ctx, ctx, montimer.GlobalHeartbeat, b)
}

// send sends a signal to the URL in the variable of that name, if there is one,
// and makes further attempts while more lasts.
func (p *HeartbeatRun) send(ctx, more context.Context, variable string, b beat) {
	if variable == "" || p.Getenv(variable) == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, beatTimeout)
	defer cancel()
	var err error
	attempts := 0
	for wait := beatPause; ; wait *= 2 {
		attempts++
		if err = p.ping(ctx, p.Getenv(variable), b); err == nil {
			return
		}
		var bad refusal
		if attempts == beatTries || more.Err() != nil || errors.Is(err, errNoURL) || errors.As(err, &bad) && telegram.Permanent(int(bad)) {
			break
		}
		select {
		case <-ctx.Done():
		case <-more.Done():
		case <-time.After(wait/2 + rand.N(wait/2+1)):
			continue
		}
		break
	}
	p.Log.Warn(p.Redact(fmt.Sprintf("heartbeat %s: %v (%s)", variable, err, count(attempts, "attempt"))), "run_id", p.runID)
}

// Try asks the service of a variable's URL for an answer, without a signal: with an
// entry in the log of a check (https://healthchecks.io/docs/http_api/#log-uuid).
// Uptime Kuma takes any request to a push URL for a signal, so it is only asked
// whether it is there. The error holds no part of the URL.
func (h Heartbeat) Try(ctx context.Context, variable string) error {
	u, err := url.Parse(h.Getenv(variable))
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errNoURL
	}
	if strings.Contains(u.Path, "/api/push/") {
		u.Path, u.RawPath, u.RawQuery = "/", "", ""
		if err := h.request(ctx, http.MethodHead, u, ""); !errors.As(err, new(refusal)) {
			return err
		}
		return nil
	}
	return h.request(ctx, http.MethodPost, healthcheck(u, "", "log"), "montimer doctor: a trial, no signal")
}

var errNoURL = errors.New("its value is not a URL")

// refusal is the status of an answer other than 2xx.
type refusal int

func (r refusal) Error() string { return fmt.Sprintf("answered with status %d", int(r)) }

// ping makes one attempt to send a signal. Its error holds no part of the URL.
func (p *HeartbeatRun) ping(ctx context.Context, to string, b beat) error {
	u, err := url.Parse(to)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errNoURL
	}
	method, body := http.MethodPost, end(b.body)
	if strings.Contains(u.Path, "/api/push/") {
		if b.signal == "start" {
			return nil // it knows up and down alone
		}
		method, body = http.MethodGet, ""
		u.RawQuery = kuma(u.Query(), b).Encode()
	} else {
		u = healthcheck(u, p.runID, b.signal)
	}
	return p.request(ctx, method, u, body)
}

// request makes a request. Its error holds no part of the URL.
func (h Heartbeat) request(ctx context.Context, method string, u *url.URL, body string) error {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, u.String(), strings.NewReader(body))
	if err != nil {
		return errNoURL
	}
	if body != "" {
		req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	}
	client := http.Client{Transport: h.transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return errors.New(strings.ReplaceAll(telegram.Cause(err), u.Hostname(), "***"))
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, io.LimitReader(resp.Body, maxPing))
	if resp.StatusCode/100 != 2 {
		return refusal(resp.StatusCode)
	}
	return nil
}

// healthcheck adds a signal and the id of the run to a URL.
func healthcheck(u *url.URL, runID, signal string) *url.URL {
	if signal != "" {
		u = u.JoinPath(signal)
	}
	if q := u.Query(); len(runID) == 32 {
		q.Set("rid", strings.Join([]string{runID[:8], runID[8:12], runID[12:16], runID[16:20], runID[20:]}, "-"))
		u.RawQuery = q.Encode()
	}
	return u
}

// kuma sets the parameters of a push monitor of Uptime Kuma, /api/push/:pushToken
// in its server/routers/api-router.js: status is up or down, msg is shown, ping is
// a time in milliseconds.
func kuma(q url.Values, b beat) url.Values {
	msg := strings.Join(strings.FieldsFunc(b.body, func(r rune) bool { return r < ' ' }), " · ")
	if r := []rune(msg); len(r) > maxMsg {
		msg = string(r[:maxMsg-1]) + "…"
	}
	status := "up"
	switch {
	case b.signal != "":
		status = "down"
		if msg == "" {
			msg = "exit " + b.signal
		}
	case msg == "":
		msg = "OK"
	}
	q.Set("status", status)
	q.Set("msg", strings.ToValidUTF8(msg, "\uFFFD"))
	q.Set("ping", strconv.FormatInt(max(0, b.took.Milliseconds()), 10))
	return q
}

// end returns the end of s, at most maxPing bytes, in whole characters.
func end(s string) string {
	return strings.ToValidUTF8(s[max(0, len(s)-maxPing):], "")
}

// SecretValues returns the URLs of heartbeats in environ: a URL is enough to
// signal for this host.
func SecretValues(environ []string) []string {
	var values []string
	for _, kv := range environ {
		if name, value, _ := strings.Cut(kv, "="); strings.Contains(strings.ToUpper(name), "HEARTBEAT") {
			values = append(values, value)
		}
	}
	return values
}
