package host

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/testenv"
)

func TestPause(t *testing.T) {
	t.Parallel()
	testenv.NeedRoot(t)
	dir := filepath.Join(t.TempDir(), "pause")
	now := time.Date(2026, 6, 10, 12, 0, 0, 0, time.UTC)
	want := montimer.Pause{Until: now.Add(time.Hour), Reason: "a \"migration\": #1\n", By: "ana"}
	if err := WritePause(dir, "p", want); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		profile string
		at      time.Time
		want    montimer.Pause
	}{
		{"p", now, want},
		{"p", want.Until.Add(-1), want},
		{"p", want.Until, montimer.Pause{}}, // it ends on time
		{"q", now, montimer.Pause{}},
	} {
		got, err := ReadPause(dir, tt.profile, tt.at)
		if got.Since.IsZero() != got.Until.IsZero() {
			t.Errorf("%s at %v: set at %v", tt.profile, tt.at, got.Since)
		}
		got.Since = time.Time{}
		if diff := cmp.Diff(tt.want, got); err != nil || diff != "" {
			t.Errorf("%s at %v: %v %s", tt.profile, tt.at, err, diff)
		}
	}
	path := filepath.Join(dir, "p")
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o644 {
		t.Errorf("%v, %v", info.Mode(), err)
	}

	// What a task could have put there is not in force.
	if err := os.Chown(path, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadPause(dir, "p", now); err == nil || !got.Until.IsZero() || !strings.Contains(err.Error(), "belongs to user 65534") {
		t.Errorf("%+v, %v", got, err)
	}
	if found, err := EndPause(dir, "p"); !found || err != nil {
		t.Error(found, err)
	}
	if found, err := EndPause(dir, "p"); found || err != nil {
		t.Error(found, err)
	}
}

// TestPauseThatIsOver sets the clock of ticks back and forth.
func TestPauseThatIsOver(t *testing.T) {
	t.Parallel()
	testenv.NeedRoot(t)
	dir, state := filepath.Join(t.TempDir(), "pause"), t.TempDir()
	now := time.Date(2026, 6, 10, 12, 0, 0, 0, time.UTC)
	p := montimer.Pause{Until: now.Add(time.Hour)}
	pause := func() {
		t.Helper()
		if err := WritePause(dir, "p", p); err != nil {
			t.Fatal(err)
		}
	}
	in := func(state string, at time.Time, want bool) {
		t.Helper()
		got, err := PauseOfTicks(dir, state, "p", at)
		if err != nil || got.Until.IsZero() == want {
			t.Errorf("%+v at %v, want in force: %t; %v", got, at, want, err)
		}
	}
	pause()
	in(state, now.AddDate(-50, 0, 0), true)
	in(state, now, true)
	in(state, p.Until, false)
	in(state, now, false)
	in(state, now.AddDate(-50, 0, 0), false)
	p.Until = now.Add(2 * time.Hour) // a new one is not over, and may be the same again once it is
	pause()
	in(state, now, true)
	in(state, p.Until.Add(time.Hour), false)
	in(state, now, false)
	in("/nowhere", now, true) // the clock alone
	in("/nowhere", p.Until, false)
}

func TestPauseThatCannotBe(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"", ".p", "../p", "a/b"} {
		if err := WritePause(dir, name, montimer.Pause{}); err == nil {
			t.Errorf("%q: written", name)
		}
	}
	for name, text := range map[string]string{"empty": "", "list": "[]", "more": "until: 2026-06-10T12:00:00Z\nuser: root\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if p, err := ReadPause(dir, name, time.Time{}); err == nil {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func TestParseUntil(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 10, 24, 14, 30, 0, 0, berlin) // the clock is set back that night
	for text, want := range map[string]string{
		"2h":                        "2026-10-24T16:30:00+02:00",
		"1d":                        "2026-10-25T13:30:00+01:00",
		"90":                        "2026-10-24T14:31:30+02:00",
		"16:00":                     "2026-10-24T16:00:00+02:00",
		"14:30":                     "2026-10-25T14:30:00+01:00",
		"08:00":                     "2026-10-25T08:00:00+01:00",
		"tomorrow 16:00":            "2026-10-25T16:00:00+01:00",
		"2026-11-01T00:00:00Z":      "2026-11-01T00:00:00Z",
		"2026-11-01T00:00:00+05:30": "2026-11-01T00:00:00+05:30",
	} {
		if got, err := ParseUntil(text, now); err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%s: %s, %v; want %s", text, got.Format(time.RFC3339), err, want)
		}
	}
	for _, text := range []string{"", "soon", "tomorrow", "25:00", "0", "2026-10-24", "2026-10-24T12:00:00Z", "1h30", "1h 30"} {
		if got, err := ParseUntil(text, now); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}
