// Package host finds out what the owner of the machine has decided: from
// flags, the environment and /etc/montimer/config.yaml, in that order.
package host

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"gopkg.in/yaml.v3"
)

// ConfigFile is where the host's settings are kept.
const ConfigFile = "/etc/montimer/config.yaml"

// Settings are the host's settings as they were given; "" is not given.
type Settings struct {
	Jobs      string `yaml:"jobs"`
	Checkout  string `yaml:"checkout"`
	StateDir  string `yaml:"state_dir"`
	EnvFile   string `yaml:"env_file"`
	RunAs     string `yaml:"run_as"`
	UnitDir   string `yaml:"unit_dir"`
	Binary    string `yaml:"binary"`
	Timezone  string `yaml:"timezone"`
	AllowRoot bool   `yaml:"allow_root"`

	Sync           Sync      `yaml:"sync"`
	Sandbox        sandboxes `yaml:"sandbox"`
	Limits         limits    `yaml:"limits"`
	SystemdVersion int       `yaml:"systemd_version"`
}

// FromEnvironment reads the settings that variables give. The second name of a
// pair is the one that the Python runner knew.
func FromEnvironment(getenv func(string) string) Settings {
	first := func(names ...string) string {
		for _, name := range names {
			if v := getenv(name); v != "" {
				return v
			}
		}
		return ""
	}
	return Settings{
		Jobs:     first("MONTIMER_JOBS"),
		Checkout: first("MONTIMER_CHECKOUT", "REPO_ROOT"),
		StateDir: first("MONTIMER_STATE_DIR", "CACHE_DIR"),
		EnvFile:  first("MONTIMER_ENV_FILE"),
		RunAs:    first("MONTIMER_RUN_AS"),
		UnitDir:  first("MONTIMER_UNIT_DIR"),
		Binary:   first("MONTIMER_BINARY"),
		Timezone: first("MONTIMER_TIMEZONE"),
		Sync: Sync{
			Remote:  first("MONTIMER_SYNC_REMOTE"),
			Branch:  first("MONTIMER_SYNC_BRANCH"),
			Timeout: first("MONTIMER_SYNC_TIMEOUT"),
		},
	}
}

// ReadConfig reads a config file. One that does not exist gives no settings.
// The error is [fs.ErrPermission] for one that the caller may not read.
func ReadConfig(path string) (Settings, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Settings{}, nil
	}
	if err != nil {
		return Settings{}, fmt.Errorf("read the host's settings: %w", err)
	}
	var s Settings
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&s); err != nil && !errors.Is(err, io.EOF) {
		return Settings{}, fmt.Errorf("%s: %w", path, err)
	}
	if err := s.absolute(data); err != nil {
		return Settings{}, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

// absolute refuses a relative path in a config file, of which data is the text:
// a service has another current directory than a person.
func (s Settings) absolute(data []byte) error {
	var at map[string]yaml.Node
	if err := yaml.Unmarshal(data, &at); err != nil {
		return err
	}
	for _, p := range []struct{ key, value string }{
		{"jobs", s.Jobs},
		{"checkout", s.Checkout},
		{"state_dir", s.StateDir},
		{"env_file", s.EnvFile},
		{"unit_dir", s.UnitDir},
		{"binary", s.Binary},
	} {
		if p.value != "" && !filepath.IsAbs(p.value) {
			return fmt.Errorf("line %d: %s: %q is relative, and a service has another current directory than you: write the whole path, from / on",
				at[p.key].Line, p.key, p.value)
		}
	}
	return nil
}

// Or fills what s leaves open from t.
func (s Settings) Or(t Settings) Settings {
	fill := func(to *string, from string) {
		if *to == "" {
			*to = from
		}
	}
	fill(&s.Jobs, t.Jobs)
	fill(&s.Checkout, t.Checkout)
	fill(&s.StateDir, t.StateDir)
	fill(&s.EnvFile, t.EnvFile)
	fill(&s.RunAs, t.RunAs)
	fill(&s.UnitDir, t.UnitDir)
	fill(&s.Binary, t.Binary)
	fill(&s.Timezone, t.Timezone)
	fill(&s.Sync.Remote, t.Sync.Remote)
	fill(&s.Sync.Branch, t.Sync.Branch)
	fill(&s.Sync.Every, t.Sync.Every)
	fill(&s.Sync.Timeout, t.Sync.Timeout)
	s.AllowRoot = s.AllowRoot || t.AllowRoot
	if s.Sandbox == nil {
		s.Sandbox = t.Sandbox
	}
	if s.Limits == nil {
		s.Limits = t.Limits
	}
	if s.SystemdVersion == 0 {
		s.SystemdVersion = t.SystemdVersion
	}
	return s
}
