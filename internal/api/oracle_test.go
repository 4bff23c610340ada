package api

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"

	"github.com/montimer/montimer/internal/testenv"
)

// TestNumbersAsPython: parseInt reads what Python's int() does.
func TestNumbersAsPython(t *testing.T) {
	t.Parallel()
	texts := []string{"", " ", "5", "+5", "-5", "--5", "+ 5", "1_0", "1__0", "_1", "1_", "0x1", "1e3", "1.0", "٣", "१२", "𝟗", "0005", " 7\t\n", "\u00a07\u2003", "\x1c7\x1f", "7\x00", "½", "²", "一", "9223372036854775808", strings.Repeat("9", 4300), strings.Repeat("9", 4301), strings.Repeat("0", 5000)}
	random := rand.New(rand.NewPCG(7, 8))
	alphabet := []rune("0123456789+-_ .٣१𝟗\u2003\x1e\u0085x")
	for range 2000 {
		var text strings.Builder
		for range random.IntN(6) {
			text.WriteRune(alphabet[random.IntN(len(alphabet))])
		}
		texts = append(texts, text.String())
	}
	got := map[string]string{}
	for _, text := range texts {
		if n, ok := parseInt(text); ok {
			got[text] = n.String()
		}
	}
	want := map[string]string{}
	pythonSays(t, texts, &want, `
answers = {}
for text in texts:
    try:
        answers[text] = str(int(text))
    except ValueError:
        pass`)
	for _, text := range texts {
		if got[text] != want[text] {
			t.Errorf("%.40q: %.40q, want %.40q", text, got[text], want[text])
		}
	}
}

// TestQueriesAsPython: parameters are what Python's parse_qs says.
func TestQueriesAsPython(t *testing.T) {
	t.Parallel()
	texts := []string{"", "a", "a=", "=b", "a=1&a=2", "a=1;b=2", "a=%41%4g%4", "a=+%2B%20", "&&a=1&", "a==1", "a=%ff%c3%28", "a=%e2%82", "a=%f0%9f%98&b=%ed%a0%80", "a=%C3%A9é", "%61=1", "a=%00", "a=#"}
	random := rand.New(rand.NewPCG(9, 10))
	parts := []string{"a", "b", "=", "&", ";", "+", "%", "%4", "%41", "%26", "%3D", "%25", "%C3", "%A9", "%FF", "%E2%82%AC", "%F0%9F", "%ED%A0", "1"}
	for range 2000 {
		var text strings.Builder
		for range random.IntN(12) {
			text.WriteString(parts[random.IntN(len(parts))])
		}
		texts = append(texts, text.String())
	}
	want := map[string]map[string]string{}
	pythonSays(t, texts, &want, `
from urllib.parse import parse_qs
answers = {text: {name: values[-1] for name, values in parse_qs(text, keep_blank_values=True).items()} for text in texts}`)
	for _, text := range texts {
		var names []string
		for name := range want[text] {
			names = append(names, name)
		}
		if got := parseQuery(text, names); fmt.Sprint(got) != fmt.Sprint(query(want[text])) {
			t.Errorf("%q: %q, want %q", text, got, want[text])
		}
	}
}

// pythonSays has Python make answers of texts.
func pythonSays(t *testing.T, texts []string, answers any, program string) {
	t.Helper()
	in, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(testenv.Python(t, "json"), "-c", "import json, sys\ntexts = json.load(sys.stdin)\n"+program+"\nprint(json.dumps(answers))")
	cmd.Stdin = strings.NewReader(string(in))
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, answers)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestTimestampsAsPython: parseTimestamp reads what Python 3.11 and 3.12 do; others
// are stricter.
func TestTimestampsAsPython(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(11, 12))
	days := []string{"2026-06-11", "20260611", "2026-W24", "2026W24", "2026-W24-4", "2026W244", "0001-01-01", "9999-12-31"}
	parts := append([]string{"T", " ", "-", "+", ":", ".", ",", "Z", "00", "12", "23", "59", "60", "5", "123", "1234567", "é", "W", "x",
		"+00:00", "-05:30", "+05:30:15.5", "+23:59:59.999999"}, days...)
	var texts []string
	for range 10_000 {
		var text strings.Builder
		text.WriteString(days[random.IntN(len(days))])
		for range random.IntN(9) {
			text.WriteString(parts[random.IntN(len(parts))])
		}
		texts = append(texts, text.String())
	}
	want := map[string]string{}
	pythonSays(t, texts, &want, `
from datetime import datetime, timezone
def read(text):
    try:
        at = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
        if at.tzinfo is None:
            return "no offset"
        return at.astimezone(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")
    except (ValueError, OverflowError):
        return ""
answers = {text: read(text) for text in texts} if sys.version_info[:2] in ((3, 11), (3, 12)) else {}`)
	if len(want) == 0 {
		t.Skip("another Python")
	}
	good := 0
	for _, text := range texts {
		got, err := parseTimestamp(text)
		switch err {
		case nil:
			good++
		case errNoZone:
			got = "no offset"
		}
		if got != want[text] {
			t.Errorf("%q: %q, want %q", text, got, want[text])
		}
	}
	if good < 50 {
		t.Errorf("only %d were timestamps", good)
	}
}

// FuzzTimestamp: what is a timestamp is returned in the one form, which is one.
func FuzzTimestamp(f *testing.F) {
	f.Add("2026-06-11T00:00:00Z")
	f.Add("2026W244\xff12.5-23:59:59.9")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseTimestamp(text)
		if err != nil {
			return
		}
		if again, err := parseTimestamp(got); again != got || err != nil || len(got) != len(stored) {
			t.Errorf("%q: %q, then %q, %v", text, got, again, err)
		}
	})
}
