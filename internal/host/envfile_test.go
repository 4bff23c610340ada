package host

import (
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
