package notify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/telegram"
)

// answers is a Bot with chats that answer as those of Telegram do: by chat and
// topic, by chat alone, or by token.
type answers struct {
	refuse map[string]*telegram.Error
	asked  []string
	got    []telegram.Message
}

func (b *answers) Send(_ context.Context, token string, m telegram.Message) error {
	place := fmt.Sprintf("%s/%d", m.ChatID, m.Thread)
	b.asked = append(b.asked, place)
	for _, key := range []string{token, place, m.ChatID} {
		if err := b.refuse[key]; err != nil {
			return err
		}
	}
	b.got = append(b.got, m)
	return nil
}

func bad(description string) *telegram.Error {
	return &telegram.Error{Status: 400, Description: description}
}

// TestRefused holds where an alert arrives that Telegram refuses where it should
// go: it arrives once, is marked, and the log says what to correct. What cannot
// arrive anywhere is asked for a bounded number of times, and stays.
func TestRefused(t *testing.T) {
	t.Parallel()
	kicked := &telegram.Error{Status: 403, Description: "Forbidden: bot was kicked from the supergroup chat"}
	topics := []string{"TELEGRAM_BOT_TOKEN_DEFAULT=1:A", "TELEGRAM_CHAT_ID_TOPICS=-1", "TELEGRAM_TOPIC_ID_AUTOMATION=77"}
	chatToo := append(topics[:3:3], "TELEGRAM_CHAT_ID_DEFAULT=-9")
	own := []string{"TELEGRAM_BOT_TOKEN_DEFAULT=1:A", "TELEGRAM_CHAT_ID_AUTOMATION=-1", "TELEGRAM_CHAT_ID_DEFAULT=-9"}
	ownBot := append(own[:3:3], "TELEGRAM_BOT_TOKEN_AUTOMATION=2:B")
	tests := []struct {
		name   string
		env    []string
		refuse map[string]*telegram.Error
		asked  string // for two alerts
		said   string // in the log and in each message
	}{
		{"a good topic", topics, nil, "-1/77 -1/77", ""},
		{"topic 1", append(topics[:2:2], "TELEGRAM_TOPIC_ID_AUTOMATION=1"), nil, "-1/0 -1/0", ""},
		{"deleted", topics, map[string]*telegram.Error{"-1/77": bad("Bad Request: message thread not found")}, "-1/77 -1/0 -1/0", "topic 77 of chat -1"},
		{"closed", topics, map[string]*telegram.Error{"-1/77": bad("Bad Request: TOPIC_CLOSED")}, "-1/77 -1/0 -1/0", "topic 77 of chat -1"},
		{"deleted, in other words", topics, map[string]*telegram.Error{"-1/77": bad("Bad Request: Topic_Deleted")}, "-1/77 -1/0 -1/0", "topic 77 of chat -1"},
		{"the general topic is closed too", chatToo, map[string]*telegram.Error{"-1": bad("Bad Request: TOPIC_CLOSED")}, "-1/77 -1/0 -9/0 -9/0", "alerts go to chat -9 (TELEGRAM_CHAT_ID_DEFAULT)"},
		{"kicked from the forum", chatToo, map[string]*telegram.Error{"-1": kicked}, "-1/77 -9/0 -9/0", "TELEGRAM_CHAT_ID_TOPICS: chat -1 cannot be reached (403"},
		{"kicked", own, map[string]*telegram.Error{"-1": kicked}, "-1/0 -9/0 -9/0", "TELEGRAM_CHAT_ID_AUTOMATION: chat -1 cannot be reached (403"},
		{"no such chat", own, map[string]*telegram.Error{"-1": bad("Bad Request: chat not found")}, "-1/0 -9/0 -9/0", "chat not found"},
		{"the last resort is gone too", own, map[string]*telegram.Error{"-1": kicked, "-9": bad("Bad Request: chat not found")}, "-1/0 -9/0 -1/0 -9/0", ""},
		{"it is the last resort", []string{"TELEGRAM_BOT_TOKEN_DEFAULT=1:A", "TELEGRAM_CHAT_ID_DEFAULT=-1"}, map[string]*telegram.Error{"-1": kicked}, "-1/0 -1/0", ""},
		{"revoked", own, map[string]*telegram.Error{"1:A": {Status: 401, Description: "Unauthorized"}}, "-1/0 -1/0", ""},
		{"only the own bot revoked", ownBot, map[string]*telegram.Error{"2:B": {Status: 401, Description: "Unauthorized"}}, "-1/0 -9/0 -9/0", "correct TELEGRAM_BOT_TOKEN_AUTOMATION"},
		{"a text that no chat takes", own, map[string]*telegram.Error{"-1": bad("Bad Request: message text is empty")}, "-1/0 -1/0", ""},
		{"a trial stays in its chat", append(own[:3:3], "TELEGRAM_TEST_CHAT_ID=-5"), map[string]*telegram.Error{"-5": kicked}, "-5/0 -5/0", ""},
		{"moved", own, map[string]*telegram.Error{"-1": {Status: 400, MigrateTo: "-2"}, "-2": {Status: 400, MigrateTo: "-1"}}, "-1/0 -2/0 -1/0 -9/0 -9/0", "-9"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o, b := openOutbox(t), &answers{refuse: tt.refuse}
			var log strings.Builder
			n := notifier(t, o, b, environ(tt.env...))
			n.Log = textLog(&log)
			enqueue(t, o, first("x", "one"))
			enqueue(t, o, first("y", "two"))
			if err := n.SendPending(t.Context()); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.asked, strings.Join(b.asked, " ")); diff != "" {
				t.Error(diff)
			}
			if refused := tt.refuse != nil && tt.said == ""; refused != (len(pending(t, o)) == 2) || refused == (len(b.got) == 2) {
				t.Errorf("%d arrived, %d left", len(b.got), len(pending(t, o)))
			}
			if tt.said == "" {
				if len(b.got) > 0 && b.got[0].Text != "two" {
					t.Errorf("marked: %s", b.got[0].Text)
				}
				return
			}
			if strings.Count(log.String(), "level=ERROR") != 1 || !strings.Contains(log.String(), tt.said) {
				t.Errorf("log: %s", log.String())
			}
			for _, m := range b.got {
				if shown, _, err := parseMarkdown(m.Text); err != nil || !strings.Contains(shown, tt.said) || !strings.Contains(shown, "until this is corrected") {
					t.Errorf("not marked (%v): %s", err, m.Text)
				}
			}
			// montimer notify test says the same.
			*b = answers{refuse: tt.refuse}
			if to, err := n.Test(t.Context(), "text"); err != nil || to.Chat != b.got[0].ChatID && tt.name != "moved" || to.Thread != b.got[0].Thread {
				t.Errorf("test: %+v, %v", to, err)
			}
		})
	}
}

// TestRefusedForNow holds that a fault of the way at the last resort, too, is
// soon tried again.
func TestRefusedForNow(t *testing.T) {
	t.Parallel()
	o := openOutbox(t)
	b := &answers{refuse: map[string]*telegram.Error{"-1": errGone, "-9": errDown}}
	n := notifier(t, o, b, environ("TELEGRAM_BOT_TOKEN_DEFAULT=1:A", "TELEGRAM_CHAT_ID_AUTOMATION=-1", "TELEGRAM_CHAT_ID_DEFAULT=-9"))
	enqueue(t, o, first("x", "one"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // one attempt
	if err := n.SendPending(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if err := n.SendPending(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a := pending(t, o)[0]; time.Until(a.NextTry) > maxBackoff || a.Status != 502 {
		t.Errorf("%+v", a)
	}
}

// TestPace lets a profile fail each minute for three hours, in two ways: the chat
// gets a bounded number of messages, the last failure is among them, and what was
// folded is counted. Another profile is not held up.
func TestPace(t *testing.T) {
	t.Parallel()
	for name, alert := range map[string]func(i int) *montimer.Alert{
		"one incident": func(i int) *montimer.Alert {
			a := repeat("fast", fmt.Sprintf("failing: %d runs", i+1))
			a.First = i == 0
			return a
		},
		"up and down": func(i int) *montimer.Alert {
			a := first("fast", fmt.Sprintf("run %d fails", i))
			a.Incident = fmt.Sprint(i / 2)
			if i%2 == 1 {
				a.Kind, a.First, a.Text = montimer.AlertRecovery, false, fmt.Sprintf("run %d is well", i)
			}
			return a
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				o, c := openOutbox(t), &chat{}
				n := notifier(t, o, c, somewhere)
				const runs, every = 180, time.Minute // three hours
				for i := range runs {
					enqueue(t, o, alert(i))
					if i == runs/2 {
						enqueue(t, o, first("other", "other fails"))
					}
					if err := n.SendPending(t.Context()); err != nil {
						t.Fatal(err)
					}
					if i == runs/2 && !strings.Contains(strings.Join(c.texts(), "\n"), "other fails") {
						t.Error("another profile is held up")
					}
					time.Sleep(every)
				}
				drainEvery(t, n, interval+time.Minute)
				texts := c.texts()
				if most := burst + 3*int(time.Hour/interval) + 5; len(texts) > most || len(texts) < most/2 {
					t.Errorf("%d messages", len(texts))
				}
				last := texts[len(texts)-1]
				if !strings.HasPrefix(last, alert(runs-1).Text) {
					t.Errorf("the last: %s", last)
				}
				if name == "up and down" && !strings.Contains(last, "earlier alerts of this profile") {
					t.Errorf("not counted: %s", last)
				}
			})
		})
	}
}

// TestFoldCounts holds that alerts that are folded again and again are counted
// once each.
func TestFoldCounts(t *testing.T) {
	t.Parallel()
	o, c := openOutbox(t), &chat{}
	for i := range 3 * burst {
		a := first("x", fmt.Sprintf("run %d", i))
		a.Incident = fmt.Sprint(i)
		enqueue(t, o, a)
		if i == 2*burst {
			if err := notifier(t, o, c, environ()).SendPending(t.Context()); !errors.Is(err, ErrNoRoute) {
				t.Fatal(err)
			}
		}
	}
	if err := notifier(t, o, c, somewhere).SendPending(t.Context()); err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, text := range c.texts() {
		var more int
		if _, line, ok := strings.Cut(text, "\n"); ok {
			fmt.Sscanf(line, warning+"and %d", &more)
		}
		total += 1 + more
		if strings.Count(text, warning) > 1 {
			t.Errorf("counted twice: %s", text)
		}
	}
	if total != 3*burst {
		t.Errorf("%d alerts of %d: %q", total, 3*burst, c.texts())
	}
}

// TestClockAhead holds that the time when an alert was made gives nothing up: one
// that is older than alerts are kept, since the host was off or the clock is
// wrong, is tried as often as any other.
func TestClockAhead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o, c := openOutbox(t), &chat{fail: func(attempt int, _ telegram.Message) error {
			if attempt <= 20 {
				return errDown
			}
			return nil
		}}
		a := first("x", "old")
		a.Created = time.Now().Add(-10 * 365 * 24 * time.Hour)
		enqueue(t, o, a)
		later := first("y", "later")
		later.Created = time.Now().Add(10 * 365 * 24 * time.Hour)
		enqueue(t, o, later)
		drainEvery(t, notifier(t, o, c, somewhere), 3*time.Hour)
		if diff := cmp.Diff([]string{"later", "old"}, c.texts()); diff != "" {
			t.Error(diff)
		}
	})
}

// TestForgedRow holds that a row of the outbox which montimer has not written is
// sent as far as it can be read, and keeps no other from being sent.
func TestForgedRow(t *testing.T) {
	t.Parallel()
	o, c := openOutbox(t), &chat{}
	for _, values := range []string{
		"1,'failure','x','y','z',1,'forged 1',0,'2026-11-30 10:00:00','2026-11-30 10:00:00',0,0,''",
		"'a','page','x','y','z','b','forged 2','c','nonsense','x','d','e',''",
		"x'ff',x'fe',x'00','y','z',-1,'forged 3',99999999999999,1796032800,'',1e300,429,'429 x'",
	} {
		o.sql(t, "INSERT INTO montimer_outbox (event_id,kind,profile,run_id,incident,is_first,message,plain_text,created_at,next_try_at,attempts,status,error) VALUES ("+values+") RETURNING id")
	}
	enqueue(t, o, first("x", "real"))
	var log strings.Builder
	n := notifier(t, o, c, somewhere)
	n.Log = textLog(&log)
	if err := n.SendPending(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(c.texts(), "\n")
	for _, want := range []string{"real", "forged 1", "forged 2", "forged 3"} {
		if strings.Count(got, want) != 1 {
			t.Errorf("%s: %q", want, got)
		}
	}
	if strings.Count(log.String(), "was not written by montimer") != 2 || len(pending(t, o)) > 0 {
		t.Errorf("log: %s", log.String())
	}
}
