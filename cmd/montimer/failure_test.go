package main

import (
	"strings"
	"testing"

	"github.com/montimer/montimer"
)

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

// A run that was killed before it was on record is put there, once, as lost; one
// that has a record keeps that.
func TestEnded(t *testing.T) {
	t.Parallel()
	s := newSite(t, build(t), "profiles: {p: {cron: 0 0 1 1 *, tasks: [{name: one, command: exit 3}]}}")
	s.env = append(s.env, "TRIGGER_UNIT=montimer-job-p.timer", "EXIT_CODE=killed", "EXIT_STATUS=KILL")
	service := func(id, result, verb string) {
		t.Helper()
		cmd := s.command()
		cmd.Path = s.look(t, "sh")
		cmd.Args = []string{"sh", "-c", "SYSTEMD_EXEC_PID=$$ exec \"$@\"", "sh", s.binary, verb, "p"}
		cmd.Env = append(cmd.Env, "INVOCATION_ID="+id, "SERVICE_RESULT="+result)
		if out, err := cmd.CombinedOutput(); err != nil && verb == "ended" {
			t.Errorf("%s: %v\n%s", verb, err, out)
		}
	}
	killed, failed, good := strings.Repeat("a", 32), strings.Repeat("b", 32), strings.Repeat("c", 32)
	service(killed, "signal", "ended")
	service(killed, "signal", "ended")
	service(failed, "", "exec")
	service(failed, "exit-code", "ended")
	service(good, "success", "ended")
	runs := s.history(t)
	if len(runs) != 2 {
		t.Fatalf("%d runs: %+v", len(runs), runs)
	}
	for _, r := range runs {
		switch {
		case r.ID == killed && r.State == montimer.RunLost && r.Trigger == montimer.TriggerTimer &&
			r.Reason == "there is no record of the run; signal, killed KILL":
		case r.ID == failed && r.State == montimer.RunFailed && r.Reason == "":
		default:
			t.Errorf("%+v", r)
		}
	}
	out, err := s.command("notify", "pending", "-o", "json").Output()
	if n := strings.Count(string(out), killed+`","attempts"`); err != nil || n != 1 {
		t.Errorf("%d alerts of the killed run, %v: %s", n, err, out)
	}
}
