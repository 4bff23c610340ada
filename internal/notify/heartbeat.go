package notify

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
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

// A Pulse tells services like healthchecks.io of one run
// (https://healthchecks.io/docs/http_api/). It never fails a run: what goes
// wrong is logged, under the name of the variable and without the URL.
type Pulse struct {
	n       Notifier
	profile montimer.Profile
	runID   string
	start   sync.WaitGroup
}

// Begin tells that a run has started. It does not wait.
func (n Notifier) Begin(ctx context.Context, p montimer.Profile, runID string) *Pulse {
	pulse := &Pulse{n: n, profile: p, runID: runID}
	pulse.start.Go(func() { pulse.ping(ctx, p.Heartbeat, "start", "") })
	return pulse
}

// End tells how the run has ended, with the end of body as what there is to
// know. It takes ten seconds at most, ten more where the start takes as long.
func (p *Pulse) End(ctx context.Context, exitCode int, body string) {
	p.start.Wait()
	var ends sync.WaitGroup
	ends.Go(func() { p.ping(ctx, GlobalHeartbeat, "", body) })
	signal := ""
	if exitCode != 0 {
		signal = fmt.Sprint(exitCode)
	}
	ends.Go(func() { p.ping(ctx, p.profile.Heartbeat, signal, body) })
	ends.Wait()
}

// Lost tells that a run is lost.
func (n Notifier) Lost(ctx context.Context, p montimer.Profile, runID, body string) {
	(&Pulse{n: n, profile: p, runID: runID}).ping(ctx, p.Heartbeat, "fail", body)
}

// ping sends a signal to the URL in the variable of that name, if there is one.
func (p *Pulse) ping(ctx context.Context, variable, signal, body string) {
	if variable == "" || p.n.Getenv(variable) == "" {
		return
	}
	if err := ping(ctx, p.n.Getenv(variable), signal, p.runID, body); err != nil {
		p.n.Log.Warn(p.n.Redact(fmt.Sprintf("heartbeat %s: %v", variable, err)), "profile", p.profile.Name, "run_id", p.runID)
	}
}

// ping sends a signal ("start", "fail", an exit status, "" for success). Its
// error has nothing of the URL.
func ping(ctx context.Context, to, signal, runID, body string) error {
	u, err := url.Parse(to)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return fmt.Errorf("what it holds is not a URL")
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
		return fmt.Errorf("what it holds is not a URL")
	}
	req.Header.Set("Content-Type", "text/plain; charset=utf-8")
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("%s", strings.ReplaceAll(telegram.Cause(err), u.Hostname(), "***"))
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
