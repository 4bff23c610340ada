package tick

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/jobsfile"
	"github.com/montimer/montimer/internal/pager"
	"github.com/montimer/montimer/taskexec"
)

var update = flag.Bool("update", false, "rewrite the page of docs/telegram.md")

// TestManualOfBrokenJobs holds the page of docs/telegram.md about a run with a
// broken jobs.yaml; -update rewrites it.
func TestManualOfBrokenJobs(t *testing.T) {
	t.Parallel()
	const doc = "../../docs/telegram.md"
	dir := t.TempDir()
	h := montimer.Host{JobsFile: filepath.Join(dir, "jobs.yaml"), Checkout: dir, StateDir: dir, User: "root", AllowRoot: true}
	var said strings.Builder
	runs := 0
	run := func(text string) (montimer.Run, []*montimer.Alert, error) {
		t.Helper()
		if err := os.WriteFile(h.JobsFile, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		said.Reset()
		outlet := taskexec.NewOutlet()
		defer outlet.Close(time.Minute)
		runner, err := Run{Host: h, Stderr: &said, outlet: outlet}.runner(new(jobsfile.Reader), "")
		if err != nil {
			t.Fatal(err)
		}
		h := pager.Host{Name: "alpha_1", Getenv: func(string) string { return "" }, Redact: strings.Clone}
		p := pager.New(h, pager.Open(t.Context(), "", dir), runner.Log)
		defer p.Records.Close()
		p.Observe(&runner)
		var made []*montimer.Alert
		alert := runner.Alert
		runner.Alert = func(r montimer.Run) *montimer.Alert {
			made = append(made, alert(r))
			return made[len(made)-1]
		}
		runs++
		result, err := runner.Exec(t.Context(), taskexec.Request{ID: fmt.Sprintf("%032d", runs), Profile: "hourly", Trigger: montimer.TriggerTimer})
		return result, made, err
	}
	const good = "profiles:\n  hourly:\n    cron: '5 * * * *'\n    tasks: [{name: a, command: ['true']}]\n"
	broken := strings.Replace(good, "cron:", "paralel: 2\n    cron:", 1)

	if _, _, err := run(good); err != nil {
		t.Fatal(err)
	}
	result, alerts, err := run(broken)
	if err != nil || result.State != montimer.RunOK || len(alerts) != 1 || alerts[0].Kind != montimer.AlertPage {
		t.Fatalf("%+v, %+v, %v", result, alerts, err)
	}
	page := strings.ReplaceAll(alerts[0].Text, result.ID, "00000000000000000000000000000001")

	// Nothing to fall back on: the run fails, and all has been said.
	if err := os.RemoveAll(filepath.Join(dir, "last-good")); err != nil {
		t.Fatal(err)
	}
	result, _, err = run(broken)
	if !errors.Is(err, jobsfile.ErrInvalid) || result.State != montimer.RunFailed || !strings.HasPrefix(result.Reason, "jobs.yaml:") {
		t.Errorf("%+v, %v", result, err)
	}
	if n := strings.Count(said.String(), "unknown key"); n != 1 {
		t.Errorf("said %d times: %s", n, &said)
	}

	text, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)(<!-- page: montimer -->\n````\n)(.*?)(\n````\n)")
	if *update {
		text = block.ReplaceAllFunc(text, func(b []byte) []byte {
			parts := block.FindSubmatch(b)
			return []byte(string(parts[1]) + page + string(parts[3]))
		})
		if err := os.WriteFile(doc, text, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	shown := block.FindSubmatch(text)
	if shown == nil {
		t.Fatalf("%s has no page of montimer itself", doc)
	}
	if diff := cmp.Diff(page, string(shown[2])); diff != "" {
		t.Errorf("%s (-update rewrites it):\n%s", doc, diff)
	}
}
