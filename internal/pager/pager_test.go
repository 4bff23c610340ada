package pager

import (
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// What systemd does not know leaves no gap in the words.
func TestFailureWords(t *testing.T) {
	t.Parallel()
	for want, f := range map[string]Failed{
		"u failed":            {Unit: "u"},
		"u failed: resources": {Unit: "u", Result: "resources"},
		"u failed: signal, killed KILL, last status: 1/2 tasks, running nap (3s)": {Unit: "u", Result: "signal", Code: "killed", Status: "KILL", Said: "1/2 tasks, running nap (3s)"},
	} {
		if got := f.words(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A handler that was killed or could not be started has reported nothing.
func TestHandlerThatCouldNotReport(t *testing.T) {
	t.Parallel()
	for f, want := range map[Failed]bool{
		{Result: "exit-code", Code: "exited", Status: "1"}:   true,
		{Result: "exit-code", Code: "exited", Status: "226"}: false,
		{Result: "signal", Code: "killed", Status: "KILL"}:   false,
		{Result: "timeout", Code: "exited", Status: "143"}:   false,
		{Result: "resources"}:                                false,
		{}:                                                   false,
	} {
		if got := f.Exited(); got != want {
			t.Errorf("%+v: %v", f, got)
		}
	}
}

// TestUnrecordedIncident holds that of many processes that find out at once one
// tells people, that a claim without an alert is free again, that an end is
// reported once, and that what is planted in the place of the file silences
// no page.
func TestUnrecordedIncident(t *testing.T) {
	t.Parallel()
	i := unrecordedIncident{filepath.Join(t.TempDir(), "incident")}
	once := func(what string, f func() bool) {
		t.Helper()
		var n atomic.Int32
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if f() {
					n.Add(1)
				}
			})
		}
		if all.Wait(); n.Load() != 1 {
			t.Errorf("%s: %d times", what, n.Load())
		}
	}
	end := func() bool { _, ok := i.end(); return ok }
	if end() {
		t.Error("an end without an incident")
	}
	if !i.claim() || i.claim() {
		t.Error("not claimed once")
	}
	i.unclaim()
	if !i.claim() {
		t.Error("not claimed again")
	}
	once("end", end)
	for name, text := range map[string]string{"ahead": "1 9000000000000000000\n", "an hour ago": "1 1\n", "nothing": "", "text": "x y\n"} {
		if err := os.WriteFile(i.path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if name != "an hour ago" && !i.claim() {
			t.Errorf("%s: silent", name)
		}
		os.Remove(i.path)
	}
	if err := os.Mkdir(i.path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(i.path, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if !i.claim() {
			t.Error("a folder silences")
		}
	}
}
