package montimer_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// archaic are words and phrases that docs/voice.md keeps out of the project: each
// has a plain word.
var archaic = []string{
	"hush(ed|es)?", "unhush", "foundry", "mou?lds?", "whence", "as whom", "(told|tells?|telling) of", "mend(s|ed|ing)?", "anew",
	"what (has |had |have )?bec(o|a)mes? of", "whatever bec(o|a)mes?", "in vain", "(un)?heed(s|ed)?", "nobody watches",
	"comes? to nothing", "came to nothing", "lets? go of", "by no doing of", "for ever", "without a word", "rehearse[sd]?",
	"lest", "thereof", "naught", "astray", "takes? for granted", "has it that",
}

// unchanged are places where a word has to stay.
var unchanged = []string{
	"docs/voice.md", "voice_test.go",
	"internal/store/schema/", "internal/store/testdata/schema/", // migrations that hosts have applied
}

// TestVoice holds that no tracked text uses a word of archaic, also over the end
// of a line.
func TestVoice(t *testing.T) {
	out, err := exec.Command("git", "ls-files", "-z").Output()
	if err != nil {
		t.Skipf("not a checkout: %v", err)
	}
	words := regexp.MustCompile(`(?i)\b(` + strings.ReplaceAll(strings.Join(archaic, "|"), " ", `(?:\s+(?:(?://|#|--)\s*)?)`) + `)\b`)
	for path := range strings.SplitSeq(strings.TrimSuffix(string(out), "\x00"), "\x00") {
		kinds := []string{".go", ".md", ".tmpl", ".sh", ".inc", ".list", ".py", ".sql", ".yaml", ".txtar", ".1", ".5", ".7"}
		if !slices.Contains(kinds, filepath.Ext(path)) || slices.ContainsFunc(unchanged, func(p string) bool { return strings.HasPrefix(path, p) }) {
			continue
		}
		text, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range words.FindAllIndex(text, -1) {
			t.Errorf("%s:%d: %q (docs/voice.md)", path, 1+strings.Count(string(text[:at[0]]), "\n"), text[at[0]:at[1]])
		}
	}
}
