package taskexec

import (
	"bytes"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/proc"
	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/internal/testenv"
)

// lineSink keeps what it is given, a line a string.
type lineSink struct{ lines []string }

func (s *lineSink) Lines(_ string, lines []Line) {
	for _, l := range lines {
		text := string(l.Text)
		if l.Partial {
			text += "→"
		}
		s.lines = append(s.lines, text)
	}
}

func split(r io.Reader) (lines []string, tail string) {
	sink := &lineSink{}
	s := &stream{sink: sink, redactor: safetext.NewRedactor(nil)}
	s.copy(r)
	return sink.lines, s.tail.String()
}

func TestLines(t *testing.T) {
	t.Parallel()
	piece := strings.Repeat("x", pieceSize)
	euros := strings.Repeat("€", pieceSize/3) // 2 bytes short of a piece
	many := strings.Repeat("y\n", 3*batchLines)
	tests := []struct {
		name, in string
		want     []string
	}{
		{"empty", "", nil},
		{"one line", "a\n", []string{"a"}},
		{"no newline at the end", "a\nb", []string{"a", "b"}},
		{"blank lines", "\n\na\n\n", []string{"", "", "a", ""}},
		{"carriage return", "a\rb\r\n", []string{"a\rb\r"}},
		{"NUL", "a\x00b\n", []string{"a\x00b"}},
		{"invalid UTF-8", "a\xff\xfeb\nc\xe2\x82\nd", []string{"a\uFFFDb", "c\uFFFD", "d"}},
		{"just a piece", piece + "\n", []string{piece}},
		{"one more than a piece", piece + "z\n", []string{piece + "→", "z"}},
		{"three pieces", piece + piece + piece, []string{piece + "→", piece + "→", piece}},
		{"three pieces and a line", "a\n" + piece + piece + piece + "\nb\n", []string{"a", piece + "→", piece + "→", piece, "b"}},
		{"cut between code points", euros + "€€€\n", []string{euros + "→", "€€€"}},
		{"more lines than a batch", many, strings.Split(strings.TrimSuffix(many, "\n"), "\n")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for how, r := range map[string]io.Reader{
				"at once":      strings.NewReader(tt.in),
				"byte by byte": iotest.OneByteReader(strings.NewReader(tt.in)),
				"end and data": iotest.DataErrReader(strings.NewReader(tt.in)),
			} {
				if got, _ := split(r); !cmp.Equal(tt.want, got) {
					t.Errorf("%s: %d lines, want %d:\n%.300s", how, len(got), len(tt.want), cmp.Diff(tt.want, got))
				}
			}
		})
	}
}

// For any input, in any portions: the lines are valid UTF-8, no
// longer than a piece, and together they are what came in.
func FuzzLines(f *testing.F) {
	f.Add([]byte("a\nb"), 1)
	f.Add([]byte("\xff\n\n€"), 70000)
	f.Add(bytes.Repeat([]byte("€x"), 20), 9000)
	f.Fuzz(func(t *testing.T, in []byte, times int) {
		in = bytes.Repeat(in, 1+min(max(times, 0), 100_000/(len(in)+1)))
		got, _ := split(bytes.NewReader(in))
		slow, _ := split(iotest.HalfReader(bytes.NewReader(in)))
		var whole strings.Builder
		for _, l := range got {
			if text := strings.TrimSuffix(l, "→"); len(text) > pieceSize || !utf8.ValidString(text) {
				t.Fatalf("line of %d bytes, valid %t", len(text), utf8.ValidString(text))
			}
			whole.WriteString(l)
			whole.WriteByte('\n')
		}
		if bytes.Contains(in, []byte("→")) || !utf8.Valid(in) {
			return
		}
		text := strings.ReplaceAll(whole.String(), "→\n", "")
		if want := string(in); text != want && text != want+"\n" {
			t.Fatalf("%d bytes in, %d out", len(in), len(text))
		}
		if diff := cmp.Diff(got, slow); diff != "" && len(in) < pieceSize {
			t.Fatal(diff)
		}
	})
}

func TestTail(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 300)
	tests := []struct{ name, in, want string }{
		{"nothing", "", ""},
		{"only blanks", " \n\t\n\n", ""},
		{"the last four, left indent stays", "1\n2\n  3 \n\n4\n   \n5\n", "2\n  3\n4\n5"},
		{"as str.splitlines splits", "a\rb\vc\fd\x1ce\u2028f\u0085g\r\n", "d\ne\nf\ng"},
		{"500 code points and no more", long + "\n" + long[:2*199] + "\n", long + "\n" + long[:2*199]},
		{"501 are cut", long + "\n" + long[:2*200] + "\n", "…" + long[2:] + "\n" + long[:2*200]},
		{"a line of many pieces", "start" + strings.Repeat("x", 3*pieceSize) + "end  \n", "…" + strings.Repeat("x", 497) + "end"},
		{"many pieces, then a line", strings.Repeat("x", 3*pieceSize) + "end\nlast\n", "…" + strings.Repeat("x", 492) + "end\nlast"},
		{"a flood", strings.Repeat("noise\n", 10000) + "1\n2\n3\n4\n", "1\n2\n3\n4"},
		{"blanks after a flood of them", "the reason\n" + strings.Repeat(" \n", 100_000), "the reason"},
		{"bytes that are not UTF-8", "\xff\xff bad\n", "\uFFFD bad"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			for how, r := range map[string]io.Reader{
				"at once":      strings.NewReader(tt.in),
				"byte by byte": iotest.OneByteReader(strings.NewReader(tt.in)),
			} {
				if _, got := split(r); got != tt.want {
					t.Errorf("%s: got %q, want %q", how, got, tt.want)
				}
			}
		})
	}
}

// A failed task shows stderr where it says anything, else stdout.
func TestTailOfResult(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ script, want string }{
		{"echo out; echo err >&2", "err"},
		{"echo out; echo '  ' >&2", "out"},
		{"true", ""},
	} {
		if got := newHost(t, shell(tt.script)).exec(t).Tasks[0].Tail(); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.script, got, tt.want)
		}
	}
}

func TestMemoryIsBoundedWhateverTheOutput(t *testing.T) {
	for name, script := range map[string]string{
		"lines":      "yes 'some line of a chatty script' | head -c 50000000",
		"newlines":   "yes '' | head -c 2000000",
		"no newline": "head -c 50000000 /dev/zero | tr '\\0' x",
	} {
		t.Run(name, func(t *testing.T) {
			h := newHost(t, shell(script))
			h.Sink, h.MaxOutput = NewTextSink(io.Discard, false), -1
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if r := h.exec(t); r.Tasks[0].Status != montimer.TaskOK {
				t.Fatal(r)
			}
			runtime.ReadMemStats(&after)
			if got := after.TotalAlloc - before.TotalAlloc; got > 32<<20 {
				t.Errorf("%d bytes allocated in all", got)
			}
		})
	}
}

// 100 MB through one task. For comparison, what the Python runner did:
// subprocess.run(capture_output=True, text=True).
func BenchmarkOutput(b *testing.B) {
	file := filepath.Join(b.TempDir(), "out")
	line := strings.Repeat("x", 98) + "\n"
	if err := os.WriteFile(file, []byte(strings.Repeat(line, 1_000_000)), 0o600); err != nil {
		b.Fatal(err)
	}
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("exec", func(b *testing.B) {
		c := proc.Command{Path: "/bin/cat", Argv: []string{"/bin/cat", file}}
		s, err := proc.NewStopper(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		newStream := func() *stream {
			return &stream{task: "t", sink: NewTextSink(null, false), redactor: safetext.NewRedactor([]string{"a secret value", "another"})}
		}
		out, errs := newStream(), newStream()
		b.SetBytes(99_000_000)
		for b.Loop() {
			if _, err := c.Run(s, out, errs); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("python", func(b *testing.B) {
		python3 := testenv.Python(b)
		b.SetBytes(99_000_000)
		for b.Loop() {
			code := "import subprocess; subprocess.run(['/bin/cat', '" + file + "'], capture_output=True, text=True).stdout.splitlines()"
			if err := exec.Command(python3, "-c", code).Run(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("pipe", func(b *testing.B) {
		b.SetBytes(99_000_000)
		for b.Loop() {
			if err := exec.Command("sh", "-c", "cat "+file+" | cat >/dev/null").Run(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// copy feeds the stream from r.
func (s *stream) copy(r io.Reader) {
	for {
		n, err := r.Read(s.space())
		s.took(n)
		if err != nil {
			s.End()
			return
		}
	}
}

// 1,000 tasks of /bin/true, against a loop in sh.
func BenchmarkSpawn(b *testing.B) {
	b.Run("exec", func(b *testing.B) {
		p := montimer.Profile{Name: "p"}
		for range 1000 {
			p.Tasks = append(p.Tasks, montimer.Task{Command: montimer.Command{Argv: []string{"/bin/true"}}})
		}
		log := slog.New(slog.NewTextHandler(io.Discard, nil))
		run := Runner{Checkout: "/", Environ: os.Environ(), Recorder: &memory{}, Sink: discard{}, Log: log}.prepare(Request{})
		run.profile = p
		for b.Loop() {
			run.record.Tasks = nil
			run.tasks(b.Context())
		}
	})
	b.Run("sh", func(b *testing.B) {
		for b.Loop() {
			if err := exec.Command("sh", "-c", "i=0; while [ $i -lt 1000 ]; do /bin/true; i=$((i+1)); done").Run(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func TestParseMaxOutput(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"": 0, "infinity": -1, "1": 1, "64M": 64 << 20, "1G": 1 << 30, "8K": 8 << 10} {
		if got, err := ParseMaxOutput(text); got != want || err != nil {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"0", "-1", "M", "1X", "5%", "99999999T", "1.5G"} {
		if got, err := ParseMaxOutput(text); got != 0 || err == nil {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
}
