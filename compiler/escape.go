package compiler

import (
	"fmt"
	"strings"
	"unicode"
)

// text is a value that is safe to stand in a unit file. Only the functions of
// this file make one, so a raw string in a view does not compile.
type text string

// line escapes the value of a directive that systemd takes whole, such as
// WorkingDirectory=: specifiers are doubled (systemd.unit(5), "Specifiers").
// What such a value cannot express is an error: control characters, blanks at
// either end, and a backslash at the end, which would join the next line.
func line(s string) (text, error) {
	switch {
	case s == "":
		return "", fmt.Errorf("is empty")
	case strings.ContainsFunc(s, unprintable):
		return "", fmt.Errorf("%q holds a control character, which no unit file can express", s)
	case strings.TrimSpace(s) != s:
		return "", fmt.Errorf("%q begins or ends with a blank, which systemd would drop", s)
	case strings.HasSuffix(s, `\`):
		return "", fmt.Errorf("%q ends with a backslash, which would join the next line of the unit", s)
	}
	return text(strings.ReplaceAll(s, "%", "%%")), nil
}

// word escapes one item of a directive that systemd splits at blanks, such as
// Environment=: it is quoted where it has to be (systemd.syntax(7), "Quoting").
func word(s string) (text, error) {
	if strings.ContainsFunc(s, unprintable) {
		return "", fmt.Errorf("%q holds a control character, which no unit file can express", s)
	}
	s = strings.ReplaceAll(s, "%", "%%")
	if s != "" && !strings.ContainsFunc(s, needsQuotes) {
		return text(s), nil
	}
	return text(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`), nil
}

// prose makes any text fit for Description=, which is only ever read by people:
// blanks and control characters become single blanks, and a backslash at the
// end, which would join the next line, is cut off. So is a full stop: systemd
// puts three of its own behind it.
func prose(s string) text {
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unprintable(r) }), " ")
	if runes := []rune(s); len(runes) > maxProse {
		s = string(runes[:maxProse-1]) + "…"
	}
	s = strings.TrimRight(s, `\ .`)
	return text(strings.ReplaceAll(s, "%", "%%"))
}

// directive passes the name of a directive.
func directive(s string) (text, error) {
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return !letter(r) }) {
		return "", fmt.Errorf("%q is no name of a directive", s)
	}
	return text(s), nil
}

// quantity passes a number with its unit, such as 50%: directives that take
// one know no specifiers.
func quantity(s string) (text, error) {
	if s == "" || strings.ContainsFunc(s, func(r rune) bool { return !letter(r) && !strings.ContainsRune("0123456789.%-", r) }) {
		return "", fmt.Errorf("%q is no quantity", s)
	}
	return text(s), nil
}

func letter(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }

// maxProse keeps a description to one line of systemctl's output.
const maxProse = 120

// unprintable reports whether r would be invisible, change the direction of
// the text around it, or is no character at all.
func unprintable(r rune) bool {
	return r == unicode.ReplacementChar || unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}

func needsQuotes(r rune) bool {
	return unicode.IsSpace(r) || strings.ContainsRune("\"'\\;$`#", r)
}
