package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"github.com/coreos/go-systemd/v22/journal"
	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer/taskexec"
)

type entry struct {
	Message  string
	Priority journal.Priority
	Fields   map[string]string
}

// entries is a journal in memory; dead, it takes nothing.
type entries struct {
	got  []entry
	dead bool
}

func (e *entries) send(message string, priority journal.Priority, fields map[string]string) error {
	if e.dead {
		return errors.New("no journal")
	}
	e.got = append(e.got, entry{message, priority, fields})
	return nil
}

func line(priority int, text string) taskexec.Line {
	return taskexec.Line{Text: []byte(text), Priority: priority}
}

func TestSink(t *testing.T) {
	t.Parallel()
	fields := map[string]string{"SYSLOG_IDENTIFIER": "montimer", "MONTIMER_RUN_ID": "id", "MONTIMER_TASK": "aave"}
	long := strings.Repeat("x", maxEntry)
	for name, tt := range map[string]struct {
		lines []taskexec.Line
		want  []entry
	}{
		"together":     {[]taskexec.Line{line(6, "one"), line(6, ""), line(6, "  two")}, []entry{{"aave: one\naave: \naave:   two", 6, fields}}},
		"by priority":  {[]taskexec.Line{line(6, "one"), line(3, "two"), line(6, "three")}, []entry{{"aave: one", 6, fields}, {"aave: two", 3, fields}, {"aave: three", 6, fields}}},
		"up to a size": {[]taskexec.Line{line(6, "one"), line(6, long), line(6, long)}, []entry{{"aave: one", 6, fields}, {"aave: " + long, 6, fields}, {"aave: " + long, 6, fields}}},
		"safe to show": {[]taskexec.Line{line(6, "a\x1b[31mb\rMESSAGE=forged")}, []entry{{`aave: a\x1b[31mb\x0dMESSAGE=forged`, 6, fields}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var e entries
			s := &Sink{"id", nil, e.send}
			s.Lines("aave", tt.lines)
			if diff := cmp.Diff(tt.want, e.got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestHandler(t *testing.T) {
	t.Parallel()
	var e entries
	h := &Handler{slog.NewTextHandler(io.Discard, nil), map[string]string{}, e.send}
	log := slog.New(h).With("profile", "hourly", "run_id", "id")
	log.Error("no luck", "event", taskexec.EventTaskEnded, "task", "aave", "result", "failed", "took", 3)
	log.Warn("hm", "event", "of no kind")
	log.WithGroup("g").Info("fine")
	want := []entry{
		{"no luck", journal.PriErr, map[string]string{"MESSAGE_ID": messageIDs[taskexec.EventTaskEnded], "MONTIMER_RUN_ID": "id", "MONTIMER_TASK": "aave", "MONTIMER_RESULT": "failed"}},
		{"hm", journal.PriWarning, map[string]string{"MONTIMER_RUN_ID": "id"}},
		{"fine", journal.PriInfo, map[string]string{"MONTIMER_RUN_ID": "id"}},
	}
	if diff := cmp.Diff(want, e.got); diff != "" {
		t.Error(diff)
	}
	if log.Enabled(t.Context(), slog.LevelDebug) {
		t.Error("enabled where the fallback is not")
	}
}

// Without a journal nothing is lost.
func TestNoJournal(t *testing.T) {
	t.Parallel()
	e := entries{dead: true}
	var out, log bytes.Buffer
	sink := &Sink{"id", taskexec.NewTextSink(&out, true), e.send}
	sink.Lines("aave", []taskexec.Line{line(6, "one"), line(3, "two")})
	if out.String() != "<6>aave: one\n<3>aave: two\n" {
		t.Errorf("%q", out.String())
	}
	slog.New(&Handler{slog.NewTextHandler(&log, nil), map[string]string{}, e.send}).With("task", "aave").Info("fine")
	if !strings.Contains(log.String(), "msg=fine task=aave") {
		t.Error(log.String())
	}
}

func TestMessageIDsAreIDs(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for event, id := range messageIDs {
		if len(id) != 32 || strings.Trim(id, "0123456789abcdef") != "" || seen[id] {
			t.Errorf("%s: %q", event, id)
		}
		seen[id] = true
	}
}

func BenchmarkSink(b *testing.B) {
	lines := make([]taskexec.Line, 512)
	for i := range lines {
		lines[i] = line(6, fmt.Sprintf("%099d", i))
	}
	s := &Sink{"id", nil, (&entries{dead: true}).send}
	s.Else = nowhere{}
	b.SetBytes(512 * 100)
	for b.Loop() {
		s.Lines("aave", lines)
	}
}

type nowhere struct{}

func (nowhere) Lines(string, []taskexec.Line) {}
