package notify

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
)

func TestCut(t *testing.T) {
	t.Parallel()
	block := func(n int) string {
		return fmt.Sprintf("❌ *t%d* (exit 1)\n```\n%s\n%s\n```\n", n, strings.Repeat("a", 30), strings.Repeat("b", 30))
	}
	tests := []struct {
		name, text string
		max        int
		want       []string
	}{
		{"short", "*a*\nb", 100, []string{"*a*\nb"}},
		{"at a task", "*a*\nduration\n" + block(1) + block(2) + "\nhost: x", 150, []string{
			"*a*\nduration\n" + strings.TrimSpace(block(1)),
			"*a* (continued)\n" + block(2) + "\nhost: x",
		}},
		{"in a code block", "*a*\nduration\n" + block(1) + block(2), 80, []string{
			"*a*\nduration",
			"*a* (continued)\n❌ *t1* (exit 1)\n```\n" + strings.Repeat("a", 30) + "\n```",
			"*a* (continued)\n```\n" + strings.Repeat("b", 30) + "\n```",
			"*a* (continued)\n❌ *t2* (exit 1)\n```\n" + strings.Repeat("a", 30) + "\n```",
			"*a* (continued)\n```\n" + strings.Repeat("b", 30) + "\n```\n",
		}},
		{"two units a character", "*a*\n" + strings.Repeat("😀", 20), 43, []string{
			"*a*\n" + strings.Repeat("😀", 17),
			"*a* (continued)\n😀😀😀",
		}},
		{"no header", strings.Repeat("x", 25), 14, []string{strings.Repeat("x", 10), strings.Repeat("x", 10), "xxxxx"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var got []string
			for rest := tt.text; rest != ""; {
				var part string
				part, rest = cut(rest, tt.max)
				got = append(got, part)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzCut(f *testing.F) {
	for _, page := range pages() {
		f.Add(page, 300)
		f.Add(page, 60)
	}
	f.Add("*a*\n```\n"+strings.Repeat("x", 200)+"\n```\n", 50)
	f.Add("```\n"+strings.Repeat("❌ *a\n", 90), 50)
	f.Fuzz(func(t *testing.T, text string, max int) {
		max = 40 + max&4095
		plain := func(s string) string { // what neither cuts nor headers touch
			return strings.NewReplacer("\n", "", "`", "").Replace(strings.ToValidUTF8(s, ""))
		}
		head, _, _ := strings.Cut(text, "\n")
		head = strings.TrimSuffix(head, continued) + continued
		headed := strings.HasPrefix(text, "*") && units(head) <= max/2
		if headed && strings.Contains(head, fence) || !headed && strings.Contains(text, "*") {
			t.Skip("a header that is none of ours")
		}
		var all strings.Builder
		parts := 0
		for rest := text; rest != ""; parts++ {
			var part string
			if part, rest = cut(rest, max); len(utf16.Encode([]rune(part))) > max {
				t.Fatalf("%d units in %q", len(utf16.Encode([]rune(part))), part)
			}
			if parts > len(text) {
				t.Fatal("no end")
			}
			if headed && parts > 0 {
				var ok bool
				if part, ok = strings.CutPrefix(part, head); !ok {
					t.Fatalf("no header: %q", part)
				}
			}
			all.WriteString(part)
		}
		if plain(all.String()) != plain(text) {
			t.Fatalf("lost or doubled:\n%q\n%q", plain(text), plain(all.String()))
		}
	})
}
