package main

import (
	"testing"
	"time"
)

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
		if got, err := parseUntil(text, now); err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%s: %s, %v; want %s", text, got.Format(time.RFC3339), err, want)
		}
	}
	for _, text := range []string{"", "soon", "tomorrow", "25:00", "0", "2026-10-24", "2026-10-24T12:00:00Z", "1h30", "1h 30"} {
		if got, err := parseUntil(text, now); err == nil {
			t.Errorf("%q: %v", text, got)
		}
	}
}
