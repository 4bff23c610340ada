package jobs

import (
	"cmp"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// The runner that jobs.yaml was first written for read it with PyYAML (YAML
// 1.1) and turned every value into text with Python's str(). What a value
// means is therefore decided here, from its spelling, and not by yaml.v3,
// which follows YAML 1.2 where the two differ.

// A scalarKind is the YAML 1.1 type of a scalar.
type scalarKind int

const (
	kindText scalarKind = iota
	kindNull
	kindBool
	kindInt
	kindFloat
	kindDate
	kindTrap // legal YAML 1.1 that hardly anybody means as it is read
)

// A scalar is a scalar as the old runner saw it.
type scalar struct {
	kind scalarKind
	text string // what str() makes of it
	trap string // of a kindTrap: how it is read, for people
}

// resolve reads a scalar node. Only an unquoted scalar without a tag can be
// anything but text.
func resolve(n *yaml.Node) scalar {
	const quoted = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle
	if n.Style&(quoted|yaml.TaggedStyle) != 0 {
		return scalar{text: n.Value}
	}
	return resolvePlain(n.Value)
}

func resolvePlain(s string) scalar {
	switch s {
	case "", "~", "null", "Null", "NULL":
		return scalar{kind: kindNull, text: "None"}
	case "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON":
		return scalar{kind: kindBool, text: "True"}
	case "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF":
		return scalar{kind: kindBool, text: "False"}
	}
	const longest = 1000 // of a number; Python gives up at 4300 digits
	if len(s) > longest || !strings.ContainsRune("+-.0123456789", rune(s[0])) {
		return scalar{text: s}
	}
	for _, read := range []func(string) (scalar, bool){resolveInt, resolveFloat, resolveTime} {
		if v, ok := read(s); ok {
			return v
		}
	}
	return scalar{text: s}
}

// resolveInt reads the integers of YAML 1.1: decimal, 0b, 0x, octal with a
// bare leading zero, and base 60 (1:30).
func resolveInt(s string) (scalar, bool) {
	digits, sign := s, ""
	if c := s[0]; c == '+' || c == '-' {
		digits = s[1:]
		sign = strings.TrimPrefix(s[:1], "+")
	}
	bare := strings.ReplaceAll(digits, "_", "")
	switch {
	case strings.HasPrefix(digits, "_") || bare == "":
		return scalar{}, false
	case digits == "0":
		return scalar{kind: kindInt, text: "0"}, true
	case strings.HasPrefix(digits, "0b"):
		return bigInt(sign, bare[2:], 2)
	case strings.HasPrefix(digits, "0x"):
		return bigInt(sign, bare[2:], 16)
	case digits[0] == '0' && !strings.Contains(digits, ":"):
		v, ok := bigInt(sign, bare, 8)
		return scalar{kind: kindTrap, text: v.text, trap: "the octal number " + v.text}, ok
	case onlyDigits(bare):
		return scalar{kind: kindInt, text: sign + bare}, true
	}
	return sexagesimal(sign, digits)
}

func bigInt(sign, digits string, base int) (scalar, bool) {
	n, ok := new(big.Int).SetString(sign+digits, base)
	if !ok || digits[0] == '+' || digits[0] == '-' {
		return scalar{}, false
	}
	return scalar{kind: kindInt, text: n.String()}, true
}

// sexagesimal reads 1:30 and 1:30.5, which YAML 1.1 counts in base 60.
func sexagesimal(sign, digits string) (scalar, bool) {
	parts := strings.Split(digits, ":")
	last := len(parts) - 1
	if last == 0 {
		return scalar{}, false
	}
	whole, fraction, isFloat := strings.Cut(parts[last], ".")
	parts[last] = whole
	if digits[0] == '0' && !isFloat {
		return scalar{}, false
	}
	total := new(big.Int)
	for i, p := range parts {
		p = strings.ReplaceAll(p, "_", "")
		n, err := strconv.ParseUint(p, 10, 62)
		if err != nil || !onlyDigits(p) || i > 0 && (n > 59 || len(p) > 2) {
			return scalar{}, false
		}
		total.Mul(total, big.NewInt(60)).Add(total, new(big.Int).SetUint64(n))
	}
	text := sign + total.String()
	if isFloat {
		if fraction != "" && !onlyDigits(strings.ReplaceAll(fraction, "_", "")) {
			return scalar{}, false
		}
		text += "." + cmp.Or(fraction, "0")
	}
	return scalar{kind: kindTrap, text: text, trap: "the number " + text + " (base 60)"}, true
}

// resolveFloat reads the floats of YAML 1.1. They need a dot, and a sign in
// the exponent: 1e3 and 1.5e3 are text.
func resolveFloat(s string) (scalar, bool) {
	sign := 1.0
	body := strings.TrimPrefix(s, "+")
	if body == s && s[0] == '-' {
		body, sign = s[1:], -1
	}
	switch body {
	case ".inf", ".Inf", ".INF":
		return scalar{kind: kindFloat, text: PythonFloat(math.Inf(int(sign)))}, true
	case ".nan", ".NaN", ".NAN":
		return scalar{kind: kindFloat, text: "nan"}, body == s
	}
	mantissa, exponent, hasExponent := strings.Cut(strings.ToLower(body), "e")
	whole, fraction, hasDot := strings.Cut(mantissa, ".")
	whole, fraction = strings.ReplaceAll(whole, "_", ""), strings.ReplaceAll(fraction, "_", "")
	switch {
	case !hasDot || strings.HasPrefix(mantissa, "_") || whole == "" && (fraction == "" || body != s):
		return scalar{}, false
	case whole != "" && !onlyDigits(whole) || fraction != "" && !onlyDigits(fraction):
		return scalar{}, false
	case hasExponent && (len(exponent) < 2 || exponent[0] != '+' && exponent[0] != '-' || !onlyDigits(exponent[1:])):
		return scalar{}, false
	}
	// Out of range is ±Inf, as in Python.
	f, _ := strconv.ParseFloat(strings.ReplaceAll(body, "_", ""), 64)
	return scalar{kind: kindFloat, text: PythonFloat(sign * f)}, true
}

// PythonFloat formats f as Python's repr() does: the shortest digits that read
// back, with an exponent from 1e16 up and below 1e-4.
func PythonFloat(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	}
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// resolveTime knows the dates of YAML 1.1, which str() gives back as they
// were, and its timestamps, which it rewrites.
func resolveTime(s string) (scalar, bool) {
	const date = "dddd-dd-dd"
	if matches(s, date) {
		return scalar{kind: kindDate, text: s}, true
	}
	day, clock := s, ""
	if i := strings.IndexAny(s, "Tt \t"); i > 0 {
		day, clock = s[:i], strings.TrimLeft(s[i+1:], " \t")
	}
	hour, rest, _ := strings.Cut(clock, ":")
	if !matches(day, date, "dddd-d-dd", "dddd-dd-d", "dddd-d-d") || !matches(hour, "d", "dd") || len(rest) < 5 || !matches(rest[:5], "dd:dd") {
		return scalar{}, false
	}
	offset := rest[5:]
	if strings.HasPrefix(offset, ".") {
		offset = strings.TrimLeft(offset[1:], "0123456789")
	}
	offset = strings.TrimLeft(offset, " \t")
	if offset != "" && offset != "Z" && !matches(strings.Replace(offset, "-", "+", 1), "+d", "+dd", "+d:dd", "+dd:dd") {
		return scalar{}, false
	}
	return scalar{kind: kindTrap, text: s, trap: "a timestamp"}, true
}

// matches reports whether s has the shape of one of the patterns, in which d
// is any digit.
func matches(s string, patterns ...string) bool {
	return slices.Contains(patterns, strings.Map(func(r rune) rune {
		switch {
		case '0' <= r && r <= '9':
			return 'd'
		case r == 'd':
			return 'D'
		}
		return r
	}, s))
}

func onlyDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
