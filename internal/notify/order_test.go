package notify

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/telegram"
	"github.com/montimer/montimer/internal/testenv"
)

var errRevoked = &telegram.Error{Status: 401, Description: "Unauthorized"}

// TestOrderOfAProfile has profiles fail and recover while the Bot API answers as
// chance will have it, also by refusing the bot for a moment: of one profile, what
// follows the first alert of an incident arrives in order. A soak takes a hundred
// other chances.
func TestOrderOfAProfile(t *testing.T) {
	t.Parallel()
	seeds := []uint64{1, 2}
	for range 100 {
		if testenv.Soak() {
			seeds = append(seeds, rand.Uint64())
		}
	}
	for _, seed := range seeds {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { orderOfAProfile(t, rand.New(rand.NewPCG(seed, 0))) })
		})
	}
}

func orderOfAProfile(t *testing.T, random *rand.Rand) {
	o := openOutbox(t)
	var accepted []string
	steady := false
	n := notifier(t, o, bot(func(_ string, m telegram.Message) error {
		chance := random.IntN(12)
		if steady || chance < 8 {
			accepted = append(accepted, m.Text)
		}
		switch {
		case steady || chance < 6:
			return nil
		case chance < 8: // the answer is lost
			return errDown
		}
		return []error{errDown, errFlood, errRevoked, errRevoked}[chance-8]
	}), somewhere)
	failed := make([]int, 4) // in a row, by profile
	for run := range 300 {
		profile := random.IntN(len(failed))
		a := repeat(fmt.Sprint(profile), fmt.Sprintf("%d: run %d: failing: %d runs", profile, run, failed[profile]+1))
		a.First = failed[profile] == 0
		a.Incident = fmt.Sprint(profile, run-failed[profile])
		failed[profile]++
		if a.First {
			a.Text = fmt.Sprintf("%d: run %d fails", profile, run)
		} else if random.IntN(3) == 0 {
			a.Kind, a.Text = montimer.AlertRecovery, fmt.Sprintf("%d: run %d: recovered", profile, run)
			failed[profile] = 0
		}
		enqueue(t, o, a)
		if err := n.SendPending(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(random.IntN(60)) * time.Second)
	}
	steady = true
	drainEvery(t, n, 3*time.Hour)

	var events []struct{ Status, Message string }
	all := o.sql(t, "SELECT json_group_array(json_object('Status', delivery_status, 'Message', message) ORDER BY id) FROM alert_events")
	if err := json.Unmarshal([]byte(all), &events); err != nil {
		t.Fatal(err)
	}
	last, inOrder := map[string]int{}, 0
	for _, e := range events {
		at := slices.Index(accepted, e.Message)
		switch {
		case e.Status == string(montimer.NotAttempted):
			continue
		case at < 0:
			t.Errorf("%s, but it did not arrive: %s", e.Status, e.Message)
		case strings.Contains(e.Message, " fails"):
			continue
		}
		profile, _, _ := strings.Cut(e.Message, ":")
		if before, ok := last[profile]; ok && at < before {
			t.Errorf("%q before %q", e.Message, accepted[before])
		}
		last[profile] = max(at, last[profile])
		inOrder++
	}
	t.Logf("%d messages, %d alerts with an order", len(accepted), inOrder)
}
