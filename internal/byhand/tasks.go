package byhand

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/taskexec"
)

// withBoot replaces the specifier of the boot id (systemd.unit(5)) in the property
// that has it: systemd expands none in those of a transient unit.
func withBoot(property, boot string) string {
	name, specifier := strings.CutSuffix(property, "MONTIMER_BOOT_ID=%b")
	if !specifier || name != "Environment=" {
		return property
	}
	return name + "MONTIMER_BOOT_ID=" + strings.ReplaceAll(strings.TrimSpace(boot), "-", "")
}

// transient returns the command that runs a transient service and waits for its
// end. The end of ctx stops the service.
func transient(ctx context.Context, unit string, args []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "systemd-run", append([]string{"--quiet", "--collect", "--wait", "--pipe", "--service-type=oneshot", "--unit=" + unit}, args...)...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a ^C of the terminal is for montimer
	cmd.Cancel = func() error {
		stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		defer cancel()
		return exec.CommandContext(stop, "systemctl", "stop", unit).Run()
	}
	return cmd
}

// TaskFlags are the flags of exec for single tasks.
func TaskFlags(tasks []string) (flags []string) {
	for _, t := range tasks {
		flags = append(flags, "--task="+t)
	}
	return flags
}

// Tasks runs tasks of a profile, all without any, in a service that systemd-run
// makes from the profile's own: root itself runs nothing. alerts has it send
// alerts. It waits for the end and returns the exit code; the error is that of ctx
// if it has stopped the service, which has its output from this process.
func Tasks(ctx context.Context, h montimer.Host, p montimer.Profile, tasks []string, alerts bool, stdout, stderr io.Writer) (code int, err error) {
	if err := taskexec.KnowsTasks(p, tasks); err != nil {
		return 0, err
	}
	properties, err := compiler.Properties(h, p)
	if err != nil {
		return 0, &taskexec.UsageError{Err: err}
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return 0, fmt.Errorf("read the boot id: %w", err)
	}
	unit := h.Instance.Services(p.Name)[1] // drop-ins for all jobs apply to it too
	var line []string
	for _, property := range properties {
		line = append(line, "--property="+withBoot(property, string(boot)))
	}
	line = append(append(line, "--", h.Binary, "exec", p.Name), TaskFlags(tasks)...)
	if alerts {
		line = append(line, "--notify")
	}
	cmd := transient(ctx, unit, line)
	cmd.Stdout, cmd.Stderr = safetext.NewWriter(stdout), safetext.NewWriter(stderr)
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
