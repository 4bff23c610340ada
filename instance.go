package montimer

import (
	"fmt"
	"path"
	"slices"
	"strings"
)

// Instance is the name of one of several installations on a machine, each with
// settings, units, state, locks and pauses of its own; "" is the default one.
//
// All names of units, files and directories of an instance are made here. What
// comes after "montimer-" begins, up to the next dash, dot or @, with one of
// reserved for the default instance, and with the name of the instance for
// another, which is none of those and has no dash. So no name is that of two.
type Instance string

// reserved are the names of parts of an instance, now or perhaps later, and
// names that would be ambiguous.
var reserved = []string{
	"alarm", "api", "apply", "backup", "failure", "job", "outbox", "report", "request", "sync", "tmp", "unrecorded",
	"all", "config", "env", "montimer", "pause", "target",
}

// maxInstance keeps the names of units to 255 bytes (systemd.unit(5)): the longest
// is that of the handler of a failed service.
const maxInstance = 32

// ParseInstance checks the name of an instance; "" and "default" are the default one.
func ParseInstance(name string) (Instance, error) {
	if name == "default" {
		return "", nil
	}
	for i := range len(name) {
		if c := name[i]; (c < 'a' || c > 'z') && (i == 0 || c < '0' || c > '9') {
			return "", fmt.Errorf("%.40q cannot be the name of an instance: write a lower-case letter, then lower-case letters and digits", name)
		}
	}
	switch {
	case len(name) > maxInstance:
		return "", fmt.Errorf("%.40q… cannot be the name of an instance: it has more than %d characters", name, maxInstance)
	case slices.Contains(reserved, name):
		return "", fmt.Errorf("%q cannot be the name of an instance: units or files of montimer are called that; choose another name", name)
	}
	return Instance(name), nil
}

// Prefix is "montimer" or "montimer-NAME": the name of the directories below
// /run, /var/lib and /var/cache, and what all names of units begin with.
func (i Instance) Prefix() string {
	if i == "" {
		return "montimer"
	}
	return "montimer-" + string(i)
}

// GitSync takes the place of the profile name for the units of the git syncs.
// No profile can have that name.
const GitSync = "git sync"

// Report is likewise for the units of the daily or weekly report.
const Report = "report of all runs"

// Unit returns the name of a unit that the instance has once, such as
// "outbox.timer", or of a family of units, such as "job-".
func (i Instance) Unit(name string) string { return i.Prefix() + "-" + name }

// Target returns the name of the target that upholds all timers and sockets.
func (i Instance) Target() string { return i.Prefix() + ".target" }

// Timer returns the name of the timer unit of a profile, of [GitSync] or of [Report].
func (i Instance) Timer(profile string) string { return i.pair(profile) + ".timer" }

// Service returns the name of the service unit of a profile, of [GitSync] or of [Report].
func (i Instance) Service(profile string) string { return i.pair(profile) + ".service" }

// Services returns the names of the services that run a profile: its own, and that
// of single tasks by hand. No profile has a colon in its name.
func (i Instance) Services(profile string) []string {
	return []string{i.Service(profile), i.pair(profile) + ":tasks.service"}
}

func (i Instance) pair(profile string) string {
	switch profile {
	case GitSync:
		return i.Unit("sync")
	case Report:
		return i.Unit("report")
	}
	// Keeps the units of profiles apart from others, and lets drop-ins in
	// montimer-job-.service.d apply to the jobs only.
	return i.Prefix() + "-job-" + profile
}

// Cut is the inverse of Unit; ok is false for a unit that is not of the instance,
// as far as the beginning of its name says so.
func (i Instance) Cut(unit string) (name string, ok bool) {
	name, ok = strings.CutPrefix(unit, "montimer-")
	if i != "" && ok {
		if name, ok = strings.CutPrefix(name, string(i)); ok {
			name, ok = strings.CutPrefix(name, "-")
		}
	}
	return name, ok
}

// ProfileOf returns the profile, [GitSync] or [Report], that the unit of a pair is made of;
// ok is false for a unit that is none, or is another instance's.
func (i Instance) ProfileOf(unit string) (profile string, ok bool) {
	pair, ok := strings.CutSuffix(unit, ".timer")
	if !ok {
		pair, ok = strings.CutSuffix(unit, ".service")
	}
	if ok {
		pair, ok = i.Cut(pair)
	}
	switch {
	case !ok:
		return "", false
	case pair == "sync":
		return GitSync, true
	case pair == "report":
		return Report, true
	}
	return strings.CutPrefix(pair, "job-")
}

// IsJobTimer reports whether a unit is the timer of a profile, of [GitSync] or of [Report].
func (i Instance) IsJobTimer(unit string) bool {
	_, ok := i.ProfileOf(unit)
	return ok && strings.HasSuffix(unit, ".timer")
}

// etc is where the settings of all instances are.
const etc = "/etc/montimer"

// file is a file or directory of an instance below etc; the default instance's has
// a name of its own.
func (i Instance) file(usual, suffix string) string {
	if i == "" {
		return path.Join(etc, usual)
	}
	return path.Join(etc, string(i)+suffix)
}

// ConfigFile is where the host's settings are kept.
func (i Instance) ConfigFile() string { return i.file("config.yaml", ".yaml") }

// EnvFile is the environment file of the services where the settings name none.
func (i Instance) EnvFile() string { return i.file("env", ".env") }

// PauseDir holds a file for each profile that is paused. It belongs to root, so
// that no task can silence another.
func (i Instance) PauseDir() string { return i.file("pause", ".pause") }

// StateDir is the state directory where the settings name none.
func (i Instance) StateDir() string { return "/var/lib/" + i.Prefix() }

// CacheDir holds the caches of the tasks.
func (i Instance) CacheDir() string { return "/var/cache/" + i.Prefix() }

// RunDir holds the lock of compile and apply.
func (i Instance) RunDir() string { return "/run/" + i.Prefix() }

// RequestFIFO takes requests for an apply.
func (i Instance) RequestFIFO() string { return "/run/" + i.Prefix() + "-request.fifo" }

// APISocket is the Unix socket of the server.
func (i Instance) APISocket() string { return "/run/" + i.Prefix() + "-api.sock" }

// Command returns a command line of montimer for a message.
func (i Instance) Command(words string) string {
	if i == "" {
		return "montimer " + words
	}
	return "montimer --instance " + string(i) + " " + words
}

// Flags are the flags that select the instance: none, or --instance=NAME.
func (i Instance) Flags() []string {
	if i == "" {
		return nil
	}
	return []string{"--instance=" + string(i)}
}

// Of names a profile for people; "" is the instance itself.
func (i Instance) Of(profile string) string {
	switch {
	case i == "":
		return profile
	case profile == "":
		return string(i)
	}
	return string(i) + "/" + profile
}

// LastGoodDir is the directory, in the state directory, of the copies that runs keep of
// their profiles.
const LastGoodDir = "last-good"
