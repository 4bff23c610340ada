package journal

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer"
)

// TestQuery: whatever is selected, only what the units' processes and systemd say
// is: journalctl's --unit sees to the one, an invocation or _PID to the other.
func TestQuery(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 30, 12, 0, 0, 0, time.FixedZone("", 3600))
	for want, q := range map[string]Query{
		"--unit=a.service --unit=a:tasks.service":                                                        {Units: montimerA()},
		"--unit=a.service --unit=a:tasks.service --since=2026-11-30 11:00:00.000000 UTC --lines=3":       {Units: montimerA(), Since: at, Most: 3},
		"--unit=a.service --unit=a:tasks.service --lines=3 --follow MONTIMER_TASK=t MONTIMER_TASK=u":     {Units: montimerA(), Most: 3, Follow: true, Tasks: []string{"t", "u"}},
		"--unit=a.service --unit=a:tasks.service --follow --no-tail":                                     {Units: montimerA(), Follow: true},
		"--unit=a.service --unit=a:tasks.service _SYSTEMD_INVOCATION_ID=1 + INVOCATION_ID=1 _PID=1":      {Units: montimerA(), Run: "1"},
		"--unit=a.service --unit=a:tasks.service _SYSTEMD_INVOCATION_ID=1 MONTIMER_TASK=t":               {Units: montimerA(), Run: "1", Tasks: []string{"t"}},
		"--unit=a.service --unit=a:tasks.service --until=2026-11-30 11:00:00.000000 UTC MONTIMER_TASK=t": {Units: montimerA(), Until: at, Tasks: []string{"t"}},
	} {
		if got := strings.Join(q.args(), " "); got != want {
			t.Errorf("%s\nnot\n%s", got, want)
		}
	}
}

func montimerA() []string { return []string{"a.service", "a:tasks.service"} }

// answers makes journalctl write this.
func answers(t *testing.T, stream string) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "stream"), []byte(stream), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "journalctl"), []byte("#!/bin/sh\ncat "+dir+"/stream\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

// TestUnitOf: a run is of the service that systemd, or the journal itself, says. A
// user's own systemd may give any invocation, and any process any other field.
func TestUnitOf(t *testing.T) {
	const forged = "__CURSOR=1\n_SYSTEMD_UNIT=user@1000.service\n_SYSTEMD_INVOCATION_ID=12\nUNIT=montimer-job-forged.service\nINVOCATION_ID=12\n_PID=7\n\n"
	const manager = "__CURSOR=2\n_PID=1\n_SYSTEMD_UNIT=init.scope\nUNIT=montimer-job-a.service\nINVOCATION_ID=12\n\n"
	const task = "__CURSOR=3\n_PID=9\n_SYSTEMD_UNIT=montimer-job-b:tasks.service\n_SYSTEMD_INVOCATION_ID=12\nUNIT=montimer-job-forged.service\n\n"
	for _, tt := range []struct {
		stream, want string
		of           montimer.Instance
	}{
		{forged, "", ""},
		{forged + manager + task, "montimer-job-a.service", ""},
		{forged + task + manager, "montimer-job-b:tasks.service", ""},
		{forged + manager, "", "x"},
		{"", "", ""},
	} {
		answers(t, tt.stream)
		if got, err := UnitOf(t.Context(), tt.of, "12"); got != tt.want || err != nil {
			t.Errorf("%q: %s, %v", tt.stream, got, err)
		}
	}
}

// TestEntry: fields of a unit that a process claims to speak of do not count.
func TestEntry(t *testing.T) {
	answers(t, "__CURSOR=1\n__REALTIME_TIMESTAMP=1796040000000001\nMESSAGE=one\n_PID=9\n_SYSTEMD_UNIT=u.service\n_SYSTEMD_INVOCATION_ID=12\n"+
		"UNIT=forged.service\nINVOCATION_ID=13\nUNIT_RESULT=success\nMONTIMER_TASK=t\nMONTIMER_TASK=second\nMONTIMER_RESULT=ok\nMESSAGE_ID="+messageIDs["task ended"]+"\n\n")
	var got []Entry
	err := Query{}.Read(t.Context(), func(e Entry) error {
		got = append(got, e)
		return nil
	})
	want := Entry{
		At: time.UnixMicro(1796040000000001).UTC(), Message: []byte("one"), Priority: 6, Unit: "u.service", Invocation: "12",
		Task: "t", Result: "ok", id: messageIDs["task ended"],
	}
	if err != nil || len(got) != 1 || got[0].Unit != want.Unit || got[0].Invocation != want.Invocation || !got[0].At.Equal(want.At) ||
		got[0].Task != want.Task || got[0].Result != want.Result || got[0].result != "" || got[0].Event() != "task ended" || !slices.Equal(got[0].Message, want.Message) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestLastFailed(t *testing.T) {
	answers(t, "__CURSOR=2\n_PID=1\nUNIT=a.service\nINVOCATION_ID=12\nUNIT_RESULT=exit-code\n\n__CURSOR=1\n_PID=1\nINVOCATION_ID=11\n\n")
	if run, err := LastFailed(t.Context(), "a.service", time.Time{}, time.Time{}); run != "12" || err != nil {
		t.Errorf("%s, %v", run, err)
	}
	answers(t, "")
	if run, err := LastFailed(t.Context(), "a.service", time.Time{}, time.Time{}); run != "" || err != nil {
		t.Errorf("%s, %v", run, err)
	}
}
