package taskexec

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
)

func TestRetries(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name     string
		script   string
		retries  int
		want     montimer.TaskStatus
		attempts int
		limit    time.Duration
	}{
		{"none after success", "exit 0", 3, montimer.TaskOK, 1, time.Minute},
		{"none asked for", "exit 1", 0, montimer.TaskFailed, 1, time.Minute},
		{"until it works", `test $MONTIMER_ATTEMPT = 3`, 5, montimer.TaskOK, 3, time.Minute},
		{"until there are no more", "exit $MONTIMER_ATTEMPT", 2, montimer.TaskFailed, 3, time.Minute},
		{"a timeout is a failure too", `test $MONTIMER_ATTEMPT != 1 || sleep 3600`, 100, montimer.TaskOK, 2, time.Second},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			task := shell(tt.script)
			task.Retries, task.RetryDelay, task.Timeout = tt.retries, time.Millisecond, tt.limit
			result := newHost(t, task).exec(t).Tasks[0]
			// On a slow machine the second attempt may be out of time, too.
			slow := tt.limit < time.Minute && result.Attempts > tt.attempts
			if result.Status != tt.want || result.Attempts != tt.attempts && !slow {
				t.Errorf("%s after %d attempts, want %s after %d", result.Status, result.Attempts, tt.want, tt.attempts)
			}
			if tt.want == montimer.TaskFailed && result.ExitCode != tt.attempts {
				t.Errorf("exit code %d is not the last attempt's", result.ExitCode)
			}
		})
	}
}

func TestRetryDelayGrows(t *testing.T) {
	t.Parallel()
	task := shell("exit 1")
	task.Retries, task.RetryDelay = 2, 100*time.Millisecond
	h := newHost(t, task)
	if took := h.exec(t).Tasks[0].Duration; took < 300*time.Millisecond {
		t.Errorf("100 ms + 200 ms took %v", took)
	}
	if log := h.log.String(); !strings.Contains(log, "retry 1 of 2 in 100ms") || !strings.Contains(log, "retry 2 of 2 in 200ms") {
		t.Error(log)
	}
}

func TestInterruptedWhileWaitingToRetry(t *testing.T) {
	t.Parallel()
	task := shell("exit 1")
	task.Retries, task.RetryDelay = 1, time.Hour
	h := newHost(t, task)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for !strings.Contains(h.log.String(), "retry 1") {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	result, err := h.Exec(ctx, Request{Profile: "p"})
	if ExitCode(result, err) != 143 || result.Tasks[0].Status != montimer.TaskFailed {
		t.Errorf("%v, %+v", err, result)
	}
}

func TestAfterAndParallel(t *testing.T) {
	t.Parallel()
	// a waits for b to start and b for a: they can only end together. c must
	// find that both have ended, although b failed.
	meet := func(me, other, then string) montimer.Task {
		task := shell("touch " + me + "; while ! test -e " + other + "; do sleep 0.01; done; sleep 0.1; touch " + me + ".done; " + then)
		task.Name, task.Timeout = me, time.Minute
		return task
	}
	last := shell("test -e a.done && test -e b.done")
	last.After = []string{"a", "b"}
	h := newHost(t, meet("a", "b", "exit 0"), meet("b", "a", "exit 1"), last)
	h.profile().Parallel = 3
	var got []montimer.TaskStatus
	for _, r := range h.exec(t).Tasks {
		got = append(got, r.Status)
	}
	if diff := cmp.Diff([]montimer.TaskStatus{montimer.TaskOK, montimer.TaskFailed, montimer.TaskOK}, got); diff != "" {
		t.Error(diff, h.log.String())
	}
}

func TestTimeoutOfTheWholeRun(t *testing.T) {
	t.Parallel()
	var result montimer.Run
	for limit := 300 * time.Millisecond; limit < time.Minute; limit *= 2 {
		h := newHost(t, shell("exit 0"), shell("sleep 3600"), shell("exit 0"))
		h.profile().Timeout = limit
		if result = h.exec(t); result.Tasks[0].Status == montimer.TaskOK { // else the limit came before it
			break
		}
	}
	var got []montimer.TaskStatus
	for _, r := range result.Tasks {
		got = append(got, r.Status)
	}
	if diff := cmp.Diff([]montimer.TaskStatus{montimer.TaskOK, montimer.TaskTimeout, montimer.TaskNotRun}, got); diff != "" {
		t.Error(diff)
	}
	if result.State != montimer.RunFailed || ExitCode(result, nil) != 1 {
		t.Errorf("%+v", result)
	}
}

func TestFactsForTasks(t *testing.T) {
	t.Parallel()
	show := shell(`env | grep -e ^MONTIMER_ -e ^PWD= | sort >$OUT`)
	show.Name, show.Workdir, show.Retries = "show", "work", 1
	show.Env = []montimer.EnvVar{{Name: "MONTIMER_TASK", Value: "forged"}, {Name: "MONTIMER_SCHEDULED_AT", Value: "forged"}}
	h := newHost(t, show)
	h.write(t, "work/x", "", 0o644)
	out := filepath.Join(h.Checkout, "out")
	h.Environ = append(h.Environ, "OUT="+out, "PWD=/stale")
	run := func(req Request) string {
		t.Helper()
		if _, err := h.Exec(t.Context(), req); err != nil {
			t.Fatal(err)
		}
		text, _ := os.ReadFile(out)
		return strings.ReplaceAll(string(text), h.Checkout, "CHECKOUT")
	}
	want := "MONTIMER_ATTEMPT=1\nMONTIMER_PROFILE=p\nMONTIMER_RUN_ID=" + testRunID + "\nMONTIMER_TASK=show\nMONTIMER_TRIGGER=manual\nPWD=CHECKOUT/work\n"
	if diff := cmp.Diff(want, run(Request{Profile: "p", Trigger: montimer.TriggerManual})); diff != "" {
		t.Error(diff)
	}
	daily, err := calendar.Parse("*-*-* 08:30")
	if err != nil {
		t.Fatal(err)
	}
	h.Timer = func(context.Context, string) (Timer, error) {
		return Timer{Events: []calendar.Event{daily}, Local: time.UTC}, nil
	}
	got := run(Request{Profile: "p", Trigger: montimer.TriggerTimer})
	_, at, _ := strings.Cut(got, "\nMONTIMER_SCHEDULED_AT=")
	at, _, _ = strings.Cut(at, "\n")
	tick, err := time.Parse(time.RFC3339, at)
	if err != nil || tick.UTC().Format(time.TimeOnly) != "08:30:00" || time.Since(tick) < 0 || time.Since(tick) > 24*time.Hour {
		t.Errorf("served %q: %v in\n%s", at, err, got)
	}
}

func TestQuoteAndEnvNames(t *testing.T) {
	t.Parallel()
	if got := envNames(montimer.Profile{}, montimer.Task{}); got != "-" {
		t.Error(got)
	}
	if got := quote([]string{"", "a b", "it's", "x=/y:z"}); got != `'' 'a b' 'it'\''s' x=/y:z` {
		t.Error(got)
	}
}
