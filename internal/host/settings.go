// Package host resolves the host settings: from flags, the environment and
// /etc/montimer/config.yaml, in that order. Read settings.go, config.go,
// resolve.go and source.go first, then trust.go and paths.go (paths that root relies on),
// become.go and child.go (running as another user), environ.go, envfile.go
// and sending.go (the environment of what is started by hand), pause.go and lock.go.
package host

import "github.com/montimer/montimer"

// Settings are the host's settings as they were given; "" is not given.
type Settings struct {
	Instance montimer.Instance // not in the config file: it selects the file

	Jobs      string
	Checkout  string
	StateDir  string
	EnvFile   string
	RunAs     string
	UnitDir   string
	Binary    string
	Timezone  string
	AllowRoot bool

	Sync           Sync
	Sandbox        sandboxes
	Limits         limits
	Umask          string
	Write          writable
	Capacity       montimer.Capacity
	SystemdVersion int // without effect: the units are the same for every systemd
}

// Variables are the names of the variables that FromEnvironment reads.
func Variables() (names []string) {
	FromEnvironment(func(name string) string { names = append(names, name); return "" })
	return names
}

// FromEnvironment reads the settings from variables. The second name of a pair
// is that of the Python runner.
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

// Or fills the missing settings of s from t.
func (s Settings) Or(t Settings) Settings {
	fill := func(to *string, from string) {
		if *to == "" {
			*to = from
		}
	}
	if s.Instance == "" {
		s.Instance = t.Instance
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
	if s.Umask == "" {
		s.Umask = t.Umask
	}
	if s.Write == nil {
		s.Write = t.Write
	}
	if s.Capacity == (montimer.Capacity{}) {
		s.Capacity = t.Capacity
	}
	if s.SystemdVersion == 0 {
		s.SystemdVersion = t.SystemdVersion
	}
	return s
}
