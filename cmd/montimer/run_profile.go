package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/taskexec"
)

type runCmd struct {
	hostFlags
	Profile string   `arg:"" help:"Name of the profile."`
	Task    []string `placeholder:"TASK" help:"Only this task, even where it is disabled; may be repeated."`
	Follow  bool     `short:"f" help:"Show what the run says until it ends, and end with its exit code."`
}

// Run starts a run as the timer would: by systemd, as its user, in its sandbox.
// Single tasks run in a service of their own that has all that the profile's
// has, and is seen to its end; a user who is not root runs them itself.
func (c runCmd) Run(ctx context.Context, e env) error {
	if len(c.Task) == 0 {
		return c.start(ctx, e)
	}
	if host.IsRoot() {
		return c.transient(ctx, e)
	}
	return execCmd{hostFlags: c.hostFlags, Profile: c.Profile, Task: c.Task}.Run(ctx, e)
}

// start has systemd start the profile's service.
func (c runCmd) start(ctx context.Context, e env) error {
	conn, err := systemd.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	unit := compiler.ServiceName(c.Profile)
	before, err := conn.Service(ctx, unit)
	if err != nil {
		return err
	}
	if before.Running() {
		fmt.Fprintf(e.stderr, "%s is running already; this starts no second run\n", c.Profile)
		before.Invocation = ""
	} else {
		// After a failed run of the timer, systemd 252 keeps $TRIGGER_UNIT until
		// the unit has been inactive: this run would pass for one of the timer.
		conn.Forgive(ctx, unit)
		if err := conn.Queue(ctx, unit); err != nil {
			return err
		}
	}
	begun, err := conn.Await(ctx, unit, func(s systemd.Service) bool {
		return s.Invocation != "" && s.Invocation != before.Invocation
	})
	if err != nil {
		return err
	}
	if !c.Follow {
		fmt.Fprintf(e.stderr, "run %s; see: journalctl _SYSTEMD_INVOCATION_ID=%[1]s\n", begun.Invocation)
		return nil
	}
	return follow(ctx, e, conn, unit, begun.Invocation)
}

// follow shows the journal of a run until it has ended.
func follow(ctx context.Context, e env, conn *systemd.Conn, unit, invocation string) error {
	reader := journalReader{out: e.stdout, matches: []string{"_SYSTEMD_UNIT=" + unit, "_SYSTEMD_INVOCATION_ID=" + invocation}}
	for {
		ended, err := conn.Service(ctx, unit)
		if err != nil {
			return err
		}
		over := !ended.Running() || ended.Invocation != invocation
		time.Sleep(journalLag)
		if err := reader.show(ctx); err != nil {
			return err
		}
		switch {
		case !over:
		case ended.Invocation != invocation:
			return errors.New("another run has begun: how this one ended is in the history")
		case ended.Signaled:
			return exitError{exitFailed, fmt.Errorf("the run was killed: %s", ended.Result)}
		case ended.ExitCode != 0:
			return exitError{code: ended.ExitCode}
		default:
			return nil
		}
	}
}

// journalReader shows the entries that match, each once.
type journalReader struct {
	out     io.Writer
	matches []string
	cursor  string // of the last entry shown
}

// show prints the entries that are new since the last call. journalctl ends its
// output with the cursor to go on from.
func (j *journalReader) show(ctx context.Context) error {
	args := []string{"--quiet", "--no-pager", "--output=cat", "--show-cursor"}
	if j.cursor != "" {
		args = append(args, "--after-cursor="+j.cursor)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, "journalctl", append(args, j.matches...)...)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	for lines := bufio.NewReader(out); err == nil; {
		var line []byte
		line, err = lines.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			err = nil
		}
		if cursor, ok := bytes.CutPrefix(line, []byte("-- cursor: ")); ok {
			j.cursor = string(bytes.TrimSpace(cursor))
		} else if _, err := (displayed{j.out}).Write(line); err != nil { // nobody follows any more
			cancel()
			cmd.Wait()
			return err
		}
	}
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	return nil
}

// journalLag is how often the journal is read, and how long it may take to have
// the last lines of a run that was killed.
const journalLag = 300 * time.Millisecond

// transient runs single tasks in a service that systemd-run makes from the
// profile's own: root itself runs nothing.
func (c runCmd) transient(ctx context.Context, e env) error {
	h, err := c.hostWithUser(e)
	if err != nil {
		return err
	}
	p, err := loadProfile(ctx, e, &h, c.Profile)
	if err != nil {
		return err
	}
	p.Enabled = true // it need not be, for a person to run it
	units, err := compiler.Render(h, []montimer.Profile{p})
	if err != nil {
		return usage(err)
	}
	// No profile has a colon in its name; drop-ins for all jobs apply to it too.
	unit := strings.TrimSuffix(compiler.ServiceName(c.Profile), ".service") + ":tasks.service"
	args := []string{"--quiet", "--collect", "--wait", "--pipe", "--service-type=oneshot", "--unit=" + unit}
	for _, u := range units {
		if u.Name == compiler.ServiceName(c.Profile) {
			for _, property := range properties(u.Content) {
				args = append(args, "--property="+property)
			}
		}
	}
	args = append(args, "--", h.Binary, "exec", c.Profile)
	for _, t := range c.Task {
		args = append(args, "--task="+t)
	}
	cmd := exec.CommandContext(ctx, "systemd-run", args...)
	cmd.Stdout, cmd.Stderr = displayed{e.stdout}, displayed{e.stderr}
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() {
		return exitError{code: exit.ExitCode()}
	}
	return err
}

// properties returns the lines of a unit's [Service] section as systemd-run
// takes them: all but what to run and what is success, and without specifiers;
// and those that give it the /tmp of the other services.
func properties(unit string) []string {
	before, section, _ := strings.Cut(unit, "\n[Service]\n")
	var all []string
	for line := range strings.Lines(before) {
		if line = strings.TrimSuffix(line, "\n"); strings.HasSuffix(line, "="+compiler.TmpName) {
			all = append(all, line)
		}
	}
	for line := range strings.Lines(section) {
		line = strings.TrimSuffix(line, "\n")
		key, _, ok := strings.Cut(line, "=")
		if !ok || line[0] == '#' || slices.Contains([]string{"Type", "ExecStart", "SuccessExitStatus"}, key) {
			continue
		}
		all = append(all, strings.ReplaceAll(line, "%%", "%"))
	}
	return all
}

// displayed writes to a terminal what another user's processes say.
type displayed struct{ w io.Writer }

func (d displayed) Write(p []byte) (int, error) {
	var text []byte
	for line := range bytes.Lines(p) {
		body, newline := bytes.CutSuffix(line, []byte("\n"))
		if text = taskexec.AppendDisplay(text, body); newline {
			text = append(text, '\n')
		}
	}
	_, err := d.w.Write(text)
	return len(p), err
}
