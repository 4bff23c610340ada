package api

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// query is the parameters of a request that its route knows: of a repeated name the
// last value. They
// are read as Python's urllib.parse.parse_qs does with blank values kept: & alone
// separates them, + is a blank, a % that begins no escape stays, and bytes that
// are no UTF-8 become U+FFFD.
type query map[string]string

func parseQuery(raw string, known []string) query {
	q := query{}
	for raw != "" {
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		if name = unescape(name); slices.Contains(known, name) {
			q[name] = unescape(value)
		}
	}
	return q
}

func unescape(s string) string {
	if !strings.ContainsAny(s, "+%") {
		return valid(s)
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '+':
			b = append(b, ' ')
		case c == '%' && i+2 < len(s) && hex(s[i+1]) >= 0 && hex(s[i+2]) >= 0:
			b = append(b, byte(hex(s[i+1])<<4|hex(s[i+2])))
			i += 2
		default:
			b = append(b, c)
		}
	}
	return valid(string(b))
}

func hex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// valid replaces what is no UTF-8 by U+FFFD: one for each longest beginning of a
// character, as Python and the Encoding Standard of WHATWG do.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && n == 1 {
			n = truncated(s[i:])
		}
		b.WriteRune(r)
		i += n
	}
	return b.String()
}

// truncated returns how many bytes at the beginning of s, which begins with no
// character, are the beginning of one; at least 1 (table 3-7 of the Unicode
// Standard).
func truncated(s string) int {
	c := s[0]
	low, high, n := byte(0x80), byte(0xBF), 0
	switch {
	case 0xE0 <= c && c <= 0xEF:
		n = 2
	case 0xF0 <= c && c <= 0xF4:
		n = 3
	}
	switch c {
	case 0xE0:
		low = 0xA0
	case 0xED:
		high = 0x9F
	case 0xF0:
		low = 0x90
	case 0xF4:
		high = 0x8F
	}
	i := 1
	for ; i <= n && i < len(s) && low <= s[i] && s[i] <= high; i++ {
		low, high = 0x80, 0xBF
	}
	return i
}

// A badRequest is why a request is refused: the message of the answer.
type badRequest string

func (b badRequest) Error() string { return string(b) }
