package host

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/montimer/montimer"
)

// DefaultUnitDir is for units that the administrator installs, and leaves /etc to
// their overrides (systemd.unit(5)).
const DefaultUnitDir = "/usr/local/lib/systemd/system"

// Process describes the running process for Resolve.
type Process struct {
	Root        bool   // effective user id 0
	User        string // name of the caller
	Dir         string // current directory, absolute
	Executable  string // absolute
	Home        string
	StateHome   string // $XDG_STATE_HOME
	LookupGroup func(user string) (group string, err error)
	RegularFile func(path string) bool
}

// ThisProcess describes the running process.
func ThisProcess(getenv func(string) string) (Process, error) {
	dir, err := os.Getwd()
	if errors.Is(err, fs.ErrPermission) { // as after `runuser -u deploy` in /root
		dir, err = os.Readlink("/proc/self/cwd")
	}
	if err != nil {
		return Process{}, fmt.Errorf("find the current directory: %w", err)
	}
	executable, err := os.Executable()
	if err != nil {
		return Process{}, fmt.Errorf("find the running executable: %w", err)
	}
	p := Process{
		Root:        os.Geteuid() == 0,
		Dir:         dir,
		Executable:  executable,
		Home:        getenv("HOME"),
		StateHome:   getenv("XDG_STATE_HOME"),
		LookupGroup: primaryGroup,
		RegularFile: func(path string) bool { fi, err := os.Stat(path); return err == nil && fi.Mode().IsRegular() },
	}
	if u, err := user.Current(); err == nil {
		p.User = u.Username
	}
	return p, nil
}

func checkSettings(p Process, s Settings) error {
	if s.StateDir == "" && !p.Root && s.RunAs == "" && p.StateHome == "" && p.Home == "" {
		return fmt.Errorf("no place for the state directory: neither $HOME nor $XDG_STATE_HOME is set: set MONTIMER_STATE_DIR, or state_dir in %s", s.Instance.ConfigFile())
	}
	if s.Timezone != "" {
		if _, err := time.LoadLocation(s.Timezone); err != nil {
			return fmt.Errorf("timezone of the host's settings: %w", err)
		}
	}
	return nil
}

// Resolve resolves the host settings, except the user of the tasks. Root does
// not look into the checkout of another user: a jobs file that is not set stays
// open until the run-as user has found it.
func Resolve(p Process, s Settings) (montimer.Host, error) {
	sync, err := s.Sync.resolve()
	if err != nil {
		return montimer.Host{}, fmt.Errorf("sync of the host's settings: %w", err)
	}
	if err := checkSettings(p, s); err != nil {
		return montimer.Host{}, err
	}
	h := montimer.Host{
		Instance:  s.Instance,
		Checkout:  p.abs(s.Checkout, p.Dir),
		EnvFile:   p.abs(s.EnvFile, s.Instance.EnvFile()),
		UnitDir:   p.abs(s.UnitDir, DefaultUnitDir),
		Binary:    p.abs(s.Binary, p.Executable),
		StateDir:  p.abs(s.StateDir, p.defaultStateDir(s)),
		Timezone:  s.Timezone,
		AllowRoot: s.AllowRoot,
		Sync:      sync,
		Serve:     s.Serve,
		Backup:    resolveBackup(s.Backup),

		Sandboxes: s.Sandbox,
		Limits:    s.Limits,
		Capacity:  cmp.Or(s.Capacity, montimer.DefaultCapacity()),
		Umask:     s.Umask,
		Writable:  s.Write,
	}
	switch {
	case s.Jobs != "":
		h.JobsFile = p.abs(s.Jobs, "")
	case !p.Root || s.tasksAsRoot():
		h.JobsFile = p.defaultJobsFile(h.Checkout)
	}
	return h, errors.Join(checkWritable(h), checkBackup(h))
}

// tasksAsRoot reports whether tasks run as root, and are allowed to.
func (s Settings) tasksAsRoot() bool {
	name, _, _ := strings.Cut(s.RunAs, ":")
	return s.AllowRoot && IsRootName(name)
}

// IsRootName reports whether the user that tasks run as is root.
func IsRootName(name string) bool { return name == "root" || name == "0" }

// RunAs returns the user and the group that the services run as.
func RunAs(p Process, s Settings) (userName, group string, err error) {
	userName, group, _ = strings.Cut(s.RunAs, ":")
	if userName == "" {
		if p.Root {
			return "", "", fmt.Errorf("running as root: set the user of the tasks with --run-as USER, or run_as: in %s", s.Instance.ConfigFile())
		}
		userName = p.User
	}
	if IsRootName(userName) {
		if !s.AllowRoot {
			return "", "", fmt.Errorf("tasks do not run as root: name another user with --run-as, or set allow_root: true in %s", s.Instance.ConfigFile())
		}
	}
	if group == "" {
		if group, err = p.LookupGroup(userName); err != nil {
			return "", "", fmt.Errorf("run-as user %q: %w (make it first, or write USER:GROUP)", userName, err)
		}
	}
	return userName, group, nil
}

// HomeOf returns the home directory of a user; "" if there is no such user.
func HomeOf(name string) string {
	u, err := user.Lookup(name)
	if err != nil {
		return ""
	}
	return filepath.Clean(u.HomeDir)
}

func primaryGroup(name string) (string, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return "", err
	}
	g, err := user.LookupGroupId(u.Gid)
	if err != nil {
		return "", err
	}
	return g.Name, nil
}

// abs makes a path absolute; fallback stands in for an empty one.
func (p Process) abs(path, fallback string) string {
	if path == "" {
		path = fallback
	}
	if !filepath.IsAbs(path) {
		path = filepath.Join(p.Dir, path)
	}
	return filepath.Clean(path)
}

// JobsFiles are the places of jobs.yaml in a checkout, the first one first.
func JobsFiles(checkout string) []string {
	return []string{filepath.Join(checkout, "jobs.yaml"), filepath.Join(checkout, "automation/jobs.yaml")}
}

func (p Process) defaultJobsFile(checkout string) string {
	candidates := JobsFiles(checkout)
	for _, candidate := range candidates {
		if p.RegularFile(candidate) {
			return candidate
		}
	}
	return candidates[0]
}

// defaultStateDir is one for the whole host where the host settings name the
// user of the tasks: that user's commands by hand share the locks and the
// database of the services.
func (p Process) defaultStateDir(s Settings) string {
	switch {
	case p.Root || s.RunAs != "":
		return s.Instance.StateDir()
	case p.StateHome != "":
		return filepath.Join(p.StateHome, s.Instance.Prefix())
	}
	return filepath.Join(p.Home, ".local/state", s.Instance.Prefix())
}

// MakeStateDir makes the state directory with mode 0750, independent of the
// umask. An existing one stays as it is.
func MakeStateDir(path string) error {
	_, err := os.Lstat(path)
	if made := os.MkdirAll(path, 0o750); made != nil || err == nil {
		return made
	}
	return os.Chmod(path, 0o750)
}

// Hostname is the name of this machine; "": not known.
func Hostname() string {
	name, _ := os.Hostname()
	return name
}

// UserID returns the id of a user; ok is false if there is no such user.
func UserID(name string) (id uint32, ok bool) {
	u, err := user.Lookup(name)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseUint(u.Uid, 10, 32)
	return uint32(n), err == nil
}
