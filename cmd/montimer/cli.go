package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/manual"
	"github.com/montimer/montimer/taskexec"
)

// cli is the whole command line; each command has a file of its own.
type cli struct {
	Instance instanceFlag `placeholder:"NAME" help:"The installation to work on: that of /etc/montimer/NAME.yaml ($$MONTIMER_INSTANCE; default: that of /etc/montimer/config.yaml)."`

	Compile compileCmd       `cmd:"" group:"compile" help:"Turn jobs.yaml into systemd units. Then: systemctl daemon-reload"`
	Apply   applyCmd         `cmd:"" group:"compile" help:"Compile, install and activate the units; starts no job that is not due."`
	Explain explainCmd       `cmd:"" group:"compile" help:"Explain a schedule and show its next runs."`
	List    listCmd          `cmd:"" group:"compile" help:"List the profiles and when they run next."`
	Init    initCmd          `cmd:"" group:"compile" help:"Write a sample jobs.yaml and its checks, to start from."`
	Import  importCmd        `cmd:"" group:"compile" help:"Turn what ran jobs before into a jobs.yaml, and prove what is the same: crontab, timers."`
	Exec    execCmd          `cmd:"" group:"run" help:"Run the tasks of a profile here and now; the services start this."`
	Start   runCmd           `cmd:"" name:"run" group:"run" help:"Start a run by hand, as the timer does. It sends no alerts without --notify."`
	Pause   pauseCmd         `cmd:"" group:"run" help:"Skip scheduled runs of a profile until a given time."`
	Resume  resumeCmd        `cmd:"" group:"run" help:"End a pause before its time."`
	Sync    syncCmd          `cmd:"" group:"run" help:"Bring the checkout up to date with its git remote, as a run does."`
	Status  statusCmd        `cmd:"" group:"look" help:"Show the state of all profiles and whether a person is needed."`
	History historyCmd       `cmd:"" group:"look" help:"Show how each tick ended, or one run."`
	Metrics metricsCmd       `cmd:"" group:"look" help:"Write the state and counters for Prometheus."`
	Serve   serveCmd         `cmd:"" group:"look" help:"Answer over HTTP: the page for people, and the API for programs."`
	Logs    logsCmd          `cmd:"" group:"look" help:"Show what the runs of a profile, or one run, have in the journal."`
	Doctor  doctorCmd        `cmd:"" group:"look" help:"Find what is wrong with the host; name the command that fixes it."`
	Notify  notifyCmd        `cmd:"" group:"keep" help:"Alerts: test, pending, flush, drop, report."`
	State   stateCmd         `cmd:"" group:"keep" help:"What tasks keep from run to run: list, get, set, rm, import, export."`
	DB      dbCmd            `cmd:"" name:"db" group:"keep" help:"The database: init, check, backup, restore, prune."`
	Crontab renderCrontabCmd `cmd:"" name:"render-crontab" group:"keep" help:"Print the crontab that the old system made of jobs.yaml, to compare or to go back to supercronic."`
	Schema  schemaCmd        `cmd:"" group:"keep" help:"Print the JSON Schema of jobs.yaml, for editors."`
	Version versionCmd       `cmd:"" group:"keep" help:"Print the version."`

	Takeover takeoverCmd `cmd:"" group:"keep" help:"Take over the jobs and the state of another host from its backup."`
	Retire   retireCmd   `cmd:"" group:"keep" help:"Stop the jobs of this host for good, for another host to take them over."`

	Complete completeCmd `cmd:"" hidden:"" help:"Print what a command line can go on with (started by the completions of shells)."`
	Failure  failureCmd  `cmd:"" hidden:"" help:"Report a failed service (started by montimer-failure@.service)."`
	Ended    endedCmd    `cmd:"" hidden:"" help:"Record a run that was killed before it was on record (started by the services after each run)."`
	Inspect  inspectCmd  `cmd:"" hidden:"" help:"Inspect the checkout (started by root as the run-as user)."`
	Examine  examineCmd  `cmd:"" hidden:"" help:"Look at what the run-as user controls (started by root as that user)."`
	Handover handoverCmd `cmd:"" hidden:"" help:"Do the part of a takeover that is the run-as user's (started by root as that user)."`
	ReadJobs readJobsCmd `cmd:"" name:"read-jobs" hidden:"" help:"Find and print jobs.yaml (started by root as the run-as user)."`
}

// run executes one command line and returns the exit code of the process.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	e := env{stdout: stdout, stderr: stderr, getenv: os.Getenv}
	own, err := montimer.ParseInstance(e.getenv("MONTIMER_INSTANCE"))
	if err != nil {
		return exitCode(e, usage(fmt.Errorf("MONTIMER_INSTANCE: %w", err)))
	}
	e.instance = own
	if len(args) == 1 && slices.Contains([]string{"version", "--version", "-V"}, args[0]) {
		return exitCode(e, versionCmd{}.Run(e))
	}
	taskexec.GrowStack(20) // the stack that SQLite needs
	if c := shortcut(args); c != nil {
		ctx, stop := signals(ctx, args[0])
		defer stop()
		return exitCode(e, wrongUser(e, args, c.Run(ctx, e)))
	}
	return e.runParsed(ctx, args)
}

// runParsed parses a command line, and runs its command.
func (e env) runParsed(ctx context.Context, args []string) int {
	answered := false
	args, output, code := plain(args, e.stdout, e.stderr)
	var c cli
	parser, kctx, err := manual.Parse(&c, args, func(grammar any) (*kong.Kong, error) {
		return newParser(ctx, grammar, output, e.stderr, func(int) { answered = true })
	})
	if parser == nil {
		fmt.Fprintln(e.stderr, "montimer:", err)
		return exitFailed
	}
	if answered { // the help
		return code
	}
	if errors.Is(err, syscall.EPIPE) { // the reader of the help has enough
		return exitFailed
	}
	if err != nil {
		rest, of := splitInstance(args, e.instance)
		fmt.Fprintf(e.stderr, "montimer: %s\nTry: montimer --help\n", manual.Misused(parser.Model.Node, of, rest, err))
		return exitUsage
	}
	ctx, stop := signals(ctx, kctx.Command())
	defer stop()
	kctx.BindTo(ctx, (*context.Context)(nil))
	if c.Instance.given && c.Instance.of != e.instance {
		e.instance = c.Instance.of
		leave(e.instance)
	}
	return exitCode(e, wrongUser(e, args, kctx.Run(e)))
}

// newParser returns the parser of the command line. It calls answered when it has
// written the help.
func newParser(ctx context.Context, grammar any, stdout, stderr io.Writer, answered func(int)) (*kong.Kong, error) {
	return kong.New(grammar,
		kong.Name("montimer"),
		kong.Description("cron, but systemd does it."),
		kong.Writers(stdout, stderr),
		kong.Exit(answered),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}), manual.HostHelp(),
		kong.ExplicitGroups([]kong.Group{
			{Key: "compile", Title: "Schedules:"},
			{Key: "run", Title: "Runs:"},
			{Key: "look", Title: "State:"},
			{Key: "keep", Title: "Alerts, database and more:"},
			{Key: manual.HostGroup, Title: "Host settings, each in place of that of /etc/montimer/config.yaml:"},
		}),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)
}

// shortcut parses the command lines of the services, which run at every tick, and of
// what people look with most: to build the grammar of all commands would double the
// start-up time. nil: it is another command line. TestShortcut holds that kong parses
// them alike.
func shortcut(args []string) interface {
	Run(context.Context, env) error
} {
	name := ""
	switch {
	case len(args) == 2 && !strings.HasPrefix(args[1], "-"):
		name = args[1]
	case len(args) != 1:
		return nil
	}
	switch {
	case args[0] == "status":
		return statusCmd{Profile: name, Output: "text"}
	case args[0] == "exec" && len(args) == 2:
		return execCmd{Profile: name}
	case args[0] == "complete" && name == "profiles":
		return completeCmd{What: name}
	case args[0] == "ended" && len(args) == 2:
		return endedCmd{Profile: name}
	}
	return nil
}

// signals returns the context of a command. A signal ends those at once that do not
// handle it: they would show what they could not read as if that were known.
func signals(ctx context.Context, command string) (context.Context, func() bool) {
	if handlesSignals(command) {
		return ctx, func() bool { return true }
	}
	// Not signal.Reset: a signal that has just arrived would be lost.
	return context.WithoutCancel(ctx), context.AfterFunc(ctx, func() { os.Exit(exitInterrupted) })
}

// handlesSignals reports whether a command has to finish something when it is
// stopped. A signal ends the others at once, also while they read standard
// input or decode a long file.
func handlesSignals(command string) bool {
	for _, name := range []string{"exec", "ended", "apply", "run", "logs", "serve", "sync", "notify flush", "db backup", "db restore", "failure", "takeover", "retire", "handover"} {
		if command == name || strings.HasPrefix(command, name+" ") {
			return true
		}
	}
	return false
}

// plain handles the first attempts: no command at all, which is wrong usage,
// and help. output is where the help goes, code its exit code.
func plain(args []string, stdout, stderr io.Writer) (_ []string, output io.Writer, code int) {
	switch {
	case len(args) == 0:
		return []string{"--help"}, stderr, exitUsage
	case args[0] == "help":
		return append(slices.Clone(args[1:]), "--help"), stdout, exitDone
	}
	return args, stdout, exitDone
}
