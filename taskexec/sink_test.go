package taskexec

import (
	"strings"
	"testing"

	"github.com/montimer/montimer/internal/safetext"
)

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
		{false, "\x1b[31mred\n", `t: \x1b[31mred` + "\n"},
		{true, "<4>careful\nfine\n<0>fire\n", "<4>t: careful\n<6>t: fine\n<3>t: fire\n"},
		{true, "<4>" + long + "<7>more\nfine\n", "<4>t: " + long[3:] + "\n<4>t: xxx<7>more\n<6>t: fine\n"},
	} {
		var out strings.Builder
		s := &stream{task: "t", sink: NewTextSink(&out, tt.levels), redactor: safetext.NewRedactor(nil)}
		s.copy(strings.NewReader(tt.in))
		if out.String() != tt.want {
			t.Errorf("levels %t: got %.80q, want %.80q", tt.levels, out.String(), tt.want)
		}
	}
}
