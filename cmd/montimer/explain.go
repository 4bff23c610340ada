package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer/internal/cron"
	"github.com/montimer/montimer/internal/explain"
	"github.com/montimer/montimer/internal/jobsfile"
)

type explainCmd struct {
	hostFlags
	Expr     []string `arg:"" optional:"" help:"Cron expressions or calendar events, one an argument; - reads lines of DIALECT, a tab and EXPRESSION."`
	Profile  string   `placeholder:"NAME" help:"Explain the schedule of this profile of jobs.yaml."`
	Dialect  string   `default:"supercronic" enum:"supercronic,crontab,cronie,robfig,systemd" help:"How to read the expressions: supercronic, crontab (Debian), cronie, robfig, or systemd for calendar events."`
	Timezone string   `placeholder:"ZONE" help:"The zone that they are meant in (default: local)."`
	From     string   `placeholder:"RFC3339" help:"Show the runs after this time (default: now)."`
	N        int      `short:"n" default:"3" help:"How many runs to show."`
	Output   string   `short:"o" enum:"text,json" default:"text" help:"text, or json: one object a line."`
}

// maxLine bounds a line of standard input, in bytes.
const maxLine = 4 << 20

// Run explains expressions. An invalid expression does not stop the others; the
// exit code is then 2.
func (c explainCmd) Run(ctx context.Context, e env) error {
	reader, err := c.reader()
	if err != nil {
		return usage(err)
	}
	print := textPrinter(e.stdout)
	if c.Output == "json" {
		print = jsonPrinter(e.stdout)
	}
	refused := false
	show := func(x explain.Explanation) error {
		refused = refused || x.Error != ""
		return print(x)
	}
	switch {
	case c.Profile != "" && len(c.Expr) == 0:
		err = c.profile(ctx, e, reader, show)
	case c.Profile != "" || len(c.Expr) == 0:
		err = usage(errors.New("give expressions, -, or --profile NAME"))
	case len(c.Expr) == 1 && c.Expr[0] == "-":
		err = explainLines(os.Stdin, reader, show)
	case c.Dialect != "systemd" && len(c.Expr) > 1 && unquoted(c.Expr):
		err = usage(errors.New("each expression must be one argument: montimer explain '5 * * * *'"))
	default:
		for _, text := range c.Expr {
			if err = show(reader.Explain(c.Dialect, text)); err != nil {
				break
			}
		}
	}
	if err == nil && refused {
		return exitError{code: exitUsage}
	}
	return err
}

// unquoted reports whether the arguments look like the fields of one
// expression, in which a shell may have replaced * by file names.
func unquoted(args []string) bool {
	return !slices.ContainsFunc(args, func(arg string) bool { return strings.ContainsAny(arg, " \t@") })
}

// reader checks the settings that all expressions share.
func (c explainCmd) reader() (explain.Explainer, error) {
	x := explain.Explainer{Zone: c.Timezone, Location: time.Local, From: time.Now(), N: c.N}
	var err error
	if c.Timezone != "" {
		if x.Location, err = time.LoadLocation(c.Timezone); err != nil {
			return x, fmt.Errorf("--timezone: %w", err)
		}
	}
	if c.From != "" {
		if x.From, err = time.Parse(time.RFC3339, c.From); err != nil {
			return x, fmt.Errorf("--from: %w", err)
		}
	}
	if c.N < 0 || c.N > 10_000 {
		return x, errors.New("-n: 0 to 10000 runs")
	}
	return x, nil
}

func (c explainCmd) profile(ctx context.Context, e env, reader explain.Explainer, show func(explain.Explanation) error) error {
	h, err := c.host(e)
	if err != nil {
		return err
	}
	p, err := loadProfile(ctx, e, &h, c.Profile, jobsfile.Options{Prove: true})
	if err != nil {
		return err
	}
	return show(reader.Schedule(p.Schedule))
}

// explainLines explains lines of a dialect, a tab and an expression.
func explainLines(r io.Reader, reader explain.Explainer, show func(explain.Explanation) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		dialect, text, ok := strings.Cut(lines.Text(), "\t")
		if !ok {
			dialect, text = string(cron.Supercronic), dialect
		}
		if err := show(reader.Explain(dialect, text)); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read standard input: %w", err)
	}
	return nil
}

// textPrinter writes an empty line between two explanations.
func textPrinter(w io.Writer) func(explain.Explanation) error {
	first := true
	return func(x explain.Explanation) error {
		if !first {
			fmt.Fprintln(w)
		}
		first = false
		return x.WriteText(w)
	}
}

func jsonPrinter(w io.Writer) func(explain.Explanation) error {
	return func(x explain.Explanation) error {
		for i := range x.Next {
			x.Next[i] = x.Next[i].UTC()
		}
		return writeJSONLines(w, []explain.Explanation{x})
	}
}
