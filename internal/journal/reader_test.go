package journal

import (
	"bufio"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// field is a field of the export format as journalctl writes one that is not
// plain text.
func field(name, value string) string {
	return name + "\n" + string(binary.LittleEndian.AppendUint64(nil, uint64(len(value)))) + value + "\n"
}

func TestReadEntries(t *testing.T) {
	t.Parallel()
	huge := strings.Repeat("x", maxField+10)
	stream := "__CURSOR=one\nMESSAGE=-- cursor: s=forged\nMESSAGE=a second\n_PID=77\nUNIT_RESULT=success\n\n" +
		"__CURSOR=two\n" + field("MESSAGE", "a\n__CURSOR=forged\n\nb") + "_PID=77\n\n" +
		"__CURSOR=three\n" + field("MESSAGE", huge) + "_PID=77\n\n" +
		"__CURSOR=four\nMESSAGE=Main process exited\nMESSAGE_ID=" + idProcessExit + "\n_PID=1\nEXIT_CODE=killed\nEXIT_STATUS=9\n\n" +
		"__CURSOR=five\nMESSAGE=Failed with result 'signal'.\n_PID=1\nUNIT_RESULT=signal\n\n" +
		"__CURSOR=six\nMESSAGE=cut"
	r := Reader{}
	var got []string
	err := readEntries(bufio.NewReader(strings.NewReader(stream)), func(e Entry, cursor string) error {
		return r.take(e, cursor, func(e Entry) error {
			if len(got) < 3 && r.Ending != (Ending{}) {
				t.Errorf("a task's entry gives %+v", r.Ending)
			}
			got = append(got, string(e.Message))
			return nil
		})
	})
	want := []string{"-- cursor: s=forged", "a\n__CURSOR=forged\n\nb", huge[:maxField], "Main process exited", "Failed with result 'signal'."}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %d: %.100q", err, len(got), got)
	}
	if r.cursor != "five" {
		t.Errorf("cursor %s", r.cursor)
	}
	if want := (Ending{"signal", 9, true}); r.Ending != want {
		t.Errorf("%+v", r.Ending)
	}
}

func TestCommand(t *testing.T) {
	t.Parallel()
	for want, run := range map[string]Run{
		"journalctl -u montimer-job-a _SYSTEMD_INVOCATION_ID=12 + INVOCATION_ID=12 _PID=1": {"montimer-job-a.service", "12"},
		"journalctl _SYSTEMD_INVOCATION_ID=12 + INVOCATION_ID=12 _PID=1":                   {"", "12"},
	} {
		if got := run.Command(); got != want {
			t.Error(got)
		}
	}
}

// journalctl 252 ends with 1 when nothing matches and it was asked for a cursor;
// others may without.
func TestJournalctlFails(t *testing.T) {
	for name, tt := range map[string]struct{ script, fails string }{
		"nothing yet": {"exit 1", ""},
		"refused":     {"echo 'Failed to open the journal: no access' >&2; exit 1", "Failed to open the journal: no access"},
		"killed":      {"kill -9 $$", "killed"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "journalctl"), []byte("#!/bin/sh\n"+tt.script+"\n"), 0o755); err != nil {
				t.Fatal(err)
			}
			t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
			r := Reader{Run: Run{"a.service", "12"}}
			err := r.Read(t.Context(), func(Entry) error { return errors.New("an entry") })
			if (err == nil) != (tt.fails == "") || err != nil && !strings.Contains(err.Error(), tt.fails) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestEnding(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		ending Ending
		code   int
		reason string // begins with
	}{
		{Ending{"success", 0, false}, 0, ""},
		{Ending{"success", 75, false}, 75, ""},
		{Ending{"exit-code", 143, false}, 143, ""},
		{Ending{"exit-code", 1, false}, 1, ""},
		{Ending{"exit-code", 217, false}, 217, "the run never began: systemd gave up with status 217/USER"},
		{Ending{"exit-code", 208, false}, 208, "the run never began: systemd gave up with status 208 ("},
		{Ending{"resources", 0, false}, 1, "the run never began: systemd could not set it up"}, // systemd 252 has the code of the run before
		{Ending{"resources", 3, false}, 1, "the run never began: systemd could not set it up"},
		{Ending{"signal", 9, true}, 1, "the run was killed by SIGKILL (Result: signal)"},
		{Ending{"oom-kill", 9, true}, 1, "the run was killed by SIGKILL (Result: oom-kill)"},
		{Ending{"timeout", 143, false}, 1, "the run hung"},
		{Ending{"start-limit-hit", 0, false}, 1, "the run failed (Result: start-limit-hit)"},
		{Ending{}, 1, "how the run ended is not known"},
	} {
		if got := tt.ending.Reason(); tt.ending.Code() != tt.code || !strings.HasPrefix(got, tt.reason) || (got == "") != (tt.reason == "") {
			t.Errorf("%+v: %d, %s", tt.ending, tt.ending.Code(), got)
		}
	}
}
