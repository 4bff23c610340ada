package notify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/telegram"
)

// GlobalHeartbeat is the environment variable with the URL that hears of every
// run's end, whatever became of the tasks: so its silence means that this host,
// or montimer on it, is gone.
const GlobalHeartbeat = "MONTIMER_HEARTBEAT"

const (
	pingTimeout = 10 * time.Second
	maxPing     = 10_000 // bytes of a body
)

// Heart tells services like healthchecks.io of runs
// (https://healthchecks.io/docs/http_api/). It never fails one: what goes wrong
// is logged, under the name of the variable and without the URL.
type Heart struct {
	Getenv func(string) string
	Redact func(string) string // hides secrets in what is logged
	Log    *slog.Logger
}

// Pulse is one run.
type Pulse struct {
	Heart
	variable string // of the profile's URL; "": it has none
	runID    string
	start    sync.WaitGroup
}

// Begin tells that a run of the profile has started. It does not wait.
func (h Heart) Begin(ctx context.Context, p montimer.Profile, runID string) *Pulse {
	pulse := &Pulse{Heart: h, variable: p.Heartbeat, runID: runID}
	pulse.start.Go(func() { pulse.ping(ctx, pulse.variable, "start", "") })
	return pulse
}

// End tells how the run has ended; the end of body goes with it. It takes ten
// seconds at most, ten more where the start takes as long.
func (p *Pulse) End(ctx context.Context, exitCode int, body string) {
	p.start.Wait()
	signal := ""
	if exitCode != 0 {
		signal = strconv.Itoa(exitCode)
	}
	var ends sync.WaitGroup
	ends.Go(func() { p.ping(ctx, p.variable, signal, body) })
	ends.Go(func() { p.ping(ctx, GlobalHeartbeat, "", body) })
	ends.Wait()
}

// ping sends a signal to the URL in the variable of that name, if there is one.
func (p *Pulse) ping(ctx context.Context, variable, signal, body string) {
	if variable == "" || p.Getenv(variable) == "" {
		return
	}
	if err := ping(ctx, p.Getenv(variable), signal, p.runID, body); err != nil {
		p.Log.Warn(p.Redact(fmt.Sprintf("heartbeat %s: %v", variable, err)), "run_id", p.runID)
	}
}

var errNoURL = errors.New("what it holds is not a URL")

// ping sends a signal ("start", an exit status, "" for success). Its
// error has nothing of the URL.
func ping(ctx context.Context, to, signal, runID, body string) error {
	u, err := url.Parse(to)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return errNoURL
	}
	if signal != "" {
		u = u.JoinPath(signal)
	}
	if q := u.Query(); len(runID) == 32 {
		q.Set("rid", strings.Join([]string{runID[:8], runID[8:12], runID[12:16], runID[16:20], runID[20:]}, "-"))
		u.RawQuery = q.Encode()
	}
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), strings.NewReader(end(body)))
	if err != nil {
		return errNoURL
	}
	req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return errors.New(strings.ReplaceAll(telegram.Cause(err), u.Hostname(), "***"))
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, io.LimitReader(resp.Body, maxPing))
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("answered with status %d", resp.StatusCode)
	}
	return nil
}

// end returns as much of the end of s as a ping may hold, in whole characters.
func end(s string) string {
	return strings.ToValidUTF8(s[max(0, len(s)-maxPing):], "")
}

// SecretValues returns the URLs of heartbeats in environ: who knows one can
// speak for this host.
func SecretValues(environ []string) []string {
	var values []string
	for _, kv := range environ {
		if name, value, _ := strings.Cut(kv, "="); strings.Contains(strings.ToUpper(name), "HEARTBEAT") {
			values = append(values, value)
		}
	}
	return values
}
