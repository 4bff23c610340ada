package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/byhand"
	"github.com/montimer/montimer/internal/host"
)

// hostFlags are the host's settings as flags; the environment and the config
// file replace missing ones.
type hostFlags struct {
	Jobs     string `group:"host" placeholder:"FILE" help:"The jobs.yaml to read ($$MONTIMER_JOBS; default: jobs.yaml or automation/jobs.yaml in the checkout)."`
	Checkout string `group:"host" placeholder:"DIR" help:"The checkout that tasks run in ($$MONTIMER_CHECKOUT, $$REPO_ROOT; default: the current directory)."`
	StateDir string `group:"host" placeholder:"DIR" help:"Directory for locks and the database ($$MONTIMER_STATE_DIR, $$CACHE_DIR; default: /var/lib/montimer, or ~/.local/state/montimer when not root and run_as is unset)."`
	EnvFile  string `group:"host" placeholder:"FILE" help:"Environment file of the services ($$MONTIMER_ENV_FILE; default: /etc/montimer/env)."`
	RunAs    string `group:"host" placeholder:"USER" help:"User that tasks run as, or USER:GROUP ($$MONTIMER_RUN_AS; default: the calling user; required as root)."`
	Out      string `group:"host" placeholder:"DIR" help:"Directory for the units ($$MONTIMER_UNIT_DIR; default: /usr/local/lib/systemd/system)."`
	Binary   string `group:"host" placeholder:"FILE" help:"The montimer binary that the services start ($$MONTIMER_BINARY; default: this one)."`
}

// given are the settings of the command line and the environment.
func (f hostFlags) given(e env) host.Settings {
	return host.Settings{
		Jobs: f.Jobs, Checkout: f.Checkout, StateDir: f.StateDir, EnvFile: f.EnvFile,
		RunAs: f.RunAs, UnitDir: f.Out, Binary: f.Binary,
		Instance: e.instance,
	}.Or(host.FromEnvironment(e.getenv))
}

// readConfig reads the config file of the instance. Only the default instance
// may lack it: else a mistyped name would be a new instance.
func readConfig(e env) (host.Settings, error) {
	file := e.instance.ConfigFile()
	if _, err := os.Stat(file); e.instance != "" && errors.Is(err, fs.ErrNotExist) {
		return host.Settings{}, fmt.Errorf("there is no instance %s: %s does not exist", e.instance, file)
	}
	return host.ReadConfig(file)
}

// settings merges the flags with the environment and the config file. A service
// has all settings from its unit: a mistake in the file must not stop it.
func (f hostFlags) settings(e env) (host.Settings, error) {
	s := f.given(e)
	if e.getenv("MONTIMER_JOBS") != "" && !host.IsRoot() {
		return s, nil
	}
	config, err := readConfig(e)
	if err != nil && !errors.Is(err, fs.ErrPermission) {
		return host.Settings{}, usage(err)
	}
	return s.Or(config), nil
}

// compileHost resolves the settings that the next compile of this host will
// use: those of the config file. The settings in a service's unit fill the gaps
// only, because they are as old as the unit.
func (f hostFlags) compileHost(e env) (montimer.Host, error) {
	config, err := readConfig(e)
	if err != nil {
		return montimer.Host{}, err
	}
	return resolve(e, config.Or(f.given(e)), true)
}

// host resolves the paths; as root also the user of the tasks, since root
// touches nothing that this user controls.
func (f hostFlags) host(e env) (montimer.Host, error) {
	return f.resolve(e, host.IsRoot())
}

// hostWithUser also resolves the user of the services. Root gets only paths
// that it can rely on.
func (f hostFlags) hostWithUser(e env) (montimer.Host, error) {
	h, err := f.resolve(e, true)
	if err == nil && host.IsRoot() {
		for _, path := range []string{h.Binary, h.Instance.ConfigFile(), h.EnvFile, h.UnitDir} {
			if err := host.Trusted(path); err != nil {
				return montimer.Host{}, usage(err)
			}
		}
	}
	return h, err
}

func (f hostFlags) resolve(e env, withUser bool) (montimer.Host, error) {
	s, err := f.settings(e)
	if err != nil {
		return montimer.Host{}, err
	}
	return resolve(e, s, withUser)
}

func resolve(e env, s host.Settings, withUser bool) (montimer.Host, error) {
	p, err := host.ThisProcess(e.getenv)
	if err != nil {
		return montimer.Host{}, err
	}
	h, err := host.Resolve(p, s)
	if err == nil && withUser {
		h.User, h.Group, err = host.RunAs(p, s)
		h.Home = host.HomeOf(h.User)
	}
	if err != nil {
		return montimer.Host{}, usage(err)
	}
	return h, nil
}

// takeEnvironment gives this process the environment of the services.
func (f hostFlags) takeEnvironment(e env, h montimer.Host) error {
	s, err := f.settings(e)
	if err != nil {
		return err
	}
	return byhand.TakeEnvironment(h, s, func(warning string) { fmt.Fprintln(e.stderr, "warning:", warning) })
}

// becomeUser resolves the host settings. Root becomes the user of the tasks,
// for good: it opens nothing that this user controls.
func (f hostFlags) becomeUser(e env) (montimer.Host, error) {
	h, err := f.host(e)
	if err == nil && host.IsRoot() && h.User != "root" {
		err = host.Become(h.User, h.Group)
	}
	return h, err
}
