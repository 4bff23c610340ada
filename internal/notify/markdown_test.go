package notify

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/telegram"
	"github.com/montimer/montimer/internal/testenv"
)

// parseMarkdown reads legacy Markdown as Telegram does: parse_markdown in
// td/telegram/MessageEntity.cpp of tdlib. It returns the text that is shown and
// what of it is bold.
func parseMarkdown(text string) (shown, bold string, err error) {
	at := func(i int) byte {
		if i < len(text) {
			return text[i]
		}
		return 0
	}
	isSpecial := func(c byte) bool { return strings.IndexByte("_*`[", c) >= 0 && c != 0 }
	var out, strong strings.Builder
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '\\' && isSpecial(at(i+1)) {
			i++
			out.WriteByte(text[i])
			continue
		}
		if !isSpecial(c) {
			out.WriteByte(c)
			continue
		}
		begin, end, pre := i, c, false
		if c == '[' {
			end = ']'
		}
		i++
		if c == '`' && at(i) == '`' && at(i+1) == '`' {
			i, pre = i+2, true
			language := i
			for language < len(text) && !strings.ContainsRune(" \t\r\n\v\f", rune(at(language))) && at(language) != '`' {
				language++
			}
			if language != i && language < len(text) && at(language) != '`' {
				i = language
			}
			switch {
			case at(i) == '\r' && at(i+1) == '\n':
				i += 2
			case at(i) == '\n', at(i) == '\r':
				i++
			}
		}
		for i < len(text) && (text[i] != end || pre && !(at(i+1) == '`' && at(i+2) == '`')) {
			out.WriteByte(text[i])
			if c == '*' {
				strong.WriteByte(text[i])
			}
			i++
		}
		if i >= len(text) {
			return "", "", fmt.Errorf("can't find end of the entity starting at byte offset %d", begin)
		}
		if c == '[' && at(i+1) == '(' {
			for i < len(text) && text[i] != ')' {
				i++
			}
		}
		if pre {
			i += 2
		}
	}
	return out.String(), strong.String(), nil
}

// anyText is text that is hard to quote.
func anyText(random *rand.Rand) string {
	const hard = "__**``[[\\\\]()~>#+-=|{}.!<&\"' \n\tabé✗👩‍🚀"
	runes := []rune(hard)
	var b strings.Builder
	for range random.IntN(12) {
		b.WriteRune(runes[random.IntN(len(runes))])
	}
	return b.String()
}

// TestMarkdown holds that Telegram shows what was meant for any text
// made of: escaped, as a heading, and in all lines of a page that are not those
// of the old digest. It tries 1,000 texts, and 20,000 with MONTIMER_SOAK.
func TestMarkdown(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	texts := 1000
	if testenv.Soak() {
		texts = 20_000
	}
	for range texts {
		text := anyText(random)
		if shown, bold, err := parseMarkdown(telegram.Escape(text)); shown != text || bold != "" || err != nil {
			t.Fatalf("%q escaped: %q, bold %q, %v", text, shown, bold, err)
		}
		plain := strings.NewReplacer("_", "", "*", "", "`", "", "[", "").Replace(text)
		shown, bold, err := parseMarkdown(telegram.Bold(text) + "\n*after*")
		if shown != text+"\nafter" || err != nil || strings.Join(strings.Fields(bold), "") != strings.Join(strings.Fields(plain), "")+"after" {
			t.Fatalf("%q in bold: %q, bold %q, %v", text, shown, bold, err)
		}

		a := Formatter{Host: text, Subjects: func(string, string) []string { return []string{text} }}
		lost := failing(text, 1, text)
		lost.State, lost.Reason = montimer.RunLost, text
		good := failing(text, 0)
		good.Commit, lost.Commit = "a", "b"
		well := failing(text, 3)
		well.Reason = text
		pages := map[string]string{
			"page":     a.Page(text, "", text).Text,
			"report":   a.Report(text, []string{text, text}).Text,
			"lost":     a.Run(lost, montimer.Incident{LastGood: good, First: lost, Count: 1}).Text,
			"recovery": a.recovery(well, montimer.Incident{Count: 2, First: lost}),
		}
		for name, page := range pages {
			shown, _, err := parseMarkdown(page)
			if err != nil || strings.Count(shown, text) < 2 {
				t.Fatalf("%s of %q: %v\n%s", name, text, err, shown)
			}
		}
	}
}

// TestMarkdownOfTheDigest holds that Telegram can read a digest whose names have
// nothing special, and shows what is montimer's own as it was meant.
func TestMarkdownOfTheDigest(t *testing.T) {
	t.Parallel()
	run := failing("hourly", 1, "aave")
	run.Reason = "a_b [c] \\d *e*"
	shown, bold, err := parseMarkdown(formatter.Run(run, montimer.Incident{}).Text)
	if err != nil || !strings.Contains(shown, run.Reason) || !strings.Contains(shown, "host: "+formatter.Host) || bold != "automation: hourlyaave" {
		t.Errorf("%v, bold %q\n%s", err, bold, shown)
	}
}
