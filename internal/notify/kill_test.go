package notify

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/telegram"
	"github.com/montimer/montimer/internal/testenv"
)

var (
	kills = flag.Int("kills", 8, "how many senders TestKill kills; 300 with MONTIMER_SOAK=1")
	seed  = flag.Uint64("seed", 0, "of TestKill; 0: another each time")
)

// TestMain makes this program a sender, where TestKill starts it as one.
func TestMain(m *testing.M) {
	if dir := os.Getenv("NOTIFY_TEST_DRAIN"); dir != "" {
		if err := drainOnce(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func drainOnce(dir string) error {
	s, err := store.Open(context.Background(), dir, store.Options{})
	if err != nil {
		return err
	}
	bot, err := telegram.New(os.Getenv("TELEGRAM_API_BASE"))
	if err != nil {
		return err
	}
	n := Notifier{"", outbox{s, dir}, bot, os.Getenv, func(s string) string { return s }, textLog(os.Stderr)}
	return n.SendPending(context.Background())
}

// unsteady is a Bot API that answers as chance will have it.
type unsteady struct {
	mu       sync.Mutex
	random   *rand.Rand
	steady   bool
	accepted []accepted
}

// accepted is a message that the chat has got.
type accepted struct {
	text     string
	sender   int
	answered bool // and the sender may know it
}

func (u *unsteady) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var sender int // it has its number for a token
	fmt.Sscanf(r.URL.Path, "/bot%d:", &sender)
	var m struct{ Text string }
	if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	chance := u.random.IntN(12)
	accept := func(answered bool) { u.accepted = append(u.accepted, accepted{m.Text, sender, answered}) }
	switch {
	case u.steady || chance < 6:
		accept(true)
		fmt.Fprint(w, `{"ok":true}`)
	case chance == 6:
		w.WriteHeader(500)
	case chance == 7:
		w.WriteHeader(429)
		fmt.Fprint(w, `{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 1","parameters":{"retry_after":1}}`)
	case chance == 8: // the answer is lost
		accept(false)
		panic(http.ErrAbortHandler)
	case chance == 9: // half of it
		accept(false)
		w.Header().Set("Content-Length", "100")
		fmt.Fprint(w, `{"ok":true`)
	case chance == 10: // too late
		accept(false)
		u.mu.Unlock()
		time.Sleep(50 * time.Millisecond)
		u.mu.Lock()
		panic(http.ErrAbortHandler)
	default:
		panic(http.ErrAbortHandler)
	}
}

// TestKill kills senders at any moment while the Bot API answers as chance will
// have it. Every alert arrives, in order; it arrives again only where the sender
// could not have recorded that it had.
func TestKill(t *testing.T) {
	t.Parallel()
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("-seed %d", *seed)
	random := rand.New(rand.NewPCG(*seed, 0))
	api := &unsteady{random: rand.New(rand.NewPCG(*seed, 1))}
	server := httptest.NewServer(api)
	defer server.Close()
	dir := t.TempDir()
	s, err := store.Open(t.Context(), dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var want []string
	add := func() {
		a := &montimer.Alert{Kind: montimer.AlertRecovery, Profile: fmt.Sprint(len(want)), Text: fmt.Sprintf("alert %d", len(want))}
		enqueue(t, outbox{s, dir}, a)
		want = append(want, a.Text)
	}
	if testenv.Soak() {
		*kills = 300
	}
	killed := make([]bool, *kills+1)
	for sender := range *kills {
		for range 1 + random.IntN(3) {
			add()
		}
		killed[sender] = runSender(t, sender, dir, server.URL, time.Duration(random.IntN(120))*time.Millisecond)
	}
	api.mu.Lock()
	api.steady = true
	api.mu.Unlock()
	add()
	for end := time.Now().Add(time.Minute); len(pending(t, outbox{s, dir})) > 0 && time.Now().Before(end); {
		runSender(t, *kills, dir, server.URL, time.Minute)
	}
	check(t, api.accepted, want, killed)
}

// runSender lets a sender run, and kills it after a time; it reports whether it
// has.
func runSender(t *testing.T, sender int, dir, url string, life time.Duration) (killed bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond+life) // it takes as long to begin
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), "NOTIFY_TEST_DRAIN="+dir, "TELEGRAM_API_BASE="+url,
		fmt.Sprintf("TELEGRAM_BOT_TOKEN_DEFAULT=%d:A", sender), "TELEGRAM_CHAT_ID_AUTOMATION=1")
	out, err := cmd.CombinedOutput()
	if ctx.Err() == nil && err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return ctx.Err() != nil
}

func check(t *testing.T, got []accepted, want []string, killed []bool) {
	t.Helper()
	var order []string
	last := map[string]int{} // where a text has arrived last
	again := 0
	for i, a := range got {
		before, seen := last[a.text]
		last[a.text] = i
		if !seen {
			order = append(order, a.text)
			continue
		}
		again++
		b := got[before]
		lastOfItsSender := !slices.ContainsFunc(got[before+1:], func(o accepted) bool { return o.sender == b.sender })
		if b.answered && !(killed[b.sender] && lastOfItsSender) {
			t.Errorf("%s came again although sender %d knew that it had arrived", a.text, b.sender)
		}
	}
	if !slices.Equal(order, want) {
		t.Errorf("arrived: %s\nwant: %s", strings.Join(order, ", "), strings.Join(want, ", "))
	}
	dead := 0
	for _, k := range killed {
		if k {
			dead++
		}
	}
	t.Logf("%d alerts, %d of them again; %d senders killed", len(want), again, dead)
}
