package host

import (
	"slices"
	"strings"
)

// Environment reads an environment file as systemd does (systemd.exec(5),
// EnvironmentFile=): lines NAME=value, comments after # and ;, quotes, and
// backslashes, one at the end of a line too. Of a name that is set twice the
// last value counts; a line that sets none is left out.
func Environment(file string) map[string]string {
	variables := map[string]string{}
	for {
		file = strings.TrimLeft(file, " \t\r\n")
		if file == "" {
			return variables
		}
		end := strings.IndexAny(file+"\n", "\r\n")
		name, _, ok := strings.Cut(file[:end], "=")
		if !ok || strings.ContainsRune("#;", rune(file[0])) {
			file = file[end:]
			continue
		}
		variables[strings.TrimRight(name, " \t")], file = value(file[len(name)+1:])
	}
}

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
