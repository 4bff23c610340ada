// Package host resolves the host settings: from flags, the environment and
// /etc/montimer/config.yaml, in that order. Read settings.go, keys.go,
// config.go, resolve.go and source.go first, then trust.go and paths.go (paths that root
// relies on), become.go and child.go (running as another user), environ.go, envfile.go
// and sending.go (the environment of what is started by hand), pause.go and lock.go.
package host

import (
	"cmp"
	"strings"

	"github.com/montimer/montimer"
)

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
	Serve          montimer.Serve
	Backup         montimer.Backup
	Sandbox        sandboxes
	Limits         limits
	Umask          string
	Write          writable
	Capacity       montimer.Capacity
	SystemdVersion int // without effect: the units are the same for every systemd
}

// fields splits a list at blanks; nil: it is empty.
func fields(list string) []string {
	if words := strings.Fields(list); len(words) > 0 {
		return words
	}
	return nil
}

// Or fills the missing settings of s from t.
func (s Settings) Or(t Settings) Settings {
	s.Instance = cmp.Or(s.Instance, t.Instance)
	s.Jobs = cmp.Or(s.Jobs, t.Jobs)
	s.Checkout = cmp.Or(s.Checkout, t.Checkout)
	s.StateDir = cmp.Or(s.StateDir, t.StateDir)
	s.EnvFile = cmp.Or(s.EnvFile, t.EnvFile)
	s.RunAs = cmp.Or(s.RunAs, t.RunAs)
	s.UnitDir = cmp.Or(s.UnitDir, t.UnitDir)
	s.Binary = cmp.Or(s.Binary, t.Binary)
	s.Timezone = cmp.Or(s.Timezone, t.Timezone)
	s.Sync.Remote = cmp.Or(s.Sync.Remote, t.Sync.Remote)
	s.Sync.Branch = cmp.Or(s.Sync.Branch, t.Sync.Branch)
	s.Sync.Every = cmp.Or(s.Sync.Every, t.Sync.Every)
	s.Sync.Timeout = cmp.Or(s.Sync.Timeout, t.Sync.Timeout)
	s.Serve = orServe(s.Serve, t.Serve)
	s.Backup = orBackup(s.Backup, t.Backup)
	s.Umask = cmp.Or(s.Umask, t.Umask)
	s.Capacity = cmp.Or(s.Capacity, t.Capacity)
	s.SystemdVersion = cmp.Or(s.SystemdVersion, t.SystemdVersion)
	s.AllowRoot = s.AllowRoot || t.AllowRoot
	if s.Sandbox == nil {
		s.Sandbox = t.Sandbox
	}
	if s.Limits == nil {
		s.Limits = t.Limits
	}
	if s.Write == nil {
		s.Write = t.Write
	}
	return s
}
