package unitfile

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDirectives: comments, blanks, joined lines, sections.
func TestDirectives(t *testing.T) {
	t.Parallel()
	const unit = "A=outside\n[Unit]\n# B=comment\n ; C=comment\n\n Upholds = a.timer b.timer \nUpholds=c.timer\nnothing\n" +
		"[Timer]\nOnCalendar=Mon \\\n# between\n  04:30\nPersistent=\n[Unit]\nX==y\\"
	want := []Directive{
		{"", "A", "outside"}, {"Unit", "Upholds", "a.timer b.timer"}, {"Unit", "Upholds", "c.timer"},
		{"Timer", "OnCalendar", "Mon  04:30"}, {"Timer", "Persistent", ""}, {"Unit", "X", "=y"},
	}
	if diff := cmp.Diff(want, slices.Collect(Directives(unit))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]bool{"a.timer": true, "b.timer": true, "c.timer": true}, Upheld(unit)); diff != "" {
		t.Error(diff)
	}
	for range Directives(unit) {
		break // and no more are asked for
	}
}

func TestComment(t *testing.T) {
	t.Parallel()
	for unit, want := range map[string]string{
		"[Timer]\n# Schedule: every day\nOnCalendar=daily\n": "every day",
		"[Timer]\n# Schedule: every day":                     "every day",
		"[Timer]\nX=# Schedule: no\n":                        "",
		"":                                                   "",
	} {
		if got := Comment(unit, "Schedule: "); got != want {
			t.Errorf("%q: %q, want %q", unit, got, want)
		}
	}
}

// TestGenerated: a file without both lines of the header is somebody else's.
func TestGenerated(t *testing.T) {
	t.Parallel()
	for _, content := range []string{"", "[Unit]\n", headerLine, "\n" + headerLine + digestLine} {
		if Generated(content) {
			t.Errorf("%q passes for generated", content)
		}
	}
}
