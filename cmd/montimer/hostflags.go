package main

import (
	"github.com/montimer/montimer/internal/host"
)

// The host's settings as flags, for the commands that use them; the environment
// and the config file replace missing ones. Their group is [manual.HostGroup], their
// help that of the settings ([host.Keys]).

// readFlags are for commands that read jobs.yaml.
type readFlags struct {
	Jobs     string `group:"host" placeholder:"FILE" help:"${host_jobs}"`
	Checkout string `group:"host" placeholder:"DIR" help:"${host_checkout}"`
	userFlag
}

type userFlag struct {
	RunAs string `group:"host" placeholder:"USER" help:"${host_run_as}"`
}

type envFlag struct {
	EnvFile string `group:"host" placeholder:"FILE" help:"${host_env_file}"`
}

type stateFlag struct {
	StateDir string `group:"host" placeholder:"DIR" help:"${host_state_dir}"`
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
	Out    string `group:"host" placeholder:"DIR" help:"${host_unit_dir}"`
	Binary string `group:"host" placeholder:"FILE" help:"${host_binary}"`
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
