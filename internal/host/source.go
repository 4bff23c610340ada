package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/montimer/montimer"
)

// Source is where the settings of a host come from: first the flags, then the
// environment, then the config file of the instance.
type Source struct {
	Instance montimer.Instance
	Flags    Settings
	Getenv   func(string) string
}

// given are the settings of the flags and the environment.
func (s Source) given() Settings {
	flags := s.Flags
	flags.Instance = s.Instance
	return flags.Or(FromEnvironment(s.Getenv))
}

// Settings merges all. A service has all settings from its unit: a mistake in
// the file must not stop it.
func (s Source) Settings() (Settings, error) {
	given := s.given()
	if s.Getenv("MONTIMER_JOBS") != "" && !IsRoot() {
		return given, nil
	}
	config, err := ConfigOf(s.Instance)
	if err != nil && !errors.Is(err, fs.ErrPermission) {
		return Settings{}, err
	}
	return given.Or(config), nil
}

// ConfigOf reads the config file of an instance. Only the default instance may
// lack it: else a mistyped name would be a new instance.
func ConfigOf(of montimer.Instance) (Settings, error) {
	file := of.ConfigFile()
	if _, err := os.Stat(file); of != "" && errors.Is(err, fs.ErrNotExist) {
		return Settings{}, fmt.Errorf("there is no instance %s: %s does not exist", of, file)
	}
	return ReadConfig(file)
}

// Paths resolves the host without the user of the tasks.
func (s Source) Paths() (montimer.Host, error) { return s.host(false) }

// Host resolves the paths; as root also the user of the tasks, since root
// touches nothing that this user controls.
func (s Source) Host() (montimer.Host, error) { return s.host(IsRoot()) }

// WithUser resolves the paths and the user of the services. Root gets only paths
// that it can rely on.
func (s Source) WithUser() (montimer.Host, error) {
	h, err := s.host(true)
	if err == nil && IsRoot() {
		for _, path := range []string{h.Binary, h.Instance.ConfigFile(), h.EnvFile, h.UnitDir} {
			if err := Trusted(path); err != nil {
				return montimer.Host{}, err
			}
		}
	}
	return h, err
}

// AsIs is WithUser for a look: root also gets paths that it cannot rely on.
func (s Source) AsIs() (montimer.Host, error) { return s.host(true) }

// ForUnits resolves the host that the next compile makes units for: with the
// settings of the config file. Those in a service's unit fill the gaps only,
// because they are as old as the unit.
func (s Source) ForUnits() (montimer.Host, error) {
	config, err := ConfigOf(s.Instance)
	if err != nil {
		return montimer.Host{}, err
	}
	return resolve(s.Getenv, config.Or(s.given()), true)
}

// Serving resolves the host that a server shows, as commands by hand show it: with the
// settings that the config file has now. While that has a mistake they are those of
// the server's unit, and why says so.
func (s Source) Serving() (h montimer.Host, why string, err error) {
	if s.Getenv("MONTIMER_JOBS") == "" || IsRoot() { // by hand
		h, err = s.Host()
		return h, "", err
	}
	config, err := ConfigOf(s.Instance)
	if err != nil {
		h, failed := s.Host()
		return h, "the settings are those of the last apply: " + err.Error(), failed
	}
	h, err = resolve(s.Getenv, config.Or(s.given()), false)
	return h, "", err
}

func (s Source) host(withUser bool) (montimer.Host, error) {
	settings, err := s.Settings()
	if err != nil {
		return montimer.Host{}, err
	}
	return resolve(s.Getenv, settings, withUser)
}

func resolve(getenv func(string) string, s Settings, withUser bool) (montimer.Host, error) {
	p, err := ThisProcess(getenv)
	if err != nil {
		return montimer.Host{}, err
	}
	h, err := Resolve(p, s)
	if err == nil && withUser {
		h.User, h.Group, err = RunAs(p, s)
		h.Home = HomeOf(h.User)
	}
	if err != nil {
		return montimer.Host{}, err
	}
	return h, nil
}
