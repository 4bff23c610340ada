package host

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestEnvironment holds what systemd 252 to 257 make of a file.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	const file = "# A=comment\n ; B=comment\n\nplain=1:AB-c_d  \n spaced = two  words \nempty=\nnothing\n" +
		"single='a \"b\" \\n $x'\ndouble=\"a 'b' \\n \\\" \\\\ \\$x \\` #\"\n" +
		"lines=\"one\ntwo\\\nthree\"\ncontinued=one\\\n two\nescaped=\\'a\\ b\\ \nhash=a#b;c\n" +
		"parts='a' \"b\" c\nlate=x\"y\" 'z'\ntwice=1\r\ntwice=2\r\nequals=a=b\nquoted space=' x '  \n=none\nopen='to the\nend=1\n"
	want := map[string]string{
		"plain": "1:AB-c_d", "spaced": "two  words", "empty": "", "single": `a "b" \n $x`, "double": "a 'b' \\n \" \\ $x ` #",
		"lines": "one\ntwothree", "continued": "one two", "escaped": "'a b ", "hash": "a#b;c",
		"parts": "abc", "late": `x"y" 'z'`, "twice": "2", "equals": "a=b", "quoted space": " x ", "": "none", "open": "to the\nend=1\n",
	}
	if diff := cmp.Diff(want, Environment(file)); diff != "" {
		t.Error(diff)
	}
	for _, tail := range []string{"a=", "a=\\", "a='", "a=\"\\", "a", "#", "a=\"x\" "} {
		if v, ok := Environment(tail)["a"]; ok != (len(tail) > 1) || len(v) > 1 {
			t.Errorf("%q: %q, %t", tail, v, ok)
		}
	}
}

func TestEnvironmentMistakes(t *testing.T) {
	t.Parallel()
	const file = `# a comment = 1
export TOKEN=secret
 export	 A = secret
PLAIN=secret
WITH=secret # the old one
QUOTED="secret # no comment"
AFTER="secret" # a comment
PATH=$HOME/secret:$PATH
BRACES=${secret}
LITERAL=se$cret
nothing
two words=secret
LONG="secret
# still secret"
LAST = "secret\\" # x"`
	want := []string{
		"2: export is for a shell, and systemd ignores the line: write TOKEN=…",
		"3: the text before = cannot be the name of a variable, and systemd ignores the line",
		"5: WITH: # begins a comment only at the beginning of a line; here it is part of the value",
		"7: AFTER: # begins a comment only at the beginning of a line; here it is part of the value",
		"8: PATH: variables are not expanded in this file; write the whole value",
		"9: BRACES: variables are not expanded in this file; write the whole value",
		"11: sets no variable and is ignored: write NAME=value",
		"12: the text before = cannot be the name of a variable, and systemd ignores the line",
		"15: LAST: # begins a comment only at the beginning of a line; here it is part of the value",
	}
	for _, text := range []string{file, strings.ReplaceAll(file, "\n", "\r\n")} {
		var got []string
		for _, m := range EnvironmentMistakes(text) {
			got = append(got, m.String())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if strings.Contains(strings.Join(got, ""), "secret") {
			t.Error("shows a value")
		}
	}
}
