package store

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
)

func TestCommits(t *testing.T) {
	t.Parallel()
	s, ctx := open(t, t.TempDir(), Options{}), t.Context()
	if last, err := s.LastCommit(ctx); last.ID != "" || err != nil {
		t.Errorf("%q, %v", last, err)
	}
	add := func(ids ...string) {
		t.Helper()
		var commits []montimer.Commit
		for _, id := range ids {
			commits = append(commits, montimer.Commit{ID: id, Subject: "subject of " + id})
		}
		if err := s.AddCommits(ctx, commits); err != nil {
			t.Fatal(err)
		}
	}
	add("a")
	add("b", "c")
	add("a") // reset to what it was
	add("d")
	if last, err := s.LastCommit(ctx); last.ID != "d" || err != nil {
		t.Errorf("%q, %v", last, err)
	}
	for _, tc := range []struct {
		from, to string
		want     []string
	}{
		{"a", "c", []string{"subject of c", "subject of b"}},
		{"b", "c", []string{"subject of c"}},
		{"c", "a", []string{"subject of a"}},
		{"a", "d", []string{"subject of d"}},
		{"c", "d", []string{"subject of d", "subject of a"}},
		{"d", "a", nil},
		{"c", "c", nil},
		{"x", "c", nil},
		{"", "c", nil},
		{"a", "x", nil},
	} {
		got, err := s.Subjects(ctx, tc.from, tc.to, 10)
		if diff := cmp.Diff(tc.want, got); diff != "" || err != nil {
			t.Errorf("%s..%s: %v %s", tc.from, tc.to, err, diff)
		}
	}
	var many []string
	for i := range keptCommits + 5 {
		many = append(many, fmt.Sprint(i))
	}
	add(many...)
	if got, err := s.Subjects(ctx, "100", "200", 3); len(got) != 3 || got[0] != "subject of 200" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := s.Subjects(ctx, "a", "d", 10); got != nil || err != nil {
		t.Errorf("not pruned: %q, %v", got, err)
	}
}
