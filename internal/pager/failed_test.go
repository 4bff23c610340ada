package pager

import "testing"

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
