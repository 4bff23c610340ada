package main

import (
	"context"
	"errors"
	"os"

	"github.com/montimer/montimer/internal/explain"
	"github.com/montimer/montimer/internal/jobsfile"
)

type explainCmd struct {
	readFlags
	Expr     []string `arg:"" optional:"" help:"Cron expressions or calendar events, one an argument; - reads lines of DIALECT, a tab and EXPRESSION."`
	Profile  string   `placeholder:"NAME" help:"Explain the schedule of this profile of jobs.yaml."`
	Dialect  string   `default:"supercronic" enum:"supercronic,crontab,cronie,robfig,systemd" help:"How to read the expressions: supercronic, crontab (Debian), cronie, robfig, or systemd for calendar events."`
	Timezone string   `placeholder:"ZONE" help:"The zone that they are meant in (default: local)."`
	From     string   `placeholder:"RFC3339" help:"Show the runs after this time (default: now)."`
	N        int      `short:"n" default:"3" help:"How many runs to show."`
	Output   string   `short:"o" enum:"text,json" default:"text" help:"text, or json: one object a line."`
}

// Run explains expressions. An invalid expression does not stop the others; the
// exit code is then 2.
func (c explainCmd) Run(ctx context.Context, e env) error {
	explainer, err := explain.New(c.Timezone, c.From, c.N)
	if err != nil {
		return usage(err)
	}
	print := explain.Printer(e.stdout, c.Output)
	refused := false
	show := func(x explain.Explanation) error {
		refused = refused || x.Error != ""
		return print(x)
	}
	switch {
	case c.Profile != "" && len(c.Expr) == 0:
		err = c.profile(ctx, e, explainer, show)
	case c.Profile != "" || len(c.Expr) == 0:
		err = usage(errors.New("give expressions, -, or --profile NAME"))
	case len(c.Expr) == 1 && c.Expr[0] == "-":
		err = explainer.Lines(os.Stdin, show)
	case c.Dialect != "systemd" && len(c.Expr) > 1 && explain.Unquoted(c.Expr):
		err = usage(errors.New("each expression must be one argument: montimer explain '5 * * * *'"))
	default:
		err = explainer.All(c.Dialect, c.Expr, show)
	}
	if err == nil && refused {
		return exitError{code: exitUsage}
	}
	return err
}

func (c explainCmd) profile(ctx context.Context, e env, explainer explain.Explainer, show func(explain.Explanation) error) error {
	h, err := e.host(c.given())
	if err != nil {
		return err
	}
	p, err := loadProfile(ctx, e, &h, c.Profile, jobsfile.Options{Prove: true})
	if err != nil {
		return err
	}
	return show(explainer.Schedule(p.Schedule))
}
