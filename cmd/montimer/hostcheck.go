package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/jobs"
	"github.com/montimer/montimer/internal/jobsfile"
	"github.com/montimer/montimer/internal/safetext"
)

// checkHost reports what would make every run fail: for this host as an error,
// for another host as warnings.
func checkHost(w io.Writer, h montimer.Host, j montimer.Jobs, here bool) error {
	var services []string
	for _, p := range j.Profiles {
		if p.Enabled {
			services = append(services, p.Name)
		}
	}
	if h.Sync.Every > 0 {
		services = append(services, montimer.GitSync)
	}
	for _, warning := range host.RefusedGroups(h, j.Profiles) {
		fmt.Fprintln(w, "warning:", warning)
	}
	problems := host.Hidden(h, services)
	if here {
		problems = append(problems, host.Missing(h, isMissing)...)
		shared, warnings := host.Shared(h, host.Others(h.Instance))
		problems = append(problems, shared...)
		for _, text := range warnings {
			fmt.Fprintln(w, "warning:", text)
		}
		if len(problems) > 0 {
			return usage(errors.New(strings.Join(problems, "\n")))
		}
	}
	for _, p := range problems {
		fmt.Fprintln(w, "warning:", p)
	}
	return nil
}

// isMissing is false for a path that this process may not look at.
func isMissing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// environmentFile reads the environment file of the services, as far as the
// caller may; root reads only one that no other user can change.
func environmentFile(h montimer.Host) (text string, ok bool) {
	if host.IsRoot() && host.Trusted(h.EnvFile) != nil {
		return "", false
	}
	if info, err := os.Stat(h.EnvFile); err != nil || !info.Mode().IsRegular() {
		return "", false
	}
	data, err := os.ReadFile(h.EnvFile)
	return string(data), err == nil
}

// warnEnvironment warns of mistakes in the environment file of the services,
// without showing values.
func warnEnvironment(w io.Writer, h montimer.Host, j montimer.Jobs) {
	warnEnvFile(w, h)
	text, ok := environmentFile(h)
	if !ok {
		return
	}
	for _, mistake := range host.EnvironmentMistakes(text) {
		fmt.Fprintf(w, "warning: %s:%s\n", h.EnvFile, mistake)
	}
	variables := host.Environment(text)
	for _, p := range j.Profiles {
		if p.Enabled && p.Heartbeat != "" && variables[p.Heartbeat] == "" {
			fmt.Fprintf(w, "warning: profile %s, heartbeat: %s is not set in %s, so nothing is pinged\n", p.Name, p.Heartbeat, h.EnvFile)
		}
	}
	warnMode(w, h, variables)
}

// warnMode says that alerts go nowhere, or to the chat for tests.
func warnMode(w io.Writer, h montimer.Host, variables map[string]string) {
	if strings.EqualFold(variables["LOG_LEVEL"], "debug") {
		fmt.Fprintf(w, "warning: NO ALERTS are sent: LOG_LEVEL is DEBUG in %s\n", h.EnvFile)
	} else if variables["TELEGRAM_TEST_CHAT_ID"] != "" {
		fmt.Fprintf(w, "warning: TEST MODE: all alerts go to the test chat: TELEGRAM_TEST_CHAT_ID is set in %s\n", h.EnvFile)
	}
}

// inspectCmd is started by root as the run-as user: it looks at the checkout.
type inspectCmd struct {
	hostFlags
	Synced bool `help:"The checkout is synced."`
}

// Run writes a warning for each thing that would fail for this user at every run.
func (c inspectCmd) Run(ctx context.Context, e env) error {
	h, err := c.hostWithUser(e)
	if err != nil {
		return err
	}
	found, err := jobsfile.MissingScripts(h)
	if err != nil {
		return err
	}
	if err := jobs.WriteText(e.stdout, found, false); err != nil {
		return err
	}
	if c.Synced && exists(filepath.Join(h.Checkout, ".git")) {
		// Only git knows: by the owner, and by safe.directory of its settings.
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		cmd := exec.CommandContext(ctx, "git", "-C", h.Checkout, "rev-parse", "--git-dir")
		cmd.Env = append(os.Environ(), "LC_ALL=C")
		if out, err := cmd.CombinedOutput(); err != nil && strings.Contains(string(out), "dubious ownership") {
			fmt.Fprintf(e.stdout, "warning: the checkout %s belongs to another user, so git refuses every sync: chown -R %s: %[1]s\n", h.Checkout, h.User)
		}
	}
	if exists(h.StateDir) && !strings.HasPrefix(h.StateDir, "/var/lib/") && unix.Access(h.StateDir, unix.W_OK|unix.X_OK) != nil {
		fmt.Fprintf(e.stdout, "warning: %s cannot write the state directory %s: chown -R %[1]s: %[2]s\n", h.User, h.StateDir)
	}
	return nil
}

// inspect runs inspectCmd as the run-as user, and shows its warnings.
func inspect(ctx context.Context, w io.Writer, h montimer.Host, j montimer.Jobs) {
	args := []string{"inspect", "--checkout", h.Checkout, "--jobs", h.JobsFile, "--state-dir", h.StateDir, "--run-as", h.User + ":" + h.Group}
	args = append(args, h.Instance.Flags()...)
	if syncs(h.Sync, j) {
		args = append(args, "--synced")
	}
	out, err := host.RunAsUser(ctx, h.User, h.Group, args...)
	if err != nil {
		fmt.Fprintf(w, "note: cannot look into the checkout: %s\n", safetext.String(err.Error()))
		return
	}
	safetext.NewWriter(w).Write(out)
}
