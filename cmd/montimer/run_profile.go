package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/jobsfile"
	"github.com/montimer/montimer/internal/journal"
	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/taskexec"
)

type runCmd struct {
	hostFlags
	Profile string   `arg:"" help:"Name of the profile."`
	Task    []string `placeholder:"TASK" help:"Run only this task, even if it or its profile is disabled; may be repeated. Waits for the end."`
	Follow  bool     `short:"f" help:"Show what the run logs until it ends, and exit with its exit code."`
	Notify  bool     `help:"Send alerts for this run too: by default a run by hand sends none. Waits for the end."`
	DryRun  bool     `help:"Show what would run, and run nothing."`
}

// Run starts a run as the timer would: by systemd, as its user, in its sandbox.
// Options that the profile's unit does not take (tasks, alerts) need a
// transient service with the properties of the profile's, and Run waits for its
// end; a user other than root runs it directly.
func (c runCmd) Run(ctx context.Context, e env) error {
	direct := execCmd{hostFlags: c.hostFlags, Profile: c.Profile, Task: c.Task, Notify: c.Notify, DryRun: c.DryRun}
	switch {
	case c.DryRun:
		return direct.Run(ctx, e)
	case len(c.Task) == 0 && !c.Notify:
		return c.start(ctx, e)
	case host.IsRoot():
		return c.transient(ctx, e)
	}
	return direct.Run(ctx, e)
}

// start starts the profile's service.
func (c runCmd) start(ctx context.Context, e env) error {
	if p, err := c.find(ctx, e); err != nil {
		return err
	} else if p != nil && !p.Enabled {
		fmt.Fprintf(e.stderr, "profile '%s' is disabled, skipping (enabled: false in jobs.yaml; a single task of it: --task TASK)\n", p.Name)
		return nil
	}
	conn, err := systemd.Connect(ctx)
	if err != nil {
		return fmt.Errorf("%w; without systemd: %s", err, e.instance.Command("exec "+c.Profile))
	}
	defer conn.Close()
	unit := e.instance.Service(c.Profile)
	if release, err := systemd.Hold(ctx, unit); err == nil { // else the journal has how the run ended
		defer release()
	}
	run, err := c.begin(ctx, e, conn, unit)
	if ctx.Err() != nil {
		return goesOn(e, journal.Run{Unit: unit})
	}
	if err != nil {
		return err
	}
	if !c.Follow {
		fmt.Fprintf(e.stderr, "run %s%s; see: %s\n", run.Invocation, e.ofInstance(), run.Command())
		return nil
	}
	return follow(ctx, e, run)
}

// find finds the profile; nil if jobs.yaml cannot be read, which the run itself
// reports.
func (c runCmd) find(ctx context.Context, e env) (*montimer.Profile, error) {
	h, err := c.host(e)
	if err != nil {
		return nil, err
	}
	p, err := findProfile(ctx, h, c.Profile)
	var unknown *taskexec.UnknownError
	switch {
	case errors.As(err, &unknown):
		return nil, err
	case err != nil:
		return nil, nil
	}
	return &p, nil
}

// begin starts a run, or finds the running one.
func (c runCmd) begin(ctx context.Context, e env, conn *systemd.Conn, unit string) (journal.Run, error) {
	run := journal.Run{Unit: unit}
	before, err := conn.Service(ctx, unit)
	if err != nil {
		return run, err
	}
	if before.Running() && before.Invocation != "" {
		fmt.Fprintf(e.stderr, "%s is already running: no second run started\n", e.instance.Of(c.Profile))
		run.Invocation = before.Invocation
		return run, nil
	}
	// After a failed run of the timer, systemd 252 keeps $TRIGGER_UNIT until
	// the unit has been inactive: this run would count as one of the timer.
	conn.ResetFailed(ctx, unit)
	job, err := conn.Queue(ctx, unit)
	switch {
	case systemd.IsDenied(err):
		return run, usage(fmt.Errorf("%s: sudo %s, or as the user that tasks run as: %s", strings.TrimSuffix(err.Error(), "."),
			e.instance.Command("run "+c.Profile), e.instance.Command("exec "+c.Profile)))
	case systemd.IsUnknown(err):
		return run, usage(fmt.Errorf("%s has no unit yet: sudo %s", c.Profile, e.instance.Command("apply")))
	case err != nil:
		return run, err
	}
	for result := ""; ; {
		now, err := conn.Service(ctx, unit)
		if err != nil {
			return run, err
		}
		if now.Invocation != "" && now.Invocation != before.Invocation {
			run.Invocation = now.Invocation
			return run, nil
		}
		if result != "" {
			return run, fmt.Errorf("systemd ended the start of %s without a run that can be followed (job: %s): journalctl -eu %[1]s", unit, result)
		}
		select {
		case <-ctx.Done():
			return run, ctx.Err()
		case result = <-job:
		case <-time.After(pollInterval):
		}
	}
}

// transient runs single tasks in a service that systemd-run makes from the
// profile's own: root itself runs nothing.
func (c runCmd) transient(ctx context.Context, e env) error {
	h, err := c.hostWithUser(e)
	if err != nil {
		return err
	}
	p, err := loadProfile(ctx, e, &h, c.Profile, jobsfile.Options{})
	if err != nil {
		return err
	}
	if err := taskexec.KnowsTasks(p, c.Task); err != nil {
		return usage(err)
	}
	p.Enabled = true // Render leaves out the others
	units, err := compiler.Render(h, []montimer.Profile{p})
	if err != nil {
		return usage(err)
	}
	// No profile has a colon in its name; drop-ins for all jobs apply to it too.
	unit := strings.TrimSuffix(e.instance.Service(c.Profile), ".service") + ":tasks.service"
	args := []string{"--quiet", "--collect", "--wait", "--pipe", "--service-type=oneshot", "--unit=" + unit}
	for _, u := range units {
		if u.Name == e.instance.Service(c.Profile) {
			for _, property := range properties(h.Instance, u.Content) {
				args = append(args, "--property="+property)
			}
		}
	}
	args = append(append(args, "--", h.Binary, "exec", c.Profile), taskFlags(c.Task)...)
	if c.Notify {
		args = append(args, "--notify")
	}
	return c.wait(ctx, e, unit, args)
}

// wait runs systemd-run until its service has ended. The service ends with
// montimer, which has its output.
func (c runCmd) wait(ctx context.Context, e env, unit string, args []string) error {
	cmd := exec.CommandContext(ctx, "systemd-run", args...)
	cmd.Stdout, cmd.Stderr = displayed{e.stdout}, displayed{e.stderr}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a ^C of the terminal is for montimer
	cmd.Cancel = func() error {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		return exec.CommandContext(stop, "systemctl", "stop", unit).Run()
	}
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return exitError{code: exitInterrupted}
	case errors.As(err, &exit) && exit.Exited():
		return exitError{code: exit.ExitCode()}
	case err != nil:
		return fmt.Errorf("run %s: %w", unit, err)
	}
	return nil
}

// properties returns the lines of a unit's [Service] section as systemd-run
// takes them: without commands, exit codes and specifiers, and with the /tmp of
// the other services.
func properties(of montimer.Instance, unit string) []string {
	before, section, _ := strings.Cut(unit, "\n[Service]\n")
	var all []string
	for line := range strings.Lines(before) {
		if line = strings.TrimSuffix(line, "\n"); strings.HasSuffix(line, "="+of.Unit("tmp.service")) {
			all = append(all, line)
		}
	}
	for line := range strings.Lines(section) {
		line = strings.TrimSuffix(line, "\n")
		key, _, ok := strings.Cut(line, "=")
		if !ok || line[0] == '#' || slices.Contains([]string{"Type", "ExecStart", "ExecStopPost", "SuccessExitStatus"}, key) {
			continue
		}
		all = append(all, strings.ReplaceAll(line, "%%", "%"))
	}
	return all
}
