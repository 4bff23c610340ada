package diff

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/montimer/montimer/internal/testenv"
)

// TestUnifiedIsAPatch has git apply the changes of random texts.
func TestUnifiedIsAPatch(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "git")
	random := rand.New(rand.NewPCG(1, 2))
	text := func() string {
		var b strings.Builder
		for range random.IntN(40) {
			fmt.Fprintln(&b, random.IntN(6))
		}
		return strings.TrimSuffix(b.String(), strings.Repeat("\n", random.IntN(2)))
	}
	edited := func(s string) string { // few changes, so that there are several hunks
		all := strings.SplitAfter(s, "\n")
		for i := range all {
			switch random.IntN(12) {
			case 0:
				all[i] = "new\n"
			case 1:
				all[i] = ""
			case 2:
				all[i] = "more\n" + all[i]
			}
		}
		return strings.Join(all, "")
	}
	dir := t.TempDir()
	want := map[string]string{}
	var patch strings.Builder
	for i := range 200 {
		before := "always\n" + text() // git makes no file of nothing
		after := edited(before)
		if i%4 == 0 {
			after = text() + "x"
		}
		name := fmt.Sprintf("f%d", i)
		if err := os.WriteFile(filepath.Join(dir, name), []byte(before), 0o644); err != nil {
			t.Fatal(err)
		}
		want[name] = after
		if after == "" {
			want[name] = before
			continue
		}
		diff := unifiedDiff("a/"+name, "b/"+name, before, after)
		if (diff == "") != (before == after) {
			t.Errorf("%q to %q: %q", before, after, diff)
		}
		patch.WriteString(diff)
	}
	apply := exec.Command("git", "apply", "--whitespace=nowarn", "-")
	apply.Dir, apply.Stdin = dir, strings.NewReader(patch.String())
	if out, err := apply.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for name, text := range want {
		if got, err := os.ReadFile(filepath.Join(dir, name)); err != nil || string(got) != text {
			t.Errorf("%s: %q, %v, want %q", name, got, err, text)
		}
	}
}

func TestUnified(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ before, after, want string }{
		{"a\n", "a\n", ""},
		{"", "a\nb\n", "--- x\n+++ y\n@@ -0,0 +1,2 @@\n+a\n+b\n"},
		{"a\n", "", "--- x\n+++ y\n@@ -1 +0,0 @@\n-a\n"},
		{"a\nb", "a\nb\n", "--- x\n+++ y\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n"},
		{"1\n2\n3\n4\n5\n6\n7\n8\n", "0\n2\n3\n4\n5\n6\n7\n8\n", "--- x\n+++ y\n@@ -1,4 +1,4 @@\n-1\n+0\n 2\n 3\n 4\n"},
	} {
		if got := unifiedDiff("x", "y", tc.before, tc.after); got != tc.want {
			t.Errorf("%q to %q: %q, want %q", tc.before, tc.after, got, tc.want)
		}
	}
}
