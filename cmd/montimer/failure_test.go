package main

import "testing"

// What systemd does not know leaves no gap in the words.
func TestFailureWords(t *testing.T) {
	t.Parallel()
	for want, f := range map[string]failedRun{
		"u failed":            {},
		"u failed: resources": {result: "resources"},
		"u failed: signal, killed KILL, last status: 1/2 tasks, running nap (3s)": {result: "signal", code: "killed", status: "KILL", said: "1/2 tasks, running nap (3s)"},
	} {
		if got := (failureCmd{Unit: "u"}).words(f); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// A handler that was killed or could not be started has reported nothing.
func TestHandlerThatCouldNotReport(t *testing.T) {
	t.Parallel()
	for f, want := range map[failedRun]bool{
		{result: "exit-code", code: "exited", status: "1"}:   true,
		{result: "exit-code", code: "exited", status: "226"}: false,
		{result: "signal", code: "killed", status: "KILL"}:   false,
		{result: "timeout", code: "exited", status: "143"}:   false,
		{result: "resources"}:                                false,
		{}:                                                   false,
	} {
		if got := f.exited(); got != want {
			t.Errorf("%+v: %v", f, got)
		}
	}
}
