package safetext

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
			if got := string(Append(nil, []byte(tt.in))); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func FuzzDisplay(f *testing.F) {
	f.Add("abcdefgh\x1b\u202e\xff\t")
	f.Fuzz(func(t *testing.T, text string) {
		got := string(Append([]byte("> "), []byte(text)))
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
