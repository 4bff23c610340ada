package host

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/montimer/montimer/internal/lazy"
)

// Environment reads an environment file as systemd does (systemd.exec(5),
// EnvironmentFile=): lines NAME=value, comments after # and ;, quotes, and
// backslashes, one at the end of a line too. Of a name that is set twice the
// last value counts; a line that sets none is left out.
func Environment(file string) map[string]string {
	variables := map[string]string{}
	for e := range envEntries(file) {
		if e.set {
			variables[e.name] = e.value
		}
	}
	return variables
}

// envEntry is one entry of an environment file: a line, or several joined by
// quotes and backslashes.
type envEntry struct {
	line        int    // of its beginning, from 1
	text        string // its first line
	set         bool   // it has a "=" and is no comment
	comment     bool
	name, value string
}

func envEntries(file string) iter.Seq[envEntry] {
	return func(yield func(envEntry) bool) {
		for rest := file; ; {
			rest = strings.TrimLeft(rest, " \t\r\n")
			if rest == "" {
				return
			}
			end := strings.IndexAny(rest+"\n", "\r\n")
			e := envEntry{line: 1 + strings.Count(file[:len(file)-len(rest)], "\n"), text: rest[:end]}
			name, _, assigns := strings.Cut(e.text, "=")
			e.comment = strings.ContainsRune("#;", rune(rest[0]))
			if e.set = assigns && !e.comment; e.set {
				e.name = strings.TrimRight(name, " \t")
				e.value, rest = value(rest[len(name)+1:])
			} else {
				rest = rest[end:]
			}
			if !yield(e) {
				return
			}
		}
	}
}

var (
	variableName = lazy.Regexp(`^[A-Za-z_][A-Za-z0-9_]*$`)
	quotedText   = lazy.Regexp(`"(\\.|[^"\\])*"|'[^']*'`)
	shellValue   = lazy.Regexp(`\$\{[A-Za-z_][A-Za-z0-9_]*\}|\$(HOME|PATH|USER|PWD)\b`)
)

// EnvMistake is a line of an environment file that systemd reads otherwise than
// meant.
type EnvMistake struct {
	Line int // from 1
	Kind EnvMistakeKind
	Text string // what is wrong, without the value, which may be a secret
}

// EnvMistakeKind says what is wrong with a line.
type EnvMistakeKind string

// The kinds of mistakes.
const (
	EnvNoVariable EnvMistakeKind = "no variable"
	EnvExport     EnvMistakeKind = "export"
	EnvName       EnvMistakeKind = "name"
	EnvComment    EnvMistakeKind = "comment after a value"
	EnvExpansion  EnvMistakeKind = "expansion"
)

// EnvironmentMistakes returns the lines of an environment file that systemd
// reads otherwise than meant.
func EnvironmentMistakes(file string) (mistakes []EnvMistake) {
	for e := range envEntries(file) {
		wrong := func(kind EnvMistakeKind, format string, args ...any) {
			mistakes = append(mistakes, EnvMistake{e.line, kind, fmt.Sprintf(format, args...)})
		}
		name, exported := strings.CutPrefix(e.name, "export ")
		switch {
		case e.comment:
		case !e.set:
			wrong(EnvNoVariable, "sets no variable and is ignored: write NAME=value")
		case exported && variableName().MatchString(strings.TrimSpace(name)):
			wrong(EnvExport, "export is for a shell, and systemd ignores the line: write %s=…", strings.TrimSpace(name))
		case !variableName().MatchString(e.name):
			wrong(EnvName, "the text before = cannot be the name of a variable, and systemd ignores the line")
		case strings.Contains(quotedText().ReplaceAllString(e.text, ""), " #"):
			wrong(EnvComment, "%s: # begins a comment only at the beginning of a line; here it is part of the value", e.name)
		case shellValue().MatchString(e.value):
			wrong(EnvExpansion, "%s: variables are not expanded in this file; write the whole value", e.name)
		}
	}
	return mistakes
}

// String returns "LINE: what is wrong".
func (m EnvMistake) String() string { return fmt.Sprintf("%d: %s", m.Line, m.Text) }

// value returns the value that a text begins with, and what is after it. Quotes
// have a meaning only before what has none: x"y" is as it stands.
func value(text string) (value, rest string) {
	var v []byte
	bare, keep := false, 0 // without quotes; so much of v is not white space at its end
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\n', c == '\r':
			text, rest = text[:i], text[i:]
		case c == '\\':
			if i++; i < len(text) && text[i] != '\n' && text[i] != '\r' {
				v = append(v, text[i])
			}
			bare, keep = true, len(v)
		case !bare && (c == '\'' || c == '"'):
			var n int
			v, n = quoted(v, text[i:])
			i += n - 1
		case c != ' ' && c != '\t':
			v = append(v, c)
			bare, keep = true, len(v)
		case bare:
			v = append(v, c)
		}
	}
	if bare {
		v = v[:keep]
	}
	return string(v), rest
}

// quoted appends what is between the quote that text begins with and the next,
// or the end, and returns how many bytes of text that took.
func quoted(v []byte, text string) ([]byte, int) {
	quote := text[0]
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == quote:
			return v, i + 1
		case c != '\\' || quote == '\'' || i+1 == len(text):
			v = append(v, c)
		default:
			i++
			if !slices.Contains([]byte("\"\\`$\n"), text[i]) {
				v = append(v, '\\')
			}
			if text[i] != '\n' {
				v = append(v, text[i])
			}
		}
	}
	return v, len(text)
}
