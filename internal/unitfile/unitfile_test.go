package unitfile

import (
	"slices"
	"strings"
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

// TestVersions: another version alone makes no difference, neither to what a unit says
// nor to whether somebody has edited it. The header before versions is known as well.
func TestVersions(t *testing.T) {
	t.Parallel()
	written := func(version, body string) string {
		unit := []byte(BlankHeader(version) + body)
		Sign(unit)
		return string(unit)
	}
	const body = "[Unit]\nDescription=a\n\n[Service]\nExecStart=/bin/true\n"
	unit := written("0.1.0", body)
	before := strings.Replace(unit, ", written by montimer 0.1.0", "", 1)
	for _, other := range []string{unit, written("0.2.0-3-gabcdef0", body), before} {
		if !Same(unit, other) || !Same(other, unit) || ByHand(other) || !Generated(other) {
			t.Errorf("not the same as version 0.1.0 wrote:\n%s", other)
		}
	}
	for _, other := range []string{"", body, written("0.1.0", body+"#"), unit + "#", headerLine + digestLine, strings.Replace(unit, "sha256:", "sha256:0", 1)} {
		if Same(unit, other) || Same(other, unit) {
			t.Errorf("the same as version 0.1.0 wrote:\n%s", other)
		}
	}
	for _, edited := range []string{unit + "#", strings.Replace(before, "true", "false", 1), headerLine + digestLine} {
		if !ByHand(edited) {
			t.Errorf("not known to be edited:\n%s", edited)
		}
	}
}
