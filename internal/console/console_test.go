package console

import (
	"bytes"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/taskexec"
)

func TestProgressLines(t *testing.T) {
	t.Parallel()
	now := time.Now()
	running := func(names ...string) (all []taskexec.Running) {
		for i, name := range names {
			all = append(all, taskexec.Running{Name: name, Since: now.Add(-time.Duration(i*41) * time.Second)})
		}
		return all
	}
	for name, tt := range map[string]struct {
		p             taskexec.Progress
		rows, columns int
		want          string
	}{
		"running":      {taskexec.Progress{Total: 5, Ended: 2, Failed: 1, Running: running("aave", "b\x1b[31m")}, 10, 80, "     0s  aave\n    41s  b\\x1b[31m\n2 of 5 tasks, 1 failed, 1m30s"},
		"waiting":      {taskexec.Progress{Waiting: "the git sync"}, 10, 80, "waiting for the git sync, 1m30s"},
		"all fit":      {taskexec.Progress{Total: 3, Running: running("a", "b", "c")}, 4, 80, "     0s  a\n    41s  b\n  1m22s  c\n0 of 3 tasks, 1m30s"},
		"bounded":      {taskexec.Progress{Total: 9, Running: running("a", "b", "c", "d")}, 4, 80, "     0s  a\n    41s  b\n  … and 2 more\n0 of 9 tasks, 1m30s"},
		"narrow":       {taskexec.Progress{Total: 9, Running: running("a-long-name")}, 4, 12, "     0s  a-…\n0 of 9 task…"},
		"two rows":     {taskexec.Progress{Total: 9, Running: running("a", "b")}, 2, 80, "  … and 2 more\n0 of 9 tasks, 1m30s"},
		"one row":      {taskexec.Progress{Total: 9, Running: running("a", "b")}, 1, 80, "0 of 9 tasks, 1m30s"},
		"no room":      {taskexec.Progress{Total: 9, Running: running("a", "b")}, 0, 80, ""},
		"no width yet": {taskexec.Progress{Total: 9}, 3, 0, "…"},
	} {
		got := progressLines(tt.p, now, now.Add(-90*time.Second), tt.rows, tt.columns)
		if diff := cmp.Diff(tt.want, strings.Join(got, "\n")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// What is said stays, above the last lines; those go in the end.
func TestScreen(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := &Screen{out: &out, size: func() (int, int) { return 10, 80 }, later: func(draw func()) { draw() }, began: time.Now()}
	s.Watch(taskexec.Progress{Total: 1, Running: []taskexec.Running{{Name: "a", Since: time.Now()}}})
	s.Write([]byte("a: hello\n"))
	s.Close()
	const two = "     0s  a\n0 of 1 task, 0s\n"
	const up = "\x1b[2A\r\x1b[J"
	if diff := cmp.Diff(two+up+"a: hello\n"+two+up, out.String()); diff != "" {
		t.Error(diff)
	}
}

// TestTable: a table that fits stays one; one that does not becomes blocks.
func TestTable(t *testing.T) {
	t.Parallel()
	header, rows := []string{"ID", "NAME", "TEXT"}, [][]string{{"1", "n", "a few words that say something"}, {"22", "m", ""}}
	for columns, want := range map[int]string{
		0:  "ID  NAME  TEXT\n1   n     a few words that say something\n22  m     \n",
		32: "ID  NAME  TEXT\n1   n     a few words that say\n          something\n22  m     \n",
		20: "ID    1\nNAME  n\nTEXT  a few words\n      that say\n      something\n\nID    22\nNAME  m\nTEXT  \n",
	} {
		var b strings.Builder
		if err := Table(&b, columns, header, rows); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, b.String()); diff != "" {
			t.Errorf("%d columns: %s", columns, diff)
		}
	}
	var b strings.Builder // a wide character takes two columns, a mark that combines none
	if err := Table(&b, 26, []string{"A", "B"}, [][]string{{"日本", "日本日本日本日本日本日"}, {"e\u0301", "x"}}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff("A     B\n日本  日本日本日本日本日本\n      日\ne\u0301     x\n", b.String()); diff != "" {
		t.Error(diff)
	}
}

// The names of tasks reach a terminal by systemctl status, and hold no secret.
func TestStatusCannotDriveTerminal(t *testing.T) {
	t.Parallel()
	at := filepath.Join(t.TempDir(), "socket")
	reader, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: at, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	service, err := NewWatchdog(at, safetext.NewRedactor([]string{"planted"}).String)
	if err != nil {
		t.Fatal(err)
	}
	service.Watch(taskexec.Progress{Total: 1, Running: []taskexec.Running{{Name: "\x1b]0;owned\a\x1b[31mred\u202e\nplanted", Since: time.Now()}}})
	buf := make([]byte, 1<<12)
	n, err := reader.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	_, status, _ := strings.Cut(string(buf[:n]), "STATUS=")
	if status != `0/1 tasks, running \x1b]0;owned\x07\x1b[31mred\xe2\x80\xae\x0a*** (0s)` {
		t.Errorf("%q", status)
	}
}
