package imports

import (
	"errors"
	"fmt"
	"strings"

	"github.com/montimer/montimer/internal/cron"
)

// schedule takes the schedule off a line, as the dialect does.
func (c *crontab) schedule(line string) (x *cron.Expression, command string, err error) {
	if c.Dialect == cron.Supercronic {
		return supercronicSchedule(line)
	}
	n := 5
	if line[0] == '@' {
		n = 1
	}
	fields, rest, ok := cutFields(line, n)
	if !ok && line[0] != '@' {
		return nil, "", errTooShort
	}
	x, err = cron.Parse(c.Dialect, spaced(fields))
	return x, rest, err
}

var errTooShort = errors.New("it has fewer than five fields, and is no assignment of a variable")

// spaced has one blank between two fields.
func spaced(fields string) string { return strings.Join(strings.Fields(fields), " ") }

// cutFields cuts so many fields off a line. ok is false if there are fewer.
func cutFields(line string, n int) (fields, rest string, ok bool) {
	rest = line
	for range n {
		if rest == "" {
			return line, "", false
		}
		_, rest = cutWord(rest)
	}
	return strings.TrimRight(line[:len(line)-len(rest)], " \t"), rest, true
}

// cutWord cuts the first word off a text, and the blanks after it.
func cutWord(text string) (word, rest string) {
	i := strings.IndexAny(text, " \t")
	if i < 0 {
		return text, ""
	}
	return text[:i], strings.TrimLeft(text[i:], " \t")
}

// supercronicSchedule tries the first 7, 6, 5 words, and the first, as supercronic
// does: what it can read is the schedule, so it can take a word of a command for a
// year.
func supercronicSchedule(line string) (*cron.Expression, string, error) {
	var first error
	for _, n := range []int{7, 6, 5, 1} {
		fields, command, ok := cutFields(line, n)
		if !ok || command == "" {
			continue
		}
		x, err := cron.Parse(cron.Supercronic, spaced(fields))
		switch last := fields[strings.LastIndexAny(fields, " \t")+1:]; {
		case err == nil:
			return x, command, nil
		case n > 5 && (strings.Trim(last, "0123456789*?,/-") == "" || last[0] == '*' || last[0] == '?'):
			return nil, "", fmt.Errorf("supercronic could take %q for a year, and the schedule for one of %d fields: %w", last, n, err)
		case n == 5 || first == nil && n == 1:
			first = err
		}
	}
	if first == nil {
		first = errors.New("it has no schedule with a command after it")
	}
	return nil, "", first
}
