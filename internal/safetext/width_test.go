package safetext

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWidth(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int{
		"": 0, "abc": 3, "é": 1, "e\u0301": 1, "日本": 4, "ｶ": 1, "Ａ": 2, "한": 2, "\u1112\u1161\u11ab": 2, "🚀": 2, "a\u200bb": 2, "–…": 2,
	} {
		if got := Width(text); got != want {
			t.Errorf("%q takes %d columns, want %d", text, got, want)
		}
	}
	for _, tt := range []struct {
		text    string
		columns int
		want    string
	}{
		{"abcd", 4, "abcd"}, {"abcde", 4, "abc…"}, {"日本語", 6, "日本語"}, {"日本語", 5, "日本…"}, {"日本語", 4, "日…"}, {"e\u0301e\u0301", 2, "e\u0301e\u0301"}, {"ab", 0, "…"},
	} {
		if got := Clip(tt.text, tt.columns); got != tt.want {
			t.Errorf("Clip(%q, %d) is %q, want %q", tt.text, tt.columns, got, tt.want)
		}
	}
	if got := Pad("日本", 6); got != "日本  " {
		t.Errorf("%q", got)
	}
}

func TestWrap(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		line            string
		columns, indent int
		want            string
	}{
		{"a b c d efgh\n", 5, 2, "a b c\n  d\n  efg\n  h\n"},
		{"name  one two three four five\n", 26, 6, "name  one two three four\n      five\n"},
		{"日本語 日本語\n", 9, 2, "日本語\n  日本語\n"},
		{"日本語日本語\n", 7, 2, "日本語\n  日本\n  語\n"},
		{"日本\n", 1, 0, "日\n本\n"}, // wider than there is room
		{"e\u0301e\u0301e\u0301", 2, 0, "e\u0301e\u0301\ne\u0301"},
		{"abc", 2, 2, "abc"},
	} {
		if diff := cmp.Diff(tt.want, Wrap(tt.line, tt.columns, tt.indent)); diff != "" {
			t.Errorf("%q in %d columns: %s", tt.line, tt.columns, diff)
		}
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	words := append(strings.Fields("note: 3 alerts wait"), "montimer notify pending")
	for columns, want := range map[int]string{
		0:  "note: 3 alerts wait montimer notify pending\n",
		80: "note: 3 alerts wait montimer notify pending\n",
		30: "note: 3 alerts wait\n  montimer notify pending\n",
		10: "note: 3\n  alerts\n  wait\n  montimer notify pending\n",
	} {
		if diff := cmp.Diff(want, Fold(columns, 2, words...)); diff != "" {
			t.Errorf("%d columns: %s", columns, diff)
		}
	}
}
