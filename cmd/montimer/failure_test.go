package main

import (
	"fmt"
	"hash/fnv"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/testenv"
)

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

// Where the database cannot be used, a run that was killed is reported by what
// systemd starts after it, since the handler may be at work on the run before; and
// once, although the handler is started for it. A run that was refused is reported
// once, too: by itself.
func TestReportedOnceWithoutDatabase(t *testing.T) {
	t.Parallel()
	s := newSite(t, build(t), "profiles: {other: {cron: 0 0 1 1 *, tasks: [{name: one, command: exit 3}]}}")
	if err := os.Mkdir(filepath.Join(s.state, store.FileName), 0o777); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for _, path := range inMemory(s.state, "p") {
			if err := os.Remove(path); err != nil {
				t.Error(err)
			}
		}
	})
	var mu sync.Mutex
	var sent []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		sent = append(sent, string(body))
		io.WriteString(w, `{"ok":true}`)
	}))
	defer server.Close()
	s.env = append(s.env, "TRIGGER_UNIT=montimer-job-p.timer", "TELEGRAM_API_BASE="+server.URL,
		"TELEGRAM_BOT_TOKEN_DEFAULT=1:x", "TELEGRAM_CHAT_ID_AUTOMATION=1")
	service := func(env []string, args ...string) (code int, said string) {
		cmd := s.command()
		cmd.Path = s.look(t, "sh")
		cmd.Args = append([]string{"sh", "-c", "SYSTEMD_EXEC_PID=$$ exec \"$@\"", "sh", s.binary}, args...)
		cmd.Env = append(cmd.Env, env...)
		out, _ := cmd.CombinedOutput()
		return cmd.ProcessState.ExitCode(), string(out)
	}
	about := func(text string) (n int) {
		mu.Lock()
		defer mu.Unlock()
		for _, body := range sent {
			if strings.Contains(body, text) {
				n++
			}
		}
		return n
	}
	killed, next, refused := strings.Repeat("a", 32), strings.Repeat("b", 32), strings.Repeat("c", 32)
	code, said := service([]string{"INVOCATION_ID=" + killed, "SERVICE_RESULT=signal", "EXIT_CODE=killed", "EXIT_STATUS=KILL"}, "ended", "p")
	if code == 0 || about(killed) != 1 || about("montimer-job-p.service failed: signal, killed KILL") != 1 {
		t.Errorf("exit %d, sent %q\n%s", code, sent, said)
	}
	for _, id := range []string{killed, next} {
		_, said = service([]string{"MONITOR_INVOCATION_ID=" + id, "MONITOR_SERVICE_RESULT=signal", "MONITOR_EXIT_CODE=killed", "MONITOR_EXIT_STATUS=KILL"},
			"failure", "montimer-job-p.service")
		if n := about(id); n != 1 {
			t.Errorf("the handler: %d messages about %s\n%s", n, id, said)
		}
	}
	code, said = service([]string{"INVOCATION_ID=" + refused}, "exec", "p")
	if n := about("unknown profile"); code != exitUnrecorded || n != 1 || !strings.Contains(said, "unknown profile") || about("a run; not recorded: ") != 1 {
		t.Errorf("refused: exit %d, %d messages %q\n%s", code, n, sent, said)
	}
	service([]string{"MONITOR_INVOCATION_ID=" + refused, "MONITOR_SERVICE_RESULT=exit-code", "MONITOR_EXIT_CODE=exited", fmt.Sprintf("MONITOR_EXIT_STATUS=%d", code)},
		"failure", "montimer-job-p.service")
	if n := about("unknown profile"); n != 1 {
		t.Errorf("refused, after the handler: %d messages", n)
	}
}

// inMemory returns the files in memory about an incident without a database, and
// about a profile that was killed in it, both of the user nobody.
func inMemory(stateDir, profile string) []string {
	incident, death := fnv.New32a(), fnv.New32a()
	io.WriteString(incident, stateDir)
	io.WriteString(death, stateDir+"\x00"+profile)
	return []string{
		fmt.Sprintf("/dev/shm/montimer-unrecorded-%d-%08x", nobody, incident.Sum32()),
		fmt.Sprintf("/dev/shm/montimer-died-%d-%08x", nobody, death.Sum32()),
	}
}

// A run has reported that it could not be recorded: where the outbox is gone, its
// handler has nothing to do and does not fail.
func TestHandlerWithoutOutbox(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "sqlite3")
	s := newSite(t, build(t), "profiles: {p: {cron: 0 0 1 1 *, tasks: [{name: one, command: exit 3}]}}")
	if out, err := s.command("db", "init").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	drop := s.command()
	drop.Path = s.look(t, "sqlite3")
	drop.Args = []string{"sqlite3", filepath.Join(s.state, store.FileName), "DROP TABLE montimer_outbox"}
	if out, err := drop.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	handler := s.command("failure", "montimer-job-p.service")
	handler.Env = append(handler.Env, "MONITOR_INVOCATION_ID="+strings.Repeat("a", 32), "MONITOR_SERVICE_RESULT=exit-code",
		"MONITOR_EXIT_CODE=exited", fmt.Sprintf("MONITOR_EXIT_STATUS=%d", exitUnrecorded))
	out, err := handler.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "lacks a table") || strings.Contains(string(out), "could not be sent") {
		t.Errorf("%v\n%s", err, out)
	}
}
