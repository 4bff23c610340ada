package imports

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/cron"
)

// Crontab imports a crontab.
func Crontab(text string, o Options) (Import, error) {
	c := crontab{Options: o, planner: newPlanner(o)}
	c.read(text)
	c.general()
	return c.finish(c.receipts)
}

// crontab is one that is being read.
type crontab struct {
	Options
	*planner

	receipts []*Receipt
	vars     []montimer.EnvVar // as set so far
	withheld []string          // variables with secrets
	zone     string            // of CRON_TZ, as set so far
	badZone  bool              // it was none
	comments []string          // since the last job
	locks    map[string]int    // how many lines name a lock
}

// What cron takes, by Debian's 3.0pl1-162 (cron.h) and cronie.
const (
	maxCommand       = 999    // bytes of a command, Debian
	maxCronieCommand = 131071 // cronie
	maxLines         = 10000  // of a crontab, Debian
	maxScanned       = 65535  // bytes of a line, supercronic (bufio.Scanner)
)

func (c *crontab) read(text string) {
	if rest, found := strings.CutPrefix(text, "\ufeff"); found {
		text = rest
		c.say("the file begins with a byte order mark, for which %s refuses it; it was left out", c.daemon())
	}
	lines := strings.Split(text, "\n")
	if last := len(lines) - 1; lines[last] == "" {
		lines = lines[:last]
	} else if c.Dialect != cron.Supercronic {
		c.say("the last line has no end, for which %s ignores the whole file; it was read as if it had one", c.daemon())
	}
	if len(lines) > maxLines && c.Dialect == cron.Crontab {
		c.say("the file has %d lines; cron ignores one of more than %d", len(lines), maxLines)
	}
	c.locks = map[string]int{}
	for _, line := range lines {
		for _, word := range strings.FieldsFunc(line, notOfLock) { // also of 9>/run/x.lock
			if word[0] == '/' {
				c.locks[word]++
			}
		}
	}
	for i, line := range lines {
		r := &Receipt{Source: c.Source, Line: i + 1, Kind: Blank, Result: Exact, By: c.daemon()}
		c.receipts = append(c.receipts, r)
		c.line(r, line)
	}
	if c.Dialect == cron.Supercronic {
		c.forAll()
	}
	c.trailing = c.comments
}

func (c *crontab) line(r *Receipt, line string) {
	line, returned := strings.CutSuffix(line, "\r")
	line = strings.TrimLeft(line, " \t")
	r.Text = withoutSecrets(line)
	switch {
	case line == "":
		if len(c.comments) > 0 {
			c.comments = append(c.comments, "")
		}
		return
	case line[0] == '#':
		r.Kind = Comment
		c.comments = append(c.comments, strings.TrimPrefix(strings.TrimPrefix(r.Text, "#"), " "))
		return
	}
	r.Kind = Job
	switch limit := c.longest(); {
	case strings.Contains(line, "\x00"):
		r.refuse("it has a NUL character", "write the line without it")
		return
	case !utf8.ValidString(line):
		r.refuse("it is not UTF-8, as jobs.yaml is", "put the command into a script, and run that")
		return
	case len(line) > limit:
		r.refuse(fmt.Sprintf("it has %d bytes; %s refuses a command of more than %d, and ignores the whole file", len(line), c.daemon(), limit),
			"put the command into a script, and run that")
		return
	}
	v, isVariable := assignment(line)
	if c.Dialect == cron.Supercronic {
		v, isVariable = supercronicAssignment(line)
	}
	if isVariable {
		r.Kind = Variable
		c.variable(r, v)
		return
	}
	if returned && c.Dialect != cron.Supercronic {
		r.differ(fmt.Sprintf("it ends with a carriage return (CRLF), which %s passes to the shell; it was left out", c.daemon()))
	}
	c.entry(r, line)
}

// longest is how many bytes a line may have; that of a command, which is less, is
// looked at later.
func (c *crontab) longest() int {
	switch c.Dialect {
	case cron.Supercronic:
		return maxScanned
	case cron.Cronie:
		return maxCronieCommand
	}
	return 1 << 20
}

func (c *crontab) daemon() string {
	if c.Dialect == cron.Crontab {
		return "cron"
	}
	return string(c.Dialect)
}

// general says what holds for all lines.
func (c *crontab) general() {
	if c.Dialect != cron.Supercronic {
		c.say("cron starts commands in the home directory; where that could matter the task begins with cd")
		c.say("cron mails what a command prints; montimer keeps it for montimer logs, and reports runs that end with another code than 0")
		c.say("cron starts a run beside one that is still under way; montimer skips it, and records that (overlap: queue has it follow)")
		if valueOf(c.vars, "PATH") == "" {
			c.say("cron runs commands with PATH=/usr/bin:/bin where a crontab sets none; a task has the PATH of the services, with .venv/bin of the checkout and /usr/local/bin before these")
		}
	} else {
		c.say("supercronic starts commands in its own directory and with its own environment; a task begins in the checkout, with the environment of the services")
	}
	c.say("tasks are confined: for one, they cannot write home directories (docs/sandbox.md); a task is stopped after 7 days, the longest time-out")
}
