package main

import (
	"github.com/montimer/montimer/internal/host"
)

// The host's settings as flags, for the commands that use them; the environment
// and the config file replace missing ones. Their group is [manual.HostGroup].

// readFlags are for commands that read jobs.yaml.
type readFlags struct {
	Jobs     string `group:"host" placeholder:"FILE" help:"The jobs.yaml to read ($$MONTIMER_JOBS; default: jobs.yaml or automation/jobs.yaml in the checkout)."`
	Checkout string `group:"host" placeholder:"DIR" help:"The checkout that tasks run in ($$MONTIMER_CHECKOUT, $$REPO_ROOT; default: the current directory)."`
	userFlag
}

type userFlag struct {
	RunAs string `group:"host" placeholder:"USER" help:"User that tasks run as, or USER:GROUP ($$MONTIMER_RUN_AS; default: the calling user; required as root)."`
}

type envFlag struct {
	EnvFile string `group:"host" placeholder:"FILE" help:"Environment file of the services ($$MONTIMER_ENV_FILE; default: /etc/montimer/env)."`
}

type stateFlag struct {
	StateDir string `group:"host" placeholder:"DIR" help:"Directory for locks and the database ($$MONTIMER_STATE_DIR, $$CACHE_DIR; default: /var/lib/montimer, or ~/.local/state/montimer when not root and run_as is unset)."`
}

// stateFlags are for commands that open the database.
type stateFlags struct {
	stateFlag
	userFlag
}

// runFlags are for commands that run tasks or git.
type runFlags struct {
	readFlags
	stateFlag
	envFlag
}

// hostFlags are for commands that make units.
type hostFlags struct {
	runFlags
	Out    string `group:"host" placeholder:"DIR" help:"Directory for the units ($$MONTIMER_UNIT_DIR; default: /usr/local/lib/systemd/system)."`
	Binary string `group:"host" placeholder:"FILE" help:"The montimer binary that the services start ($$MONTIMER_BINARY; default: this one)."`
}

func (f readFlags) given() host.Settings {
	return host.Settings{Jobs: f.Jobs, Checkout: f.Checkout, RunAs: f.RunAs}
}

func (f stateFlags) given() host.Settings {
	return host.Settings{StateDir: f.StateDir, RunAs: f.RunAs}
}

func (f runFlags) given() host.Settings {
	s := f.readFlags.given()
	s.StateDir, s.EnvFile = f.StateDir, f.EnvFile
	return s
}

func (f hostFlags) given() host.Settings {
	s := f.runFlags.given()
	s.UnitDir, s.Binary = f.Out, f.Binary
	return s
}
