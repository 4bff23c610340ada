package compiler

import (
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/montimer/montimer"
)

// text is a value that is safe to stand in a unit file. Only the functions of
// this file make one, so a raw string in a view does not compile.
type text string

// keyword is the name of a directive, which is safe, too.
type keyword string

// escaper gathers the errors of many values.
type escaper struct{ errs []error }

func (e *escaper) text(what string, escape func(string) (text, error), value string) text {
	t, err := escape(value)
	if err != nil {
		e.errs = append(e.errs, fmt.Errorf("%s: %w", what, err))
	}
	return t
}

func (e *escaper) err() error { return errors.Join(e.errs...) }

// line escapes the value of a directive that systemd takes whole, such as
// WorkingDirectory=: specifiers are doubled (systemd.unit(5), "Specifiers").
// What such a value cannot express is an error: control characters, blanks at
// either end, and a backslash at the end, which would join the next line.
func line(s string) (text, error) {
	switch {
	case s == "":
		return "", errors.New("is empty")
	case len(s) > maxPath:
		return "", fmt.Errorf("%.40q… is longer than %d bytes", s, maxPath)
	case strings.ContainsFunc(s, unprintable):
		return "", fmt.Errorf("%q holds a control character, which no unit file can express", s)
	case strings.TrimSpace(s) != s:
		return "", fmt.Errorf("%q begins or ends with a space, which systemd would drop", s)
	case strings.HasSuffix(s, `\`):
		return "", fmt.Errorf("%q ends with a backslash, which would join the next line of the unit", s)
	}
	return text(strings.ReplaceAll(s, "%", "%%")), nil
}

// singlePercents undoes the doubling of specifiers for systemd-run, which takes
// values as they are meant and knows no specifiers.
func singlePercents(value string) string { return strings.ReplaceAll(value, "%%", "%") }

// maxPath is the longest path of Linux, in bytes: PATH_MAX of limits.h without
// its NUL.
const maxPath = 4095

// word escapes one item of a directive that systemd splits at blanks, such as
// Environment=: it is quoted where it has to be (systemd.syntax(7), "Quoting").
func word(s string) (text, error) {
	if strings.ContainsFunc(s, unprintable) {
		return "", fmt.Errorf("%.200q holds a control character, which no unit file can express", s)
	}
	s = strings.ReplaceAll(s, "%", "%%")
	if s != "" && !strings.ContainsFunc(s, needsQuotes) {
		return text(s), nil
	}
	return text(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`), nil
}

// stateName escapes an item of StateDirectory=, which systemd unquotes twice.
func stateName(s string) (text, error) {
	if strings.ContainsAny(s, "\"'\\") {
		return "", fmt.Errorf("%.40q holds a quote or a backslash, which StateDirectory= cannot express", s)
	}
	return word(s)
}

// path takes an absolute path in its shortest form; systemd ignores others
// (its path_is_normalized), and those with a component that is too long.
func path(s string) (text, error) {
	switch {
	case !strings.HasPrefix(s, "/"):
		return "", fmt.Errorf("%.40q is not an absolute path", s)
	case filepath.Clean(s) != s:
		return "", fmt.Errorf("%.40q is not the shortest way to write this path", s)
	case slices.ContainsFunc(strings.Split(s, "/"), func(part string) bool { return len(part) > 255 }):
		return "", fmt.Errorf("%.40q… has a part that is longer than 255 bytes", s)
	}
	return line(s)
}

// directory takes a path that also stands in lists with colons: in PATH, and in
// StateDirectory=, where a colon would make a link.
func directory(s string) (text, error) {
	if strings.Contains(s, ":") {
		return "", fmt.Errorf("%.40q holds a colon, which separates the directories of PATH", s)
	}
	return path(s)
}

// optional escapes a path for a list such as ReadWritePaths=, which may be
// missing. systemd does not undo a backslash there.
func optional(s string) (text, error) {
	if strings.ContainsAny(s, "\"'\\") {
		return "", fmt.Errorf("%.40q holds a quote or a backslash, which lists of paths cannot express", s)
	}
	if _, err := path(s); err != nil {
		return "", err
	}
	return word("-" + s)
}

// listenAt takes an address of TCP and a port, without the name of an interface.
func listenAt(s string) (text, error) {
	a, err := netip.ParseAddrPort(s)
	if err != nil || a.Port() == 0 || a.Addr().Zone() != "" {
		return "", fmt.Errorf("%.40q is not an IP address and a port", s)
	}
	return text(s), nil
}

// octal takes a umask of three octal digits, with or without a 0 before them.
func octal(s string) (text, error) {
	if digits := strings.TrimLeft(s, "01234567"); digits != "" || len(s) < 3 || len(s) > 4 || len(s) == 4 && s[0] != '0' {
		return "", fmt.Errorf("%.40q is not a umask such as 0022", s)
	}
	return text(s), nil
}

// envFile takes a path that systemd reads as a pattern (systemd.exec(5),
// EnvironmentFile=).
func envFile(s string) (text, error) {
	if strings.ContainsAny(s, `*?[\`) {
		return "", fmt.Errorf("%.40q is a pattern, not one file", s)
	}
	return path(s)
}

// program escapes the path of the binary, where systemd expands variables and
// takes no quotes and backslashes for part of a name (its string_is_safe).
func program(s string) (text, error) {
	if strings.ContainsAny(s, "$\"'\\") {
		return "", fmt.Errorf("%.40q holds a $, a quote or a backslash, which systemd does not take in the name of a program", s)
	}
	if _, err := path(s); err != nil {
		return "", err
	}
	return word(s)
}

// account takes the name of a user or a group, also one of a directory service.
func account(s string) (text, error) {
	if len(s) > 256 || !madeOf(s, "_.@-") || strings.Contains(".@-", s[:1]) {
		return "", fmt.Errorf("%.40q is not the name of an account", s)
	}
	return text(s), nil
}

// unitPrefix takes the name of an instance, and returns what the names of its units
// begin with.
func unitPrefix(s string) (text, error) {
	i, err := montimer.ParseInstance(s)
	return text(i.Prefix()), err
}

// name takes the name of a profile, of which the names of its units are made.
func name(s string) (text, error) {
	if !montimer.ValidProfileName(s) {
		return "", fmt.Errorf("%.40q is not the name of a profile", s)
	}
	return text(s), nil
}

// directive takes the name of a directive.
func directive(s string) (text, error) {
	if !madeOf(s, "") {
		return "", fmt.Errorf("%.40q is not the name of a directive", s)
	}
	return text(s), nil
}

// quantity takes a number with its unit, such as 512M or 50%: directives for
// those know no specifiers.
func quantity(s string) (text, error) {
	number := strings.TrimPrefix(s, "-")
	unit := strings.TrimLeft(number, "0123456789")
	known := slices.Contains([]string{"", "%", "K", "M", "G", "T"}, unit)
	if s != "infinity" && (!known || unit == number || len(s) > 20) {
		return "", fmt.Errorf("%.40q is not a quantity", s)
	}
	return text(s), nil
}

// madeOf reports whether s is made of letters and digits of ASCII and of
// others, and of at least one of them.
func madeOf(s, others string) bool {
	for i := range len(s) {
		c := s[i]
		if (c|0x20 < 'a' || c|0x20 > 'z') && (c < '0' || c > '9') && strings.IndexByte(others, c) < 0 {
			return false
		}
	}
	return s != ""
}

// prose makes any text fit for Description=, which is only ever read by people.
// A full stop at the end is cut off: systemd puts three of its own behind it.
func prose(s string) text {
	return text(strings.ReplaceAll(strings.TrimRight(oneLine(s, maxProse), `\ .`), "%", "%%"))
}

// maxProse keeps a description to one line of systemctl's output, in
// characters.
const maxProse = 120

// comment makes any text fit for a comment.
func comment(s string) text { return text(oneLine(s, maxComment)) }

// maxComment is in characters.
const maxComment = 1000

// oneLine makes one line of a text, of at most so many characters: blanks and
// control characters become single blanks, and a backslash at the end, which
// would join the next line, is cut off.
func oneLine(s string, most int) string {
	s = s[:min(len(s), 16*most)] // no need to look at a megabyte
	s = strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unprintable(r) }), " ")
	if runes := []rune(s); len(runes) > most {
		s = string(runes[:most-1]) + "…"
	}
	return strings.TrimRight(s, `\ `)
}

// unprintable reports whether r would be invisible, change the direction of
// the text around it, or is no character at all.
func unprintable(r rune) bool {
	if r < 0x7f {
		return r < ' '
	}
	return r == unicode.ReplacementChar || unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Zl, unicode.Zp)
}

func needsQuotes(r rune) bool {
	return unicode.IsSpace(r) || strings.ContainsRune("\"'\\;$`#", r)
}
