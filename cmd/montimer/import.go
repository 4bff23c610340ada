package main

import (
	"os"

	"github.com/montimer/montimer/internal/imports"
)

type importCmd struct {
	Crontab importCrontabCmd `cmd:"" help:"Turn a crontab into a jobs.yaml, with a receipt for each line."`
	Timers  importTimersCmd  `cmd:"" help:"Turn timers of systemd and their services into a jobs.yaml, with a receipt for each."`
}

type importFlags struct {
	User     string `placeholder:"NAME" help:"The user that tasks will run as; what runs as another is refused."`
	Timezone string `placeholder:"ZONE" help:"The zone of the old system (default: local)."`
	Out      string `placeholder:"FILE" help:"Write the jobs.yaml to a new file, not to standard output."`
	Force    bool   `help:"Replace the file if it exists."`
	Output   string `short:"o" enum:"text,json" default:"text" help:"text: the receipts on standard error; json: on standard output, in place of the jobs.yaml, one object a line."`
}

type importCrontabCmd struct {
	importFlags
	File    string `arg:"" help:"The crontab; -: standard input."`
	Dialect string `default:"crontab" enum:"crontab,cronie,supercronic" help:"Whose crontab it is: crontab (Debian), cronie or supercronic."`
	System  bool   `help:"It has a column for the user, as /etc/crontab and /etc/cron.d have (the default for those)."`
}

// Run imports a crontab.
func (c importCrontabCmd) Run(e env) error {
	return c.show(e, func(r imports.Request) (imports.Import, error) { return r.Crontab(c.File, c.Dialect, c.System) })
}

type importTimersCmd struct {
	importFlags
	Dir string `arg:"" help:"The directory with the timers, their services and drop-ins."`
}

// Run imports timers of systemd.
func (c importTimersCmd) Run(e env) error {
	return c.show(e, func(r imports.Request) (imports.Import, error) { return r.Timers(c.Dir) })
}

// show writes the jobs.yaml and the receipts of an import.
func (c importFlags) show(e env, read func(imports.Request) (imports.Import, error)) error {
	r := imports.Request{Options: imports.Options{User: c.User, EnvFile: e.instance.EnvFile()}, Timezone: c.Timezone, Stdin: os.Stdin}
	found, err := read(r)
	if err != nil {
		return usage(err)
	}
	return found.Deliver(e.stdout, e.stderr, imports.Delivery{Format: c.Output, File: c.Out, Replace: c.Force})
}
