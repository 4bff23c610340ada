package console

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWrap(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff("a b c\n  d\n  efg\n  h\n", wrap("a b c d efgh\n", 5, 2)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff("name  one two three four\n      five\n", wrap("name  one two three four five\n", 26, 6)); diff != "" {
		t.Error(diff)
	}
}

// TestTable: a table that fits stays one; one that does not becomes blocks.
func TestTable(t *testing.T) {
	t.Parallel()
	header, rows := []string{"ID", "NAME", "TEXT"}, [][]string{{"1", "n", "a few words that say something"}, {"22", "m", ""}}
	for columns, want := range map[int]string{
		0:  "ID  NAME  TEXT\n1   n     a few words that say something\n22  m     \n",
		32: "ID  NAME  TEXT\n1   n     a few words that say\n          something\n22  m     \n",
		20: "ID    1\nNAME  n\nTEXT  a few words\n      that say\n      something\n\nID    22\nNAME  m\nTEXT  \n",
	} {
		var b strings.Builder
		if err := Table(&b, columns, header, rows); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, b.String()); diff != "" {
			t.Errorf("%d columns: %s", columns, diff)
		}
	}
}
