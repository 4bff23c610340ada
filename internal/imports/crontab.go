package imports

import (
	"errors"
	"fmt"
	"slices"
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

func (c *crontab) variable(r *Receipt, v montimer.EnvVar) {
	switch {
	case !validName(v.Name):
		r.refuse("jobs.yaml has no variables of this name: letters, digits and _, not beginning with a digit", "set it in the command, with env")
		return
	case v.Value == "" && c.Dialect == cron.Supercronic:
		r.refuse("supercronic fails at an empty value, and runs nothing", "take the line out")
		return
	case isSecret(v):
		c.withheld = append(c.withheld, v.Name)
		c.vars = unset(c.vars, v.Name)
		r.Text = v.Name + "=***"
		r.differ(fmt.Sprintf("the value looks like a secret, and is not in jobs.yaml: write %s=… into %s", v.Name, c.EnvFile))
		return
	}
	c.withheld = slices.DeleteFunc(c.withheld, func(name string) bool { return name == v.Name })
	switch v.Name {
	case "SHELL":
		r.note("the tasks start it in place of sh")
	case "MAILTO", "MAILFROM":
		if v.Value == "" {
			r.note("montimer sends no mail either, and reports failed runs by Telegram")
			break
		}
		r.differ("montimer sends no mail: it keeps what a task prints for montimer logs, and reports failed runs by Telegram (docs/telegram.md)")
	case "CRON_TZ":
		if !c.timezone(r, v.Value) {
			return
		}
	case "TZ":
		r.note("for the commands alone: no daemon reads it for its schedule")
	case "LOGNAME", "USER":
		if c.Dialect != cron.Supercronic {
			r.note("cron sets it to the user that the command runs as, and so does systemd: it is left out")
			return
		}
	case "RANDOM_DELAY":
		if c.Dialect == cron.Cronie {
			r.differ("cronie delays each run by a random time of up to so many minutes; montimer does not: set jitter on the profiles")
		}
	}
	c.vars = set(c.vars, v)
}

// timezone takes the CRON_TZ of a dialect that reads it.
func (c *crontab) timezone(r *Receipt, zone string) bool {
	if c.Dialect == cron.Crontab {
		r.note("Debian's cron does not read it: the times are those of the host's zone (--dialect cronie, if this is for cronie)")
		return true
	}
	if c.badZone = !knownZone(zone); c.badZone {
		r.refuse(fmt.Sprintf("the time zone %q is not in the time zone database", zone), "write a zone as in Europe/Berlin")
		return false
	}
	c.zone = zone
	r.note("it is the timezone of the profiles")
	return true
}

// entry takes a line with a schedule.
func (c *crontab) entry(r *Receipt, line string) {
	if rest, quiet := strings.CutPrefix(line, "-"); quiet && c.Dialect == cron.Cronie {
		line = strings.TrimLeft(rest, " \t")
		r.note("the - before it keeps the runs of root out of cronie's log; montimer records all runs")
	}
	x, command, err := c.schedule(line)
	if err != nil {
		var e *cron.Error
		if errors.As(err, &e) {
			reason := e.Problem
			if e.Field != "" {
				reason = e.Field + ": " + reason
			}
			r.refuse(reason, e.Hint)
		} else {
			r.refuse(err.Error(), `write the schedule, and a command after it; a variable without a value is written NAME=""`)
		}
		return
	}
	user := ""
	if c.System {
		user, command = cutWord(command)
	}
	first, _ := cutWord(command)
	switch {
	case command == "" || c.Dialect != cron.Supercronic && !c.System && command[0] == '*':
		r.refuse(fmt.Sprintf("there is no command, so %s refuses the line, and ignores the whole file", c.daemon()), "write the command after the schedule, or take the line out")
		return
	case c.Dialect == cron.Crontab && len(command) > maxCommand:
		r.refuse(fmt.Sprintf("the command has %d bytes; cron refuses one of more than %d, and ignores the whole file", len(command), maxCommand),
			"put the command into a script, and run that")
		return
	case !c.System && isAccount(first):
		r.refuse(fmt.Sprintf("the command begins with %s, which is a user and no program", first), "give --system if this is a crontab with a column for the user, as /etc/crontab is")
		return
	case hasSecret(command):
		r.refuse("the command has what looks like a secret, and jobs.yaml is for all to read",
			fmt.Sprintf("write NAME=… into %s, and $NAME in place of the secret", c.EnvFile))
		return
	}
	if c.badZone && c.Dialect == cron.Cronie {
		r.refuse("the CRON_TZ above it is no time zone", "correct that line")
		return
	}
	if !c.forUser(r, user) {
		return
	}
	c.job(r, x, command)
}

// forUser judges the user column of a line.
func (c *crontab) forUser(r *Receipt, user string) bool {
	switch {
	case user == "" || user == c.User:
	case c.User == "":
		r.differ(fmt.Sprintf("it runs as %s here; montimer runs all tasks of an instance as one user, run_as of the host's settings: import each user's lines alone, with --user %s", user, user))
	default:
		r.refuse(fmt.Sprintf("it runs as %s, and the tasks of this jobs.yaml as %s", user, c.User),
			fmt.Sprintf("import it with --user %s for an instance with run_as: %s (docs/moving-in.md), or leave it where it is", user, user))
		return false
	}
	return true
}

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

// job makes the profile of a line.
func (c *crontab) job(r *Receipt, x *cron.Expression, text string) {
	command, input := text, ""
	if c.Dialect != cron.Supercronic {
		command, input = percent(text, c.Dialect)
	}
	if strings.Trim(command, blanks) == "" {
		r.refuse("there is no command before the %", "write the command, or take the line out")
		return
	}
	if input != "" {
		r.note("what follows the % is the standard input of the command, as in cron")
	}
	for _, text := range confined(command) {
		r.differ(text)
	}
	if f, ok := withoutLock(command); ok && input == "" {
		if c.locks[f.lock] == 1 {
			command = f.command
			r.note(fmt.Sprintf("flock -n %s is left out: a profile never runs beside itself, and a tick during a run is recorded as skipped", f.lock))
		} else {
			r.note(fmt.Sprintf("flock -n %s stays: another line names that file", f.lock))
		}
	}
	name := program(command)
	if p := ofOldRunner(command); p != "" {
		name = p
		r.note(fmt.Sprintf("it runs the profile %s of the Python runner, whose automation/jobs.yaml montimer reads as it is: rather use that file (docs/moving-in.md, From supercronic)", p))
	}
	if c.Dialect != cron.Supercronic {
		command = atHome(command)
	}
	for _, secret := range c.withheld {
		if strings.Contains(text, secret) {
			r.note(fmt.Sprintf("it uses %s, which belongs into %s", secret, c.EnvFile))
		}
	}
	p := montimer.Profile{
		Name:     c.name(name),
		Schedule: montimer.Schedule{Kind: montimer.ScheduleCron, Source: []string{x.Text()}, Dialect: string(c.Dialect), Timezone: c.zone},
		Env:      c.vars,
		Tasks: []montimer.Task{{
			Name:    taskName(name),
			Command: ofShell(valueOf(c.vars, "SHELL"), withInput(command, input)),
		}},
	}
	if c.zone != "" && c.Dialect == cron.Cronie {
		r.differ("at changes of the clock, of this zone or the host's, cronie can lose or repeat runs of CRON_TZ; montimer runs it by the clock of " + c.zone)
	}
	c.plan(&job{receipt: r, Profile: p, comments: c.comments, before: x.Runs, expression: x})
	c.comments = nil
}

// forAll gives all jobs the variables and the zone of the whole file, as supercronic
// does.
func (c *crontab) forAll() {
	if c.badZone {
		for _, j := range c.jobs {
			j.receipt.refuse("the CRON_TZ of the file is no time zone, and supercronic ends at it", "correct that line")
			j.receipt.Profile = ""
		}
		c.jobs = nil
	}
	shell := valueOf(c.vars, "SHELL")
	for _, j := range c.jobs {
		task := &j.Tasks[0]
		text := task.Command.Shell
		if text == "" {
			text = task.Command.Argv[2]
		}
		j.Env, j.Schedule.Timezone, task.Command = c.vars, c.zone, ofShell(shell, text)
	}
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
