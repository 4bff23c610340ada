package compiler

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/unitfile"
)

// hostView is the part of a view that all services share.
type hostView struct {
	Binary, User, Group, Checkout, EnvFile text

	Environment    []text
	StateDirectory []text // below /var/lib: systemd makes it
	Agents         []text // sockets of agents in the home directory
	Name           text   // what units, directories and the like begin with
	Instance       text   // "": the default one
	Umask          text

	// Of the units that are there once.
	Frozen     []text // MONTIMER_ variables of the state directory
	State      text   // the state directory, which may be missing
	HelperHome text   // ProtectHome=
	UnitDirs   []text // where an apply writes units

	// Of the server.
	Listen      text
	SocketGroup text
	Serving     []text // variables
	ServerHome  text   // ProtectHome=

	// Of the backups.
	BackupDir, BackupEvery, BackupKeep text

	host     montimer.Host
	limits   map[string][]limit
	writable map[string][]text
}

// limit is a directive whose name is the host's choice too.
type limit struct {
	Directive keyword
	Value     text
}

// stateRoot is where StateDirectory= makes directories (systemd.exec(5)).
const stateRoot = "/var/lib/"

// agentsOf lists where the agents of ssh and GnuPG listen in a home directory
// (ssh-agent(1) of OpenSSH 10.1, gpg-agent(1)). With the agent of a login
// session, a task could use keys that it cannot read.
func agentsOf(home string) []string {
	if home == "" || home == "/" {
		return nil
	}
	return []string{
		filepath.Join(home, ".ssh/agent"),
		filepath.Join(home, ".gnupg/S.gpg-agent"),
		filepath.Join(home, ".gnupg/S.gpg-agent.ssh"),
	}
}

// unitDirs lists the directories that units are usually written to, and own where
// systemd reads units there. Any other one holds units for another host, on which
// they may be in either.
func unitDirs(own string) []string {
	dirs := []string{"/usr/local/lib/systemd/system", "/etc/systemd/system"}
	if slices.Contains(unitfile.UnitPath(), own) && !slices.Contains(dirs, own) {
		dirs = append(dirs, own)
	}
	return dirs
}

// newHostView escapes the host settings. Its error names every setting that no
// unit can express.
func newHostView(h montimer.Host) (hostView, error) {
	var e escaper
	v := hostView{
		Binary:   e.text("binary", program, h.Binary),
		User:     e.text("run-as user", account, h.User),
		Group:    e.text("run-as group", account, h.Group),
		Checkout: e.text("checkout", directory, h.Checkout),
		EnvFile:  e.text("env file", envFile, h.EnvFile),
		Umask:    e.text("umask", octal, cmp.Or(h.Umask, montimer.DefaultUmask)),
		Name:     e.text("instance", unitPrefix, string(h.Instance)),
		Instance: text(h.Instance),
		host:     h,
		limits:   e.limits(h.Limits),
	}
	e.text("jobs file", path, h.JobsFile)
	e.text("state directory", directory, h.StateDir)
	e.sandboxes(h.Sandboxes)
	if e.err() != nil {
		return hostView{}, e.err()
	}
	v.Environment = e.variables(ServiceEnv(h))
	v.Frozen = e.variables(slices.Concat(instanceEnv(h), []montimer.EnvVar{{Name: "MONTIMER_JOBS", Value: h.JobsFile},
		{Name: "MONTIMER_CHECKOUT", Value: h.Checkout}, {Name: "MONTIMER_STATE_DIR", Value: h.StateDir}}, publicEnv(h.Serve), backupEnv(h.Backup)))
	v.directories(&e, h)
	v.server(&e, h)
	v.backups(&e, h.Backup)
	return v, e.err()
}

// server sets what the units of the server have. It also reads jobs.yaml.
func (v *hostView) server(e *escaper, h montimer.Host) {
	if !h.Serve.Enabled {
		return
	}
	v.Listen = e.text("serve: listen", listenAt, cmp.Or(h.Serve.Listen, montimer.DefaultListen))
	v.SocketGroup = v.Group
	if h.Serve.SocketGroup != "" {
		v.SocketGroup = e.text("serve: socket_group", account, h.Serve.SocketGroup)
	}
	v.Serving = e.variables(append(serveEnv(h.Serve), montimer.EnvVar{Name: "MONTIMER_ENV_FILE", Value: h.EnvFile}, montimer.EnvVar{Name: "MONTIMER_UNIT_DIR", Value: h.UnitDir}))
	v.ServerHome = v.HelperHome
	if belowHome(h.Checkout) {
		v.ServerHome = "read-only"
	}
}

// backups sets what the units of the backups have.
func (v *hostView) backups(e *escaper, b montimer.Backup) {
	if b.Dir == "" {
		return
	}
	v.BackupDir = e.text("backup: dir", optional, b.Dir)
	v.BackupEvery = e.text("backup: every", line, calendar.FormatSpan(b.Every))
	v.BackupKeep = e.text("backup: keep", name, strconv.Itoa(b.Keep))
}

// backupEnv says where the owner of the state is named.
func backupEnv(b montimer.Backup) []montimer.EnvVar {
	if b.Dir == "" {
		return nil
	}
	return []montimer.EnvVar{{Name: "MONTIMER_BACKUP_DIR", Value: b.Dir}}
}

// serveEnv has the settings of the server, besides the one that digests need, too.
func serveEnv(s montimer.Serve) (env []montimer.EnvVar) {
	for _, v := range []montimer.EnvVar{
		{Name: "MONTIMER_SERVE_HOSTS", Value: strings.Join(s.Hosts, " ")},
		{Name: "MONTIMER_SERVE_BASE_PATH", Value: s.BasePath},
		{Name: "MONTIMER_SERVE_COMMIT_URL", Value: s.CommitURL},
		{Name: "MONTIMER_SERVE_TOKEN_FILE", Value: s.TokenFile},
	} {
		if v.Value != "" {
			env = append(env, v)
		}
	}
	return env
}

// publicEnv is for links in alerts.
func publicEnv(s montimer.Serve) []montimer.EnvVar {
	if s.PublicURL == "" {
		return nil
	}
	return []montimer.EnvVar{{Name: "MONTIMER_SERVE_PUBLIC_URL", Value: s.PublicURL}}
}

// variables escapes variables for Environment=.
func (e *escaper) variables(env []montimer.EnvVar) (words []text) {
	for _, variable := range env {
		words = append(words, e.text("environment", word, variable.Name+"="+variable.Value))
	}
	return words
}

// directories sets what services may write, and what they may not see.
func (v *hostView) directories(e *escaper, h montimer.Host) {
	always := []text{e.text("checkout", word, h.Checkout)}
	v.State = e.text("state directory", word, "-"+h.StateDir)
	v.HelperHome = "yes"
	if belowHome(h.Binary) || belowHome(h.StateDir) || belowHome(h.Backup.Dir) {
		v.HelperHome = "read-only"
	}
	for _, dir := range unitDirs(h.UnitDir) {
		v.UnitDirs = append(v.UnitDirs, e.text("unit directory", optional, dir))
	}
	for _, agent := range agentsOf(h.Home) {
		if path, err := optional(agent); err == nil {
			v.Agents = append(v.Agents, path)
		}
	}
	if name, ok := strings.CutPrefix(h.StateDir, stateRoot); ok {
		v.StateDirectory = []text{e.text("state directory", stateName, name)}
	} else {
		always = append(always, e.text("state directory", word, h.StateDir))
	}
	v.writable = e.writable(always, h.Writable)
}

// ServiceEnv returns the environment that a service gives to `montimer exec`:
// the host's settings, and what monitoring scripts have always been given. The
// environment file of the services comes after it and wins.
func ServiceEnv(h montimer.Host) []montimer.EnvVar {
	env := []montimer.EnvVar{
		{Name: "MONTIMER_JOBS", Value: h.JobsFile},
		{Name: "MONTIMER_CHECKOUT", Value: h.Checkout},
		{Name: "REPO_ROOT", Value: h.Checkout},
		{Name: "MONTIMER_STATE_DIR", Value: h.StateDir},
		{Name: "MONTIMER_ENV_FILE", Value: h.EnvFile},
		{Name: "CACHE_DIR", Value: h.StateDir},
		{Name: "PATH", Value: filepath.Join(h.Checkout, ".venv/bin") + ":/usr/local/bin:/usr/bin:/bin"},
		{Name: "LOG_LEVEL", Value: "INFO"},
		{Name: "PYTHONUNBUFFERED", Value: "1"},
	}
	if h.Timezone != "" {
		env = append(env, montimer.EnvVar{Name: "MONTIMER_TIMEZONE", Value: h.Timezone})
	}
	return slices.Concat(env, instanceEnv(h), syncEnv(h.Sync), publicEnv(h.Serve), backupEnv(h.Backup))
}

// instanceEnv names the instance where it is not the default one.
func instanceEnv(h montimer.Host) []montimer.EnvVar {
	if h.Instance == "" {
		return nil
	}
	return []montimer.EnvVar{{Name: "MONTIMER_INSTANCE", Value: string(h.Instance)}}
}

// syncEnv has the settings of the git sync that the host sets.
func syncEnv(s montimer.Sync) (env []montimer.EnvVar) {
	usual := montimer.DefaultSync()
	if s.Remote != "" && s.Remote != usual.Remote {
		env = append(env, montimer.EnvVar{Name: "MONTIMER_SYNC_REMOTE", Value: s.Remote})
	}
	if s.Branch != "" && s.Branch != usual.Branch {
		env = append(env, montimer.EnvVar{Name: "MONTIMER_SYNC_BRANCH", Value: s.Branch})
	}
	if s.Timeout != 0 && s.Timeout != usual.Timeout {
		env = append(env, montimer.EnvVar{Name: "MONTIMER_SYNC_TIMEOUT", Value: calendar.FormatSpan(s.Timeout)})
	}
	return env
}

// limits escapes the limits of each profile that is named, and of all others,
// with the defaults where they say nothing.
func (e *escaper) limits(given map[string][]montimer.Limit) map[string][]limit {
	escaped := map[string][]limit{}
	for profile := range perProfile(given) {
		list := slices.Clone(given[profile])
		for _, usual := range montimer.DefaultLimits() {
			if !slices.ContainsFunc(list, func(l montimer.Limit) bool { return l.Directive == usual.Directive }) {
				list = append(list, usual)
			}
		}
		for _, l := range list {
			how := quantity
			if l.Directive == "Environment" { // a limit that exec holds to
				how = word
			}
			escaped[profile] = append(escaped[profile], limit{
				keyword(e.text("limits of "+profile, directive, l.Directive)),
				e.text("limits of "+profile+", "+l.Directive, how, l.Value),
			})
		}
	}
	return escaped
}

// writable lists what the profiles that are named, and all others, may write:
// what they always may, and what the host has added for them.
func (e *escaper) writable(always []text, added map[string][]string) map[string][]text {
	lists := map[string][]text{}
	for profile := range perProfile(added) {
		lists[profile] = slices.Clone(always)
		paths := added[montimer.AllOthers]
		if profile != montimer.AllOthers {
			paths = slices.Concat(paths, added[profile])
		}
		for _, path := range paths {
			lists[profile] = append(lists[profile], e.text("write of "+profile, optional, path))
		}
	}
	return lists
}

// reachable refuses paths that the sandbox strict hides: systemd ignores that
// they are to be writable.
func (e *escaper) reachable(lists ...[]string) {
	for _, path := range slices.Concat(lists...) {
		if belowHome(path) {
			e.errs = append(e.errs, fmt.Errorf("write: the sandbox strict hides %s: choose the sandbox default for this profile, or a path that is not below /home or /root", path))
		}
	}
}

// belowHome reports whether ProtectHome=yes hides the path (systemd.exec(5)).
func belowHome(path string) bool {
	return path == "/home" || path == "/root" || strings.HasPrefix(path, "/home/") || strings.HasPrefix(path, "/root/")
}

// perProfile yields the profiles that a setting names, sorted, and AllOthers.
func perProfile[T any](setting map[string]T) iter.Seq[string] {
	names := append(slices.Collect(maps.Keys(setting)), montimer.AllOthers)
	slices.Sort(names)
	return slices.Values(slices.Compact(names))
}

func (e *escaper) sandboxes(given map[string]montimer.Sandbox) {
	for _, profile := range slices.Sorted(maps.Keys(given)) {
		switch s := given[profile]; s {
		case montimer.SandboxStrict, montimer.SandboxDefault, montimer.SandboxHost:
		default:
			e.errs = append(e.errs, fmt.Errorf("sandbox of %s: there is none called %.40q", profile, s))
		}
	}
}

// of is the value of a setting for a profile.
func of[T any](setting map[string]T, profile string) T {
	if value, ok := setting[profile]; ok {
		return value
	}
	return setting[montimer.AllOthers]
}
