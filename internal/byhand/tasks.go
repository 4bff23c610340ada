package byhand

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/taskexec"
)

// Tasks runs a profile, with these arguments to exec, in a service that
// systemd-run makes from the profile's own: root itself runs nothing. It waits
// for the end and returns the exit code; the error is that of ctx if it has
// stopped the service, which has its output from this process.
func Tasks(ctx context.Context, h montimer.Host, p montimer.Profile, args []string, stdout, stderr io.Writer) (code int, err error) {
	p.Enabled = true // Render leaves out the others
	units, err := compiler.Render(h, []montimer.Profile{p})
	if err != nil {
		return 0, &taskexec.UsageError{Err: err}
	}
	// No profile has a colon in its name; drop-ins for all jobs apply to it too.
	unit := strings.TrimSuffix(h.Instance.Service(p.Name), ".service") + ":tasks.service"
	line := []string{"--quiet", "--collect", "--wait", "--pipe", "--service-type=oneshot", "--unit=" + unit}
	for _, u := range units {
		if u.Name == h.Instance.Service(p.Name) {
			for _, property := range properties(h.Instance, u.Content) {
				line = append(line, "--property="+property)
			}
		}
	}
	line = append(append(line, "--", h.Binary, "exec", p.Name), args...)
	cmd := exec.CommandContext(ctx, "systemd-run", line...)
	cmd.Stdout, cmd.Stderr = safetext.NewWriter(stdout), safetext.NewWriter(stderr)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a ^C of the terminal is for montimer
	cmd.Cancel = func() error {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		return exec.CommandContext(stop, "systemctl", "stop", unit).Run()
	}
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return 0, ctx.Err()
	case errors.As(err, &exit) && exit.Exited():
		return exit.ExitCode(), nil
	case err != nil:
		return 0, fmt.Errorf("run %s: %w", unit, err)
	}
	return 0, nil
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
