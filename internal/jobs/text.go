package jobs

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxText is the longest text that the kernel takes as one argument or
// environment variable, its final NUL left out: MAX_ARG_STRLEN of execve(2).
const maxText = 128<<10 - 1

// quote returns s for use in a message: quoted, printable and short.
func quote(s string) string { return strconv.Quote(abbreviate(s)) }

// abbreviate cuts s to what a message has room for.
func abbreviate(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	cut := most
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}

// list joins quoted words for a sentence: "a", "b" or "c".
func list(words []string) string {
	var b strings.Builder
	for i, w := range words {
		switch {
		case i > 0 && i == len(words)-1:
			b.WriteString(" or ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(w)
	}
	return b.String()
}
