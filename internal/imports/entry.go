package imports

import (
	"errors"
	"fmt"
	"strings"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/cron"
)

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
			if line[0] == '-' {
				e.Hint = "take the - out: only cronie reads it (--dialect cronie, if this is for cronie)"
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
			fmt.Sprintf("import it with --user %s for an instance with run_as: %s (docs/instances.md), or leave it where it is", user, user))
		return false
	}
	return true
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
	if difference := writes(command); difference != "" {
		r.differ(difference)
	}
	name := program(command)
	if p := ofOldRunner(command); p != "" {
		name = p
		r.note(fmt.Sprintf("it runs the profile %s of the Python runner, whose automation/jobs.yaml montimer reads as it is: rather use that file (docs/from-supercronic.md)", p))
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
