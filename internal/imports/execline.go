package imports

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// A program line is one command of a service, as systemd reads it (systemd.service(5),
// "Command lines").
type programLine struct {
	words    []string // as words of the shell
	argv     []string // the same; nil: the shell has to expand variables
	failing  bool     // its exit code does not count
	prefixes string   // those that change its rights or name
}

// programLines reads the value of ExecStart= and its kin. expand returns the text of
// a specifier.
func programLines(value string, expand func(c byte) (string, bool)) (lines []programLine, err error) {
	words, err := splitWords(value)
	if err != nil {
		return nil, err
	}
	var line []unitWord
	for _, w := range append(words, unitWord{";", true}) {
		if w.text != ";" || !w.bare {
			line = append(line, w)
			continue
		}
		if len(line) == 0 {
			return nil, errors.New("there is no command")
		}
		l, err := newProgramLine(line, expand)
		if err != nil {
			return nil, err
		}
		lines, line = append(lines, l), nil
	}
	return lines, nil
}

func newProgramLine(words []unitWord, expand func(c byte) (string, bool)) (l programLine, err error) {
	program := words[0].text
	rest := strings.TrimLeft(program, "@-:+!|")
	prefixes := program[:len(program)-len(rest)]
	words[0].text = rest
	l.failing = strings.Contains(prefixes, "-")
	l.prefixes = strings.Trim(prefixes, "-:")
	if rest == "" {
		return l, errors.New("there is no command")
	}
	l.argv = []string{}
	for _, w := range words {
		text, err := specifiers(w.text, expand)
		if err != nil {
			return l, err
		}
		if strings.Contains(prefixes, ":") {
			l.words, l.argv = append(l.words, shellQuoted(text)), add(l.argv, text)
			continue
		}
		word, literal := variables(text)
		if l.words = append(l.words, word); !literal {
			l.argv = nil
		}
		l.argv = add(l.argv, strings.ReplaceAll(text, "$$", "$"))
	}
	return l, nil
}

// add appends to a list that is not nil.
func add(argv []string, text string) []string {
	if argv == nil {
		return nil
	}
	return append(argv, text)
}

// text returns the command for the shell.
func (l programLine) text() string {
	text := strings.Join(l.words, " ")
	if l.failing {
		return "{ " + text + " || :; }"
	}
	return text
}

// specifiers resolves those of systemd.unit(5).
func specifiers(text string, expand func(c byte) (string, bool)) (string, error) {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '%' || i+1 == len(text) {
			b.WriteByte(text[i])
			continue
		}
		i++
		if text[i] == '%' {
			b.WriteByte('%')
			continue
		}
		value, ok := expand(text[i])
		if !ok {
			return "", fmt.Errorf("it has the specifier %%%c", text[i])
		}
		b.WriteString(value)
	}
	return b.String(), nil
}

// variables writes a word for the shell: ${NAME} within quotes, so that it stays one
// word, and a word that is $NAME without, so that it can be many. literal is true if
// there are none.
func variables(text string) (word string, literal bool) {
	if name, ok := strings.CutPrefix(text, "$"); ok && validName(name) {
		return text, false
	}
	var b strings.Builder
	found := false
	for i := 0; i < len(text); i++ {
		c := text[i]
		end := strings.IndexByte(text[i:], '}')
		switch {
		case strings.HasPrefix(text[i:], "$$"):
			b.WriteString(`\$`)
			i++
		case strings.HasPrefix(text[i:], "${") && end > 2 && validName(text[i+2:i+end]):
			b.WriteString(text[i : i+end+1])
			i += end
			found = true
		case strings.IndexByte("$`\"\\", c) >= 0:
			b.WriteByte('\\')
			b.WriteByte(c)
		default:
			b.WriteByte(c)
		}
	}
	if !found {
		return shellQuoted(strings.ReplaceAll(text, "$$", "$")), true
	}
	return `"` + b.String() + `"`, false
}

// shellQuoted writes a word that the shell reads as this text.
func shellQuoted(text string) string {
	plain := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_./:=@%+,-", r)
	}
	if text != "" && strings.IndexFunc(text, func(r rune) bool { return !plain(r) }) < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// A unitWord is a word of a value; bare: without quotes and escapes.
type unitWord struct {
	text string
	bare bool
}

// splitWords splits a value as systemd does (extract-word.c): at white space, with
// quotes anywhere and the escapes of C.
func splitWords(value string) (words []unitWord, err error) {
	var b strings.Builder
	inWord, bare, quote := false, true, byte(0)
	for i := 0; i < len(value); i++ {
		c := value[i]
		switch {
		case c == '\\':
			n, text, ok := unescape(value[i+1:])
			if !ok {
				return nil, fmt.Errorf("the escape %q is unknown", clip(value[i:]))
			}
			b.WriteString(text)
			i += n
			inWord, bare = true, false
		case quote != 0 && c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote, inWord, bare = c, true, false
		case quote == 0 && isBlank(c):
			if inWord {
				words = append(words, unitWord{b.String(), bare})
			}
			b.Reset()
			inWord, bare = false, true
		default:
			b.WriteByte(c)
			inWord = true
		}
	}
	if quote != 0 {
		return nil, errors.New("a quote is not closed")
	}
	if inWord {
		words = append(words, unitWord{b.String(), bare})
	}
	return words, nil
}

// unescape reads what follows a backslash; n is how many bytes that are.
func unescape(s string) (n int, text string, ok bool) {
	if s == "" {
		return 0, "", false
	}
	if i := strings.IndexByte(`abfnrtv\"'s;`, s[0]); i >= 0 {
		return 1, "\a\b\f\n\r\t\v\\\"' ;"[i : i+1], true
	}
	digits, base, start := 0, 16, 1
	switch c := s[0]; {
	case c == 'x':
		digits = 2
	case c == 'u':
		digits = 4
	case c == 'U':
		digits = 8
	case '0' <= c && c <= '7':
		digits, base, start = 3, 8, 0
	}
	if digits == 0 || len(s) < start+digits {
		return 0, "", false
	}
	v, err := strconv.ParseUint(s[start:start+digits], base, 32)
	if err != nil || v == 0 || digits == 3 && v > 255 {
		return 0, "", false
	}
	if digits <= 3 {
		return start + digits, string([]byte{byte(v)}), true
	}
	return start + digits, string(rune(v)), true
}
