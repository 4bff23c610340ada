package main

import (
	"os"

	"github.com/montimer/montimer/internal/cron"
	"github.com/montimer/montimer/internal/imports"
	"github.com/montimer/montimer/internal/jobsfile"
)

type importCmd struct {
	Crontab importCrontabCmd `cmd:"" help:"Turn a crontab into a jobs.yaml, with a receipt for each line."`
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
	return c.show(e, func(r imports.Request) (imports.Import, error) {
		r.Dialect, r.System = cron.Dialect(c.Dialect), c.System
		return r.Crontab(c.File)
	})
}

// show writes the jobs.yaml and the receipts of an import. A refusal is a failure.
func (c importFlags) show(e env, read func(imports.Request) (imports.Import, error)) error {
	found, err := read(imports.Request{Options: imports.Options{User: c.User, EnvFile: e.instance.EnvFile()}, Timezone: c.Timezone, Stdin: os.Stdin})
	if err == nil && c.Out != "" && found.Jobs != nil {
		err = jobsfile.Write(c.Out, found.Jobs, c.Force)
		found.Jobs = nil
	}
	if err != nil {
		return usage(err)
	}
	if err := found.Show(e.stdout, e.stderr, c.Output); err != nil || found.Refusals() == 0 {
		return err
	}
	return exitError{code: exitFailed}
}
