package api

import (
	"math/big"
	"slices"
	"strings"
	"unicode"
)

// mostDigits is how many digits Python's int() takes
// (https://docs.python.org/3/library/stdtypes.html#int-max-str-digits).
const mostDigits = 4300

// parseInt reads an integer as Python's int() does: blanks around it, one sign,
// single underscores between digits, and the decimal digits of all scripts.
func parseInt(s string) (n *big.Int, ok bool) {
	s = strings.TrimFunc(s, unicode.IsSpace)
	digits, negative := s, false
	if s != "" && (s[0] == '+' || s[0] == '-') {
		digits, negative = s[1:], s[0] == '-'
	}
	plain := make([]byte, 0, len(digits))
	last := '_'
	for _, r := range digits {
		d := digitOf(r)
		switch {
		case d >= 0:
			plain = append(plain, '0'+byte(d))
		case r != '_' || last == '_':
			return nil, false
		}
		last = r
	}
	if last == '_' || len(plain) > mostDigits {
		return nil, false
	}
	n, ok = new(big.Int).SetString(string(plain), 10)
	if ok && negative {
		n.Neg(n)
	}
	return n, ok
}

// digitOf returns the value of a decimal digit (category Nd); -1: r is none.
// Unicode keeps each set of ten together, from 0 to 9.
func digitOf(r rune) int {
	if '0' <= r && r <= '9' {
		return int(r - '0')
	}
	if r < 0x80 || !unicode.Is(unicode.Nd, r) {
		return -1
	}
	for _, set := range unicode.Nd.R16 {
		if rune(set.Lo) <= r && r <= rune(set.Hi) {
			return int(r-rune(set.Lo)) % 10
		}
	}
	i, _ := slices.BinarySearchFunc(unicode.Nd.R32, r, func(set unicode.Range32, r rune) int { return int(set.Hi) - int(r) })
	return int(r-rune(unicode.Nd.R32[i].Lo)) % 10
}
