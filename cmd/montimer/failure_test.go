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
