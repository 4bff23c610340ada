package notify

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/telegram"
)

// drainEvery lets the timer of the outbox come every minute until all has been
// sent, for as long as it takes.
func drainEvery(t *testing.T, n Notifier, limit time.Duration) {
	t.Helper()
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(time.Minute) {
		if err := n.SendPending(t.Context()); err != nil {
			t.Fatal(err)
		}
		if left, _ := n.Outbox.Pending(t.Context()); len(left) == 0 {
			return
		}
	}
	left, _ := n.Outbox.Pending(t.Context())
	t.Fatalf("%d alerts have not been sent in %s", len(left), limit)
}

func first(profile, text string) *montimer.Alert {
	return &montimer.Alert{Kind: montimer.AlertFailure, Profile: profile, Incident: profile, First: true, Text: text}
}

func repeat(profile, text string) *montimer.Alert {
	a := first(profile, text)
	a.First = false
	return a
}

var (
	errFlood = &telegram.Error{Status: 429, Description: "Too Many Requests: retry after 35", RetryAfter: 35 * time.Second}
	errDown  = &telegram.Error{Status: 502, Description: "Bad Gateway"}
	errGone  = &telegram.Error{Status: 403, Description: "Forbidden: bot was kicked from the group chat"}
	errParse = &telegram.Error{Status: 400, Description: "Bad Request: can't parse entities: Can't find end"}
)

// TestOrder holds what waits goes in: first failures before all else, the
// newest first; then the rest in order, of each incident the newest text.
func TestOrder(t *testing.T) {
	t.Parallel()
	o, c := openOutbox(t), &chat{}
	for _, a := range []*montimer.Alert{
		first("a", "a fails"), repeat("a", "a fails again"), first("b", "b fails"), repeat("a", "a: 3 runs"), repeat("b", "b: 2 runs"),
		{Kind: montimer.AlertRecovery, Incident: "z", Text: "z is well"}, repeat("a", "a: 4 runs"), first("c", "c fails"),
		{Kind: montimer.AlertRecovery, Incident: "b", Text: "b is well"},
	} {
		enqueue(t, o, a)
	}
	if err := notifier(t, o, c, somewhere).SendPending(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{"c fails", "b fails", "a fails", "a: 4 runs", "b is well", "z is well"}
	if diff := cmp.Diff(want, c.texts()); diff != "" {
		t.Error(diff)
	}
}

// TestFlood lets 500 runs of a profile fail while Telegram demands a pause: the
// page of another profile is next, and the 500 take two messages.
func TestFlood(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o, start := openOutbox(t), time.Now()
		c := &chat{fail: func(attempt int, _ telegram.Message) error {
			if attempt == 2 {
				return errFlood
			}
			return nil
		}}
		n := notifier(t, o, c, somewhere)
		for i := range 200 {
			a := repeat("noisy", fmt.Sprintf("noisy: %d runs", i+1))
			a.First = i == 0
			enqueue(t, o, a)
			if i%40 < 2 { // a run ends, and tells
				if err := n.SendPending(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		enqueue(t, o, first("other", "other fails"))
		drainEvery(t, n, time.Hour)
		want := []string{"noisy: 1 runs", "other fails", "noisy: 200 runs"}
		if diff := cmp.Diff(want, c.texts()); diff != "" {
			t.Error(diff)
		}
		if gap := c.at[1].Sub(start); gap < errFlood.RetryAfter || c.seen != 4 {
			t.Errorf("%d attempts, the first of them after %s", c.seen, gap)
		}
	})
}

// TestManyUrgent holds that a flood of first failures, of as many profiles, holds up
// no other alert.
func TestManyUrgent(t *testing.T) {
	t.Parallel()
	o, c := openOutbox(t), &chat{}
	enqueue(t, o, repeat("x", "x: 2 runs"))
	for i := range 3 * burst {
		enqueue(t, o, first(fmt.Sprint("p", i), fmt.Sprintf("p%d fails", i)))
	}
	if err := notifier(t, o, c, somewhere).SendPending(t.Context()); err != nil {
		t.Fatal(err)
	}
	lost := first("z", "z is lost")
	lost.Kind = montimer.AlertLost
	enqueue(t, o, first("y", "y fails"))
	enqueue(t, o, lost)
	if err := notifier(t, o, c, somewhere).SendPending(t.Context()); err != nil {
		t.Fatal(err)
	}
	if last := c.texts()[len(c.sent)-2:]; last[0] != "y fails" {
		t.Errorf("the last: %q", last)
	}
	c.sent = c.sent[:len(c.sent)-2]
	if at := slices.Index(c.texts(), "x: 2 runs"); at < 0 || at >= share || len(c.sent) != 3*burst+1 {
		t.Errorf("%d of %d", at, len(c.sent))
	}
}

// TestOutage lets Telegram be away for an hour, during which four profiles
// fail again and again, and one becomes well: nothing is lost, nothing comes
// twice, and each is reported in the order in which it happened.
func TestOutage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o, start := openOutbox(t), time.Now()
		c := &chat{fail: func(int, telegram.Message) error {
			if time.Since(start) < time.Hour {
				return errDown
			}
			return nil
		}}
		n := notifier(t, o, c, somewhere)
		incidents := map[string]montimer.Incident{}
		for tick := range 6 { // one in ten minutes
			for _, profile := range []string{"a", "b", "c", "d"} {
				run := failing(profile, tick, "task")
				run.ID = fmt.Sprintf("%s%d", profile, tick)
				if profile == "d" && tick == 5 {
					run.Tasks, run.State = run.Tasks[:1], montimer.RunOK
				}
				alert := formatter.Run(run, incidents[profile])
				before := incidents[profile]
				if before.Count == 0 {
					before.First = run
				}
				before.Count, before.Reported = before.Count+1, run
				incidents[profile] = before
				if err := o.Finish(t.Context(), run, alert); err != nil {
					t.Fatal(err)
				}
				if err := n.SendPending(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(10 * time.Minute)
		}
		if len(c.sent) > 0 {
			t.Fatal("sent during the outage")
		}
		tries := c.seen
		drainEvery(t, n, 10*time.Minute)
		var got []string
		for _, text := range c.texts() {
			_, profile, _ := strings.Cut(strings.TrimRight(strings.Split(text, "\n")[0], "*"), ": ")
			switch {
			case strings.Contains(text, "recovered after 5 failed runs"):
				profile += " well"
			case strings.Contains(text, "failing: 6 runs"):
				profile += " 6"
			}
			got = append(got, profile)
		}
		if diff := cmp.Diff([]string{"d", "c", "b", "a", "a 6", "b 6", "c 6", "d well"}, got); diff != "" {
			t.Error(diff)
		}
		if tries > 24*4 {
			t.Errorf("%d attempts in an hour", tries)
		}
	})
}

// TestCorrection holds that what the operator has to correct is tried each
// hour, loudly, that nothing else waits for it, and that it is given up in the
// end.
func TestCorrection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o, start := openOutbox(t), time.Now()
		c := &chat{fail: func(_ int, m telegram.Message) error {
			if strings.HasPrefix(m.Text, "bad") {
				return errGone
			}
			return nil
		}}
		var log strings.Builder
		n := notifier(t, o, c, somewhere)
		n.Log = textLog(&log)
		enqueue(t, o, first("x", "bad"))
		enqueue(t, o, repeat("y", "good"))
		if err := n.SendPending(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"good"}, c.texts()); diff != "" {
			t.Error(diff)
		}
		if !strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), "bot was kicked") {
			t.Errorf("not loud: %s", log.String())
		}
		tries := c.seen
		want := FlushResult{Waiting: 1, Next: time.Now().Add(correctionWait)}
		if got, err := n.Flush(t.Context()); err != nil || c.seen != tries+1 || got.Waiting != 1 || got.Next.Sub(want.Next).Abs() > time.Second {
			t.Errorf("flush: %v, %d attempts, %+v, want %+v", err, c.seen-tries, got, want)
		}
		for len(pending(t, o)) > 0 && time.Since(start) < 2*giveUp {
			time.Sleep(20 * time.Minute)
			if err := n.SendPending(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		said := strings.Count(log.String(), "level=ERROR")
		if age := time.Since(start); age < giveUp || age > giveUp+2*time.Hour || said > 7*24+3 {
			t.Errorf("given up after %s, %d errors in the log", age, said)
		}
	})
}

// TestCorrected holds that alerts which met a wrong token go out with the next
// drain once it is right, and that until then the log has an error an hour.
func TestCorrected(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := openOutbox(t)
		right := false
		c := &chat{fail: func(int, telegram.Message) error {
			if right {
				return nil
			}
			return &telegram.Error{Status: 401, Description: "Unauthorized"}
		}}
		var log strings.Builder
		n := notifier(t, o, c, somewhere)
		n.Log = textLog(&log)
		enqueue(t, o, first("x", "x fails"))
		for i := range 10 {
			enqueue(t, o, repeat("x", fmt.Sprintf("x: %d runs", i+2)))
			if err := n.SendPending(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		if said := strings.Count(log.String(), "level=ERROR"); said != 1 || !strings.Contains(log.String(), "correct TELEGRAM_BOT_TOKEN_DEFAULT), then: montimer notify flush") {
			t.Errorf("%d errors: %s", said, log.String())
		}
		right = true
		if err := n.SendPending(t.Context()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"x fails", "x: 11 runs"}, c.texts()); diff != "" {
			t.Error(diff)
		}
	})
}

// TestClockSetBack holds that an alert whose next attempt is farther away than
// any wait is tried, whatever it met, and that one which is not has to wait.
func TestClockSetBack(t *testing.T) {
	t.Parallel()
	for status, wait := range map[int]time.Duration{0: maxBackoff, 502: maxBackoff, 401: correctionWait, 429: telegram.MaxWait} {
		for _, ahead := range []time.Duration{0, time.Second} {
			a := *first("x", "text")
			a.Status, a.NextTry = status, tick.Add(wait+ahead)
			if _, got, ok := next([]montimer.Alert{a}, nil, 0, tick); !ok || (got == 0) != (ahead > 0) {
				t.Errorf("after %d, %s ahead: to wait %s, %t", status, wait+ahead, got, ok)
			}
		}
	}
}

// TestParts holds that a long text arrives whole, and that what has arrived of
// it does not come again.
func TestParts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := openOutbox(t)
		c := &chat{fail: func(attempt int, _ telegram.Message) error {
			if attempt == 2 {
				return &telegram.Error{Status: 429, Description: "Too Many Requests", RetryAfter: time.Hour}
			}
			return nil
		}}
		text := "*automation: x*"
		for i := range 300 {
			text += fmt.Sprintf("\n❌ *task%d* (exit 1, 0.0s)", i)
		}
		enqueue(t, o, first("x", text))
		drainEvery(t, notifier(t, o, c, somewhere), 2*time.Hour)
		var got []string
		for _, text := range c.texts() {
			got = append(got, strings.Split(text, "\n")[1:]...)
		}
		if diff := cmp.Diff(strings.Split(text, "\n")[1:], got); diff != "" || len(c.sent) != 2 {
			t.Errorf("%d messages: %s", len(c.sent), diff)
		}
	})
}

// TestAnswers holds what follows an answer at once.
func TestAnswers(t *testing.T) {
	t.Parallel()
	migrated := &telegram.Error{Status: 400, Description: "Bad Request: group chat was upgraded", MigrateTo: "-100new"}
	tests := []struct {
		name    string
		env     []string
		answers []error
		want    []string
	}{
		{"markup at fault", nil, []error{errParse}, []string{"-100a markdown a_b", "-100a plain a_b"}},
		{"the chat has moved", nil, []error{migrated}, []string{"-100a markdown a_b", "-100new markdown a_b"}},
		{"both", nil, []error{migrated, errParse}, []string{"-100a markdown a_b", "-100new markdown a_b", "-100new plain a_b"}},
		{"label", []string{"TELEGRAM_TEST_CHAT_ID=-9"}, []error{errParse}, []string{`-9 markdown \[automation] a_b`, `-9 plain \[automation] a_b`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := openOutbox(t)
			var got []string
			b := bot(func(_ string, m telegram.Message) error {
				how := "plain"
				if m.Markdown {
					how = "markdown"
				}
				got = append(got, m.ChatID+" "+how+" "+m.Text)
				if len(got) <= len(tt.answers) {
					return tt.answers[len(got)-1]
				}
				return nil
			})
			env := append(tt.env, "TELEGRAM_BOT_TOKEN_DEFAULT=1:A", "TELEGRAM_CHAT_ID_AUTOMATION=-100a")
			enqueue(t, o, first("x", "a_b"))
			n := notifier(t, o, b, environ(env...))
			if err := n.SendPending(t.Context()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if slices.Contains(tt.answers, error(migrated)) { // it is remembered
				got = nil
				enqueue(t, o, first("x", "next"))
				if err := n.SendPending(t.Context()); err != nil || got[0] != "-100new markdown next" {
					t.Errorf("%v, %v", err, got)
				}
			}
		})
	}
}

// TestTopic holds that an invalid topic is reported at each message, which
// goes out all the same.
func TestTopic(t *testing.T) {
	t.Parallel()
	for topic, thread := range map[string]int{
		"12": 12, " 7\n": 7, "0": 0, "2147483647": 1<<31 - 1,
		"12x": -1, "99999999999999999999": -1, "2147483648": -1, "-5": -1, "0x10": -1, "1.0": -1,
	} {
		o, c := openOutbox(t), &chat{}
		var log strings.Builder
		n := notifier(t, o, c, environ("TELEGRAM_BOT_TOKEN_DEFAULT=1:A", "TELEGRAM_CHAT_ID_TOPICS=-100t", "TELEGRAM_TOPIC_ID_AUTOMATION="+topic))
		n.Log = textLog(&log)
		enqueue(t, o, first("x", "one"))
		enqueue(t, o, first("y", "two"))
		if err := n.SendPending(t.Context()); err != nil || len(c.sent) != 2 || c.sent[0].ChatID != "-100t" || c.sent[0].Thread != max(0, thread) {
			t.Errorf("%q: %v, %+v", topic, err, c.sent)
		}
		reported := strings.Count(log.String(), "level=ERROR msg=\"TELEGRAM_TOPIC_ID_AUTOMATION is ")
		if want := map[bool]int{true: 2}[thread < 0]; reported != want {
			t.Errorf("%q: reported %d times, want %d: %s", topic, reported, want, log.String())
		}
	}
}

// TestNowhere holds that alerts that have nowhere to go are kept, that this is
// said of each when it is new and then each hour, that tools which read
// alert_events see the status they know, and that all go out once there is a
// route; in the end they are given up.
func TestNowhere(t *testing.T) {
	t.Parallel()
	for status, env := range map[string][]string{
		"skipped_missing_credentials": nil,
		"skipped_debug":               {"LOG_LEVEL=debug", "TELEGRAM_BOT_TOKEN_DEFAULT=1:A", "TELEGRAM_CHAT_ID_AUTOMATION=1"},
	} {
		synctest.Test(t, func(t *testing.T) {
			o, c := openOutbox(t), &chat{}
			n := notifier(t, o, c, environ(env...))
			said := 0
			drain := func() {
				if err := n.SendPending(t.Context()); err != nil {
					said++
				}
			}
			enqueue(t, o, first("x", "old"))
			drain()
			enqueue(t, o, first("y", "fresh"))
			for range 62 {
				drain()
				time.Sleep(time.Minute + time.Second)
			}
			left := pending(t, o)
			if len(left) != 2 || said != 3 || !strings.Contains(left[0].Error, "nothing is sent") && !strings.Contains(left[0].Error, "nowhere") {
				t.Errorf("%d said, left: %+v", said, left)
			}
			if err := n.Stuck(t.Context()); err == nil {
				t.Error("not stuck")
			}
			var wrong error
			if runs, err := o.Incident(t.Context(), "x"); err != nil || runs.Count != 0 {
				wrong = err
			}
			n.Getenv = somewhere
			if err := n.SendPending(t.Context()); err != nil || wrong != nil {
				t.Error(err, wrong)
			}
			if diff := cmp.Diff([]string{"fresh", "old"}, c.texts()); diff != "" {
				t.Error(diff)
			}
			if err := n.Stuck(t.Context()); err != nil {
				t.Error(err)
			}

			a := enqueue(t, o, first("x", "endless"))
			n.Getenv = environ(env...)
			start := time.Now()
			for len(pending(t, o)) > 0 && time.Since(start) < 2*giveUp {
				drain()
				time.Sleep(30 * time.Minute)
			}
			if age := time.Since(start); age < giveUp || age > giveUp+2*time.Hour {
				t.Errorf("given up after %s", age)
			}
			if got := o.delivery(t, a); got != status {
				t.Errorf("%s, want %s", got, status)
			}
		})
	}
}

func TestOneAtATime(t *testing.T) {
	t.Parallel()
	o, c := openOutbox(t), &chat{}
	enqueue(t, o, first("x", "text"))
	release, ok, err := o.BeginSending(t.Context())
	if err != nil || !ok {
		t.Fatal(ok, err)
	}
	n := notifier(t, o, c, somewhere)
	if err := n.SendPending(t.Context()); err != nil || len(c.sent) > 0 {
		t.Errorf("%v, %v", err, c.texts())
	}
	release()
	if err := n.SendPending(t.Context()); err != nil || len(c.sent) != 1 {
		t.Errorf("%v, %v", err, c.texts())
	}
}

// TestHeldLock holds that a program which holds the lock of the outbox and sends
// nothing keeps no alert from being sent, and that two who find it so do not both
// send.
func TestHeldLock(t *testing.T) {
	t.Parallel()
	o, c := openOutbox(t), &chat{}
	hold(t, o)
	enqueue(t, o, first("x", "text"))
	var both sync.WaitGroup
	var errs [2]error
	for i := range errs {
		both.Go(func() { errs[i] = notifier(t, o, c, somewhere).SendPending(t.Context()) })
	}
	both.Wait()
	if diff := cmp.Diff([]string{"text"}, c.texts()); diff != "" {
		t.Error(diff)
	}
	if err := errors.Join(errs[:]...); !errors.Is(err, store.ErrHeld) || !strings.Contains(err.Error(), "outbox.lock is held by a process that sends nothing") {
		t.Errorf("not reported: %v", err)
	}
	enqueue(t, o, first("x", "more"))
	if f, err := notifier(t, o, c, somewhere).Flush(t.Context()); !errors.Is(err, store.ErrHeld) || f.Sent != 1 {
		t.Errorf("flush: %+v, %v", f, err)
	}
}

// TestFlushWaits holds that Flush waits for another process, but within a bound,
// and then sends what that one has left.
func TestFlushWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o, c, start := openOutbox(t), &chat{}, time.Now()
		a := enqueue(t, o, first("x", "text"))
		a.NextTry, a.Status, a.Error = time.Now().Add(correctionWait), 401, "401 Unauthorized"
		if err := o.Retry(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		release, ok, err := o.BeginSending(t.Context())
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		n := notifier(t, o, c, somewhere)
		if _, err := n.Flush(t.Context()); !errors.Is(err, ErrBusy) || time.Since(start) > limit+time.Second {
			t.Errorf("%v after %s", err, time.Since(start))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := n.Flush(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("told to stop: %v", err)
		}
		time.AfterFunc(limit/2, release)
		if got, err := n.Flush(t.Context()); err != nil || got.Sent != 1 || got.Waiting != 0 || len(c.sent) != 1 {
			t.Errorf("%+v, %v, %v", got, err, c.texts())
		}
	})
}

// TestUnrecorded holds that an alert whose delivery cannot be recorded is not
// sent again and again by the same process.
func TestUnrecorded(t *testing.T) {
	t.Parallel()
	o, c := &full{openOutbox(t)}, &chat{}
	enqueue(t, o.outbox, first("x", "text"))
	if err := notifier(t, o, c, somewhere).SendPending(t.Context()); err == nil || len(c.sent) != 1 {
		t.Errorf("%v, %v", err, c.texts())
	}
}

// full is an outbox that can take nothing any more.
type full struct{ outbox }

func (full) Delivered(context.Context, montimer.Alert, string, time.Time) error {
	return errors.New("disk full")
}

// TestUnrecordedByAll holds that no other process sends an alert again whose
// delivery could not be recorded, in whole or in part, and that such an alert keeps
// no other from being sent.
func TestUnrecordedByAll(t *testing.T) {
	t.Parallel()
	o, c := openOutbox(t), &chat{}
	t.Cleanup(func() { os.Remove(store.NotesFile(o.dir)) })
	x, y := strings.Repeat("x", 4000), strings.Repeat("y", 200)
	for _, text := range []string{"short", x + "\n" + y, "last"} {
		enqueue(t, o, repeat(text[:1], text))
	}
	for range 6 {
		s, err := store.Open(t.Context(), o.dir, store.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range []string{"alert_events", "montimer_outbox"} {
			o.sql(t, "CREATE TRIGGER IF NOT EXISTS no_"+table+" BEFORE UPDATE ON "+table+" BEGIN SELECT RAISE(ABORT, 'refused'); END")
		}
		_ = notifier(t, outbox{s, o.dir}, c, somewhere).SendPending(t.Context())
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"short", x, y, "last"}, c.texts()); diff != "" {
		t.Error(diff)
	}
}

func TestDirect(t *testing.T) {
	t.Parallel()
	c := &chat{}
	n := notifier(t, nil, c, somewhere)
	if err := n.SendUnstored(t.Context(), *first("x", "x fails"), *repeat("y", "y")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"x fails", "y"}, c.texts()); diff != "" {
		t.Error(diff)
	}
	n.Getenv = environ()
	if err := n.SendUnstored(t.Context(), *first("x", "x")); !errors.Is(err, ErrNoRoute) {
		t.Errorf("%v", err)
	}
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		c := &chat{fail: func(int, telegram.Message) error { return errDown }}
		err := notifier(t, nil, c, somewhere).SendUnstored(t.Context(), *first("x", "x"))
		if err == nil || !strings.Contains(err.Error(), "Bad Gateway") || time.Since(start) > limit {
			t.Errorf("%v after %s", err, time.Since(start))
		}
	})
}

// TestDirectResumed holds that an alert from memory goes on where it was
// interrupted, and that each of its messages has the label once.
func TestDirectResumed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := &chat{fail: func(attempt int, _ telegram.Message) error {
			if attempt%2 == 1 {
				return errDown
			}
			return nil
		}}
		x, y := strings.Repeat("x", 4000), strings.Repeat("y", 200)
		n := notifier(t, nil, c, environ("TELEGRAM_BOT_TOKEN_DEFAULT=1:A", "TELEGRAM_TEST_CHAT_ID=-1"))
		if err := n.SendUnstored(t.Context(), *first("x", x+"\n"+y)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{`\[automation] ` + x, `\[automation] ` + y}, c.texts()); diff != "" {
			t.Error(diff)
		}
	})
}

// TestRedact holds that what Telegram, or somebody in its place, says is stored
// and logged without secrets.
func TestRedact(t *testing.T) {
	t.Parallel()
	o := openOutbox(t)
	c := &chat{fail: func(int, telegram.Message) error {
		return &telegram.Error{Status: 404, Description: "no token planted here"}
	}}
	var log strings.Builder
	n := notifier(t, o, c, somewhere)
	n.Log, n.Redact = textLog(&log), strings.NewReplacer("planted", "***").Replace
	enqueue(t, o, first("x", "text"))
	if err := n.SendPending(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := pending(t, o)[0].Error; got != "404 no token *** here" || strings.Contains(log.String(), "planted") {
		t.Errorf("%s; %s", got, log.String())
	}
}
