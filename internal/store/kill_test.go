package store

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/testenv"
)

// childEnv makes this test binary do something else than test.
const childEnv = "MONTIMER_STORE_CHILD"

func TestMain(m *testing.M) {
	switch kind, dir, _ := strings.Cut(os.Getenv(childEnv), " "); kind {
	case "":
		os.Exit(m.Run())
	case "write":
		fmt.Println(writeAndSay(dir))
	case "open":
		fmt.Println(openAndSay(dir))
	case "page":
		fmt.Println(pageAndSay(dir))
		os.Exit(0)
	}
	os.Exit(1)
}

// child is this test binary, told to do something with a database.
func child(kind, dir string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{childEnv + "=" + kind + " " + dir}
	cmd.Stderr = os.Stderr
	return cmd
}

// writeAndSay records run after run, and says so on standard output as soon as
// each step is done.
func writeAndSay(dir string) error {
	ctx := context.Background()
	s, err := Open(ctx, dir, Options{})
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		run, err := s.Begin(ctx, timerRun(freshID(), n))
		if err != nil {
			return err
		}
		fmt.Println("began", run.ID)
		for range rand.IntN(20) {
			task := montimer.TaskRun{Name: fmt.Sprint(len(run.Tasks)), Status: montimer.TaskFailed}
			if err := s.TaskEnded(ctx, run.ID, task); err != nil {
				return err
			}
			run.Tasks = append(run.Tasks, task)
			fmt.Println("task", run.ID)
		}
		run.State = montimer.RunFailed
		if err := s.Finish(ctx, run, &montimer.Alert{RunID: run.ID, Text: run.ID}); err != nil {
			return err
		}
		fmt.Println("ended", run.ID)
	}
}

// TestKill kills a writer at random instants: what it said it recorded is
// there, a run and its alert are both there or neither, and the next process
// finds what was lost.
func TestKill(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rounds := 8
	if testenv.Soak() {
		rounds = 300
	}
	steps := 0
	for range rounds {
		said := killAfter(t, dir, time.Duration(rand.IntN(20_000))*time.Microsecond)
		s, err := Open(t.Context(), dir, Options{})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, query(t, s, "PRAGMA integrity_check"), []string{"ok"})
		equal(t, query(t, s, `SELECT count(*) FROM montimer_runs run WHERE (state = 'failed') <>
			((SELECT count(*) FROM montimer_outbox WHERE run_id = run.id) = 1 AND (SELECT count(*) FROM alert_events WHERE message = run.id) = 1)
			AND state <> 'lost'`), []string{"0"})
		checkSaid(t, s, said)
		steps += len(said)
		lost, err := s.Lost(t.Context(), func(string) bool { return true }, func(montimer.Run) *montimer.Alert { return nil })
		if err != nil || len(lost) > 1 {
			t.Errorf("lost: %v, %v", lost, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	equal(t, cli(t, dir, "PRAGMA integrity_check"), "ok")
	t.Logf("%d kills, %d steps", rounds, steps)
}

// killAfter starts a writer, kills it some time after its first word, and
// returns what it said.
func killAfter(t *testing.T, dir string, wait time.Duration) (said []string) {
	t.Helper()
	cmd := child("write", dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if len(said) == 0 {
			time.AfterFunc(wait, func() { cmd.Process.Kill() })
		}
		said = append(said, lines.Text())
	}
	if err := cmd.Wait(); err == nil || cmd.ProcessState.Exited() {
		t.Fatalf("the writer was not killed: %v\n%s", err, strings.Join(said, "\n"))
	}
	return said
}

// checkSaid holds the database to what a writer said.
func checkSaid(t *testing.T, s *Store, said []string) {
	t.Helper()
	tasks, ended := map[string]int{}, map[string]bool{}
	for _, line := range said {
		step, id, whole := strings.Cut(line, " ")
		if !whole || len(id) != 32 {
			continue // cut off by the kill
		}
		switch step {
		case "began":
			tasks[id] += 0
		case "task":
			tasks[id]++
		case "ended":
			ended[id] = true
		}
	}
	for id, n := range tasks {
		run, err := s.Run(t.Context(), id)
		if err != nil {
			t.Error(err)
			continue
		}
		if len(run.Tasks) < n || ended[id] && run.State != montimer.RunFailed {
			t.Errorf("run %s is %s with %d tasks; %d were recorded, ended %t", id, run.State, len(run.Tasks), n, ended[id])
		}
	}
}
