// Package legacy has the files of the system before montimer: the text caches in
// which its tasks kept state before they used the database, and its crontab. Read
// text.go (the form of a cache), files.go (which there are), import.go and export.go
// (into the database and back), then crontab.go.
package legacy

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/safetext"
)

// A text cache is read by Python in text mode and UTF-8, and written in place. Each
// line is a key, a colon and a value; line breaks are LF, CR LF and CR; white space
// around a line does not count; of lines with the same key the first one counts.

// A Mistake is a line of a text cache that has no key and value.
type Mistake struct {
	Line int // from 1
	Text string
}

// parse returns the keys and values of a text cache in their order, also repeated
// ones. halfLine is the number of a last line that lacks its line break, which a
// writer that died leaves; 0: none.
func parse(data []byte) (values []montimer.StateValue, mistakes []Mistake, halfLine int) {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return nil, []Mistake{{1, "the file is in UTF-16: convert it with iconv -f UTF-16 -t UTF-8"}}, 0
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	for number := 1; len(data) > 0; number++ {
		line, rest, whole := cutLine(data)
		data = rest
		text := strings.TrimFunc(string(line), isSpace)
		if text == "" {
			continue
		}
		key, value, colon := strings.Cut(text, ":")
		switch {
		case !utf8.ValidString(text):
			mistakes = append(mistakes, Mistake{number, "the line is not UTF-8"})
		case strings.Contains(text, "\x00"):
			mistakes = append(mistakes, Mistake{number, "the line has NUL bytes, as a power cut leaves them"})
		case !colon:
			mistakes = append(mistakes, Mistake{number, "the line has no colon: write key:value"})
		case key == "":
			mistakes = append(mistakes, Mistake{number, "the line has no key before the colon"})
		default:
			values = append(values, montimer.StateValue{Key: key, Value: value})
			if !whole {
				halfLine = number
			}
		}
	}
	return values, mistakes, halfLine
}

// cutLine returns the first line; whole is false if it has no line break.
func cutLine(data []byte) (line, rest []byte, whole bool) {
	i := bytes.IndexAny(data, "\r\n")
	if i < 0 {
		return data, nil, false
	}
	line, rest = data[:i], data[i:]
	if bytes.HasPrefix(rest, []byte("\r\n")) {
		return line, rest[2:], true
	}
	return line, rest[1:], true
}

// isSpace reports whether str.strip() of Python removes r.
func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// distinct returns each key once: with its first value or with its last one.
func distinct(values []montimer.StateValue, last bool) []montimer.StateValue {
	at := make(map[string]int, len(values))
	out := make([]montimer.StateValue, 0, len(values))
	for _, v := range values {
		if i, there := at[v.Key]; !there {
			at[v.Key] = len(out)
			out = append(out, v)
		} else if last {
			out[i] = v
		}
	}
	return out
}

// format writes a text cache. It leaves out what that form cannot hold, and says why.
func format(values []montimer.StateValue) (data []byte, refused []string) {
	var b bytes.Buffer
	for _, v := range values {
		if why := unfit(v); why != "" {
			refused = append(refused, fmt.Sprintf("%.60q: %s", safetext.String(v.Key), why))
			continue
		}
		b.WriteString(v.Key + ":" + v.Value + "\n")
	}
	return b.Bytes(), refused
}

// unfit says why a text cache cannot hold a value, so that its reader finds another
// one or none; "": it can.
func unfit(v montimer.StateValue) string {
	switch line := v.Key + ":" + v.Value; {
	case !utf8.ValidString(line) || strings.Contains(line, "\x00"):
		return "it has bytes that are no text"
	case v.Key == "":
		return "the key is empty"
	case strings.Contains(v.Key, ":"):
		return "the key has a colon"
	case strings.ContainsFunc(line, safetext.IsLineBreak):
		return "it has a line break"
	case strings.TrimFunc(line, isSpace) != line:
		return "white space at the start of the key or at the end of the value is not read"
	}
	return ""
}
