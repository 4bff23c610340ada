package taskexec

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestDisplay(t *testing.T) {
	t.Parallel()
	tests := []struct{ name, in, want string }{
		{"plain", "all fine, 100 %", "all fine, 100 %"},
		{"letters of any script", "naïve Ελλάδα 日本 🚨", "naïve Ελλάδα 日本 🚨"},
		{"tab", "a\tb", "a\tb"},
		{"escape", "\x1b[31mred\x1b[0m", `\x1b[31mred\x1b[0m`},
		{"carriage return, bell, NUL", "a\rb\ac\x00", `a\x0db\x07c\x00`},
		{"newline", "a\nb", `a\x0ab`},
		{"DEL", "a\x7f", `a\x7f`},
		{"C1 control", "a\u009b31m", `a\xc2\x9b31m`},
		{"bidirectional marks", "a\u202eb\u2066c\u200fd\u061c", `a\xe2\x80\xaeb\xe2\x81\xa6c\xe2\x80\x8fd\xd8\x9c`},
		{"line separator", "a\u2028b", `a\xe2\x80\xa8b`},
		{"not UTF-8", "a\xffb", `a\xffb`},
		{"after eight plain ones", "12345678\x1b", `12345678\x1b`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := string(AppendDisplay(nil, []byte(tt.in))); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func FuzzDisplay(f *testing.F) {
	f.Add("abcdefgh\x1b\u202e\xff\t")
	f.Fuzz(func(t *testing.T, text string) {
		got := string(AppendDisplay([]byte("> "), []byte(text)))
		if !strings.HasPrefix(got, "> ") || !utf8.ValidString(got) {
			t.Fatalf("%q", got)
		}
		for _, r := range got {
			if r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
				t.Fatalf("%q in %q", r, got)
			}
		}
		if !strings.ContainsFunc(text, func(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }) && got != "> "+text {
			t.Fatalf("%q became %q", text, got)
		}
	})
}

func TestPriority(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   string
		want int
		text string
	}{
		{"plain", 6, "plain"},
		{"", 6, ""},
		{"<6>info", 6, "info"},
		{"<7>debug", 7, "debug"},
		{"<4>warning", 4, "warning"},
		{"<3>err", 3, "err"},
		{"<2>no higher than err", 3, "no higher than err"},
		{"<0>", 3, ""},
		{"<8>not a level", 6, "<8>not a level"},
		{"<12>not a level", 6, "<12>not a level"},
		{" <3>not at the start", 6, " <3>not at the start"},
		{"<3", 6, "<3"},
	}
	for _, tt := range tests {
		if got, text := priority([]byte(tt.in)); got != tt.want || string(text) != tt.text {
			t.Errorf("%q: %d %q, want %d %q", tt.in, got, text, tt.want, tt.text)
		}
	}
}

func TestTextSinkLevels(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", pieceSize)
	for _, tt := range []struct {
		levels   bool
		in, want string
	}{
		{false, "<4>careful\nfine\n", "t: careful\nt: fine\n"},
		{true, "<4>careful\nfine\n<0>fire\n", "<4>t: careful\n<6>t: fine\n<3>t: fire\n"},
		{true, "<4>" + long + "<7>more\nfine\n", "<4>t: " + long[3:] + "\n<4>t: xxx<7>more\n<6>t: fine\n"},
	} {
		var out strings.Builder
		s := &stream{task: "t", sink: NewTextSink(&out, tt.levels), redactor: NewRedactor(nil)}
		s.copy(strings.NewReader(tt.in))
		if out.String() != tt.want {
			t.Errorf("levels %t: got %.80q, want %.80q", tt.levels, out.String(), tt.want)
		}
	}
}

func TestRunID(t *testing.T) {
	t.Parallel()
	env := func(pid, id string) []string { return []string{"SYSTEMD_EXEC_PID=" + pid, "INVOCATION_ID=" + id} }
	if got := runID(env("42", testRunID), 42); got != testRunID {
		t.Errorf("main process of a service: %s", got)
	}
	for name, environ := range map[string][]string{
		"inherited":        env("41", testRunID),
		"not in a service": nil,
		"not an id":        env("42", "../../etc/passwd"),
		"too short":        env("42", "00"),
	} {
		a, b := runID(environ, 42), runID(environ, 42)
		if len(a) != 32 || a == b || a == testRunID {
			t.Errorf("%s: %s, %s", name, a, b)
		}
	}
}
