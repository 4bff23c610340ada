package main

import (
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/drift"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/notify"
	"github.com/montimer/montimer/internal/pager"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/telegram"
	"github.com/montimer/montimer/internal/testenv"
	"github.com/montimer/montimer/taskexec"
)

// A stepped is a host whose clock is set between two processes: what the first has
// written the second reads. Only the clock of the wall is: what counts from boot
// does not change.
type stepped struct {
	dir     string
	step    time.Duration // 0: the first process
	db      *store.Store
	fails   bool // Telegram
	arrived []string
	noted   time.Time // by the first process
	release func()    // of the sending that it began
}

// Send implements [notify.Bot].
func (s *stepped) Send(_ context.Context, _ string, m telegram.Message) error {
	if s.fails {
		return &telegram.Error{Status: 502}
	}
	s.arrived = append(s.arrived, m.Text)
	return nil
}

func (s *stepped) send(t *testing.T) {
	t.Helper()
	n := notify.Notifier{
		Outbox: s.db, Bot: s, Redact: func(s string) string { return s }, Log: slog.New(slog.DiscardHandler),
		Getenv: func(name string) string {
			return map[string]string{"TELEGRAM_BOT_TOKEN_DEFAULT": "1:x", "TELEGRAM_CHAT_ID_AUTOMATION": "1"}[name]
		},
	}
	if err := n.SendPending(t.Context()); err != nil {
		t.Error(err)
	}
}

func (s *stepped) alert(t *testing.T, n int) {
	t.Helper()
	for range n {
		a := montimer.Alert{Kind: montimer.AlertFailure, Profile: "p", RunID: "r", Text: "it failed"}
		if err := s.db.Enqueue(t.Context(), &a); err != nil {
			t.Fatal(err)
		}
	}
}

func (s *stepped) begin(t *testing.T, id string) montimer.Run {
	t.Helper()
	run, err := s.db.Begin(t.Context(), montimer.Run{ID: id, Profile: "p", Trigger: montimer.TriggerTimer, Started: time.Now(), Scheduled: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func (s *stepped) run(t *testing.T, id string, state montimer.RunState) montimer.Run {
	t.Helper()
	run := s.begin(t, id)
	time.Sleep(time.Second)
	run.State, run.Ended = state, time.Now()
	alert := s.formatter().Run(run, s.incident(t))
	if err := s.db.Finish(t.Context(), run, alert); err != nil {
		t.Fatal(err)
	}
	return run
}

func (s *stepped) formatter() notify.Formatter {
	return notify.Formatter{Host: "h", Policy: montimer.NotifyPolicy{After: 1, Recovery: true}}
}

func (s *stepped) incident(t *testing.T) montimer.Incident {
	t.Helper()
	i, err := pager.Records{Store: s.db}.Incident(t.Context(), "p")
	if err != nil {
		t.Error(err)
	}
	return i
}

// tick has the timer of a minutely profile start a run, as systemd does.
func (s *stepped) tick(t *testing.T, catchUp bool) montimer.Run {
	t.Helper()
	minutely, err := calendar.Parse("*-*-* *:*:00")
	if err != nil {
		t.Fatal(err)
	}
	if s.step == 0 {
		s.noted = time.Now()
	}
	now := time.Now()
	r := taskexec.Runner{
		Checkout: s.dir, StateDir: s.dir, Recorder: pager.Records{Store: s.db}, Sink: taskexec.NewTextSink(io.Discard, false),
		Log: slog.New(slog.DiscardHandler),
		Load: func(context.Context) (montimer.Jobs, error) {
			return montimer.Jobs{Profiles: []montimer.Profile{{Name: "p", Enabled: true, CatchUp: catchUp, Parallel: 1, Overlap: montimer.OverlapSkip}}}, nil
		},
		Timer: func(context.Context, string) (taskexec.Timer, error) {
			return taskexec.Timer{
				Events: []calendar.Event{minutely}, Local: time.UTC, Trigger: time.Hour + s.step,
				Triggered: now, Since: s.noted.Add(-time.Hour), Freed: s.noted.Add(-time.Minute),
			}, nil
		},
	}
	run, err := r.Exec(t.Context(), taskexec.Request{Profile: "p", Trigger: montimer.TriggerTimer})
	if err != nil {
		t.Error(err)
	}
	return run
}

// TestSteppedClock has each decision that compares times made after the clock was
// set: nothing is lost, deleted or silent, and no message shows a negative
// time. Durations within a process, time limits and heartbeats are by the
// monotonic clock of the process, which no step touches.
func TestSteppedClock(t *testing.T) {
	t.Parallel()
	ran := func(catchUp bool) func(*testing.T, *stepped) {
		return func(t *testing.T, s *stepped) {
			if run := s.tick(t, catchUp); run.State != montimer.RunOK || run.Ended.Before(run.Started) || !run.Scheduled.Equal(run.Started.Truncate(time.Minute)) {
				t.Errorf("%+v", run)
			}
		}
	}
	for name, decision := range map[string]struct{ before, after func(*testing.T, *stepped) }{
		"due":      {ran(false), ran(false)},
		"catch up": {ran(true), ran(true)},
		"prune": {
			func(t *testing.T, s *stepped) {
				for _, id := range []string{"a", "b", "c", "d"} {
					s.run(t, id, montimer.RunOK)
				}
			},
			func(t *testing.T, s *stepped) {
				s.run(t, "e", montimer.RunOK)
				if n, err := s.db.Prune(t.Context(), store.Keep{Days: 90, Runs: 2}, 500); n != 0 || err != nil {
					t.Errorf("%d deleted, %v", n, err)
				}
			},
		},
		"a pause": {
			func(t *testing.T, s *stepped) {
				testenv.NeedRoot(t)
				s.noted = time.Now().Add(30 * time.Minute)
				if err := host.WritePause(filepath.Join(s.dir, "pause"), "p", montimer.Pause{Until: s.noted}); err != nil {
					t.Fatal(err)
				}
			},
			func(t *testing.T, s *stepped) {
				paused := func() bool {
					p, err := host.PauseOfTicks(filepath.Join(s.dir, "pause"), s.dir, "p", time.Now())
					if err != nil {
						t.Error(err)
					}
					return !p.Until.IsZero()
				}
				if got := paused(); got != time.Now().Before(s.noted) {
					t.Errorf("paused %v", got)
				}
				time.Sleep(max(0, time.Until(s.noted)))
				if paused() {
					t.Error("paused after its end")
				}
			},
		},
		"the lease of the sender": {
			func(t *testing.T, s *stepped) {
				release, ok, err := s.db.BeginSending(t.Context())
				if !ok || err != nil {
					t.Errorf("%v, %v", ok, err)
				}
				s.release = release // the lock must not be collected with its file
			},
			func(t *testing.T, s *stepped) { // by the time since boot, another process still sends
				defer s.release()
				if _, ok, err := s.db.BeginSending(t.Context()); ok || err != nil {
					t.Errorf("two send: %v", err)
				}
			},
		},
		"an alert that was never tried": {
			func(t *testing.T, s *stepped) { s.alert(t, 1) },
			func(t *testing.T, s *stepped) { s.send(t); s.sent(t, 1) },
		},
		"an alert that was tried": {
			func(t *testing.T, s *stepped) { s.fails = true; s.alert(t, 1); s.send(t) },
			func(t *testing.T, s *stepped) {
				s.send(t) // nor is it given up
				s.fails = false
				time.Sleep(time.Hour)
				s.send(t)
				s.sent(t, 1)
			},
		},
		"the pace of a profile": {
			func(t *testing.T, s *stepped) { s.alert(t, 25); s.send(t); s.alert(t, 1) },
			func(t *testing.T, s *stepped) {
				before := len(s.arrived)
				s.send(t)
				if pending, err := s.db.Pending(t.Context()); err != nil || len(pending) > 0 || len(s.arrived) == before {
					t.Errorf("%d wait, %d arrived, %v", len(pending), len(s.arrived)-before, err)
				}
			},
		},
		"a lost run": {
			func(t *testing.T, s *stepped) { s.begin(t, "gone") },
			func(t *testing.T, s *stepped) {
				lost, err := s.db.Lost(t.Context(), func(string) bool { return true }, func(run montimer.Run) *montimer.Alert {
					return s.formatter().Run(run, s.incident(t))
				})
				if err != nil || len(lost) != 1 {
					t.Errorf("%+v, %v", lost, err)
				}
				s.send(t)
				s.sent(t, 1)
			},
		},
		"a recovery": {
			func(t *testing.T, s *stepped) { s.run(t, "a", montimer.RunFailed); s.run(t, "b", montimer.RunFailed) },
			func(t *testing.T, s *stepped) {
				s.run(t, "c", montimer.RunFailed)
				s.run(t, "d", montimer.RunOK)
				s.send(t)
				if all := strings.Join(s.arrived, "\n"); !strings.Contains(all, "recovered after 3 failed runs") {
					t.Errorf("not told: %s", all)
				}
			},
		},
		"units that lag": {
			func(_ *testing.T, s *stepped) { s.noted = time.Now() },
			func(t *testing.T, s *stepped) {
				if !drift.LagsTooLong(s.noted, time.Now()) {
					t.Error("no alert")
				}
			},
		},
	} {
		for step, back := range map[time.Duration]string{-365 * 24 * time.Hour: "back a year", -time.Hour: "back an hour", 365 * 24 * time.Hour: "ahead a year"} {
			t.Run(name+", "+back, func(t *testing.T) {
				t.Parallel()
				s := &stepped{dir: t.TempDir()}
				const noon = 2*365*24*time.Hour + 12*time.Hour
				s.process(t, noon, decision.before)
				s.step = step
				s.process(t, noon+step, decision.after)
				if text := regexp.MustCompile(`(^|[^0-9])-[0-9][0-9.]*(h|m|s)`).FindString(strings.Join(s.arrived, "\n")); text != "" {
					t.Errorf("a negative duration: %q", text)
				}
			})
		}
	}
}

// sent checks how many messages have arrived and that none waits.
func (s *stepped) sent(t *testing.T, want int) {
	t.Helper()
	pending, err := s.db.Pending(t.Context())
	if len(s.arrived) != want || len(pending) > 0 || err != nil {
		t.Errorf("%d messages, %d wait, %v", len(s.arrived), len(pending), err)
	}
}

// process does what a process does whose clock is so far after 2000-01-01.
func (s *stepped) process(t *testing.T, at time.Duration, do func(*testing.T, *stepped)) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(at)
		var err error
		if s.db, err = store.Open(t.Context(), s.dir, store.Options{}); err != nil {
			t.Fatal(err)
		}
		do(t, s)
		if err := s.db.Close(); err != nil {
			t.Error(err)
		}
	})
}
