package jobs

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// at makes a diagnostic for the first occurrence of part in source.
func at(source, part string) Diagnostic {
	i := strings.Index(source, part)
	return Diagnostic{
		File: "j.yaml", Line: 2, Col: utf8.RuneCountInString(source[:i]) + 1, Width: utf8.RuneCountInString(part),
		Severity: Error, Message: "m", Source: source, Offset: i,
	}
}

func TestExcerpt(t *testing.T) {
	t.Parallel()
	x, y := strings.Repeat("x", 200), strings.Repeat("y", 200)
	for name, c := range map[string]struct {
		d             Diagnostic
		source, caret string
	}{
		"plain":        {at("  a: bc", "bc"), "  a: bc", "     ^^"},
		"tab":          {at("a:\tbc", "bc"), "a:    bc", "      ^^"},
		"wide":         {at("日本: 語", "語"), "日本: 語", "      ^^"},
		"emoji":        {at("🚨: x", "x"), "🚨: x", "    ^"},
		"combining":    {at("e\u0301: x", "x"), "e\u0301: x", "   ^"},
		"escape":       {at("\x1b[31m: x", "x"), `\x1b[31m: x`, "          ^"},
		"bidi":         {at("\u202e: x", "x"), `\xe2\x80\xae: x`, "              ^"},
		"zero width":   {at("a\u200bb: x", "x"), `a\xe2\x80\x8bb: x`, "                ^"},
		"line end":     {Diagnostic{Col: 4, Width: 1, Source: "abc", Offset: 3}, "abc", "   ^"},
		"no column":    {Diagnostic{Width: 1, Source: "abc"}, "abc", ""},
		"long before":  {at(x+" PART", "PART"), "…" + strings.Repeat("x", 84) + " PART", strings.Repeat(" ", 86) + "^^^^"},
		"long after":   {at("PART "+y, "PART"), "PART " + strings.Repeat("y", 84) + "…", "^^^^"},
		"long around":  {at(x+" PART "+y, "PART"), "…" + strings.Repeat("x", 28) + " PART " + strings.Repeat("y", 54) + "…", strings.Repeat(" ", 30) + "^^^^"},
		"long itself":  {at("a "+y, y), "a " + strings.Repeat("y", 87) + "…", "  " + strings.Repeat("^", 88)},
		"fits exactly": {at(strings.Repeat("x", 86)+"PART", "PART"), strings.Repeat("x", 86) + "PART", strings.Repeat(" ", 86) + "^^^^"},
	} {
		source, caret := excerpt(c.d)
		if diff := cmp.Diff([]string{c.source, c.caret}, []string{source, caret}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestWriteText(t *testing.T) {
	t.Parallel()
	d := at("a: b\x1b[2J", "b")
	d.File, d.Message, d.Hint = "x\ny.yaml", "bad \x1b]0;title\x07", "h\u202e"
	whole := Diagnostic{File: "j.yaml", Width: 1, Severity: Warning, Message: "all of it"}
	var b bytes.Buffer
	if err := WriteText(&b, []Diagnostic{d, whole}, false); err != nil {
		t.Fatal(err)
	}
	want := `x\x0ay.yaml:2:4: error: bad \x1b]0;title\x07
    a: b\x1b[2J
       ^
    hint: h\xe2\x80\xae
j.yaml: warning: all of it
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}

	b.Reset()
	_ = WriteText(&b, []Diagnostic{at("a: b", "b")}, true)
	want = "\x1b[1mj.yaml:2:4:\x1b[0m \x1b[1;31merror:\x1b[0m m\n    a: b\n    \x1b[1;32m   ^\x1b[0m\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("in color (-want +got):\n%s", diff)
	}
}

func TestWriteJSON(t *testing.T) {
	t.Parallel()
	d := at("a: b", "b")
	d.Message, d.Hint = "<a> & \x1b", "h"
	var b bytes.Buffer
	if err := WriteJSON(&b, []Diagnostic{d}); err != nil {
		t.Fatal(err)
	}
	var got []map[string]any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	want := []map[string]any{{
		"file": "j.yaml", "line": 2.0, "column": 4.0, "width": 1.0, "severity": "error", "message": "<a> & \x1b", "hint": "h",
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	b.Reset()
	if _ = WriteJSON(&b, nil); b.String() != "[]\n" {
		t.Errorf("no diagnostics: %q", b.String())
	}
}

func TestWriteGitHub(t *testing.T) {
	t.Parallel()
	d := at("a: b", "b")
	d.File, d.Message, d.Hint = "a,b:c%.yaml", "50%, a::b\nc", "hint"
	var b bytes.Buffer
	if err := WriteGitHub(&b, []Diagnostic{d, {File: "j.yaml", Line: 3, Severity: Warning, Message: "w"}}); err != nil {
		t.Fatal(err)
	}
	want := "::error file=a%2Cb%3Ac%25.yaml,line=2,col=4,endColumn=5::50%25, a::b%0Ac%0Ahint\n::warning file=j.yaml,line=3::w\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
