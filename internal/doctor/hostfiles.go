package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/hostcheck"
	"github.com/montimer/montimer/internal/unitdir"
	"github.com/montimer/montimer/internal/unitfile"
	"github.com/montimer/montimer/taskexec"
)

// PathFacts is what root knows of the paths in the host settings.
type PathFacts struct {
	Config    string            // text of the config file; "": there is none
	Entry     map[string]string // by path that root relies on: the entry that others can change
	Checkout  owned
	State     owned
	Programs  []Program // that the services start
	Packaged  Program   // that of a package, if it is neither this one nor started; Path "": there is none
	Own       string    // what this program says of its version; "": the services start this one
	Self      string    // path of this program
	Restarts  bool      // needrestart is installed, and not told about the services
	UID       uint32    // of the user of the tasks
	KnownUser bool
}

// Program is a program that services start.
type Program struct {
	Path    string
	Missing string // why it cannot be started; "": it can
	Version string // what it says; "": it is this program, or not asked
}

// needrestartDir is where the settings of needrestart(1) are.
const needrestartDir = "/etc/needrestart"

func (r *reader) paths(ctx context.Context) (err error) {
	p := &r.facts.Paths
	h := r.facts.Host
	config, err := os.ReadFile(h.Instance.ConfigFile())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the host settings: %w", err)
	}
	p.Config = string(config)
	p.Entry = map[string]string{}
	for _, path := range []string{h.Instance.ConfigFile(), h.EnvFile, h.UnitDir, h.Binary} {
		entry, _ := host.Untrusted(path)
		if entry != "" && entry != h.EnvFile { // which has checks of its own
			p.Entry[path] = entry
		}
	}
	if p.Checkout, err = statOf(h.Checkout); err != nil {
		return err
	}
	if p.State, err = statOf(h.StateDir); err != nil {
		return err
	}
	p.UID, p.KnownUser = host.UserID(h.User)
	if err := r.programs(ctx); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(needrestartDir, "needrestart.conf")); err == nil {
		p.Restarts = !mentions(filepath.Join(needrestartDir, "conf.d/*.conf"), h.Instance.Prefix())
	}
	return nil
}

// programs looks at what the services start, and asks what is not this program for
// its version. As root it asks only what root alone can change.
func (r *reader) programs(ctx context.Context) (err error) {
	p := &r.facts.Paths
	h := r.facts.Host
	if p.Self, err = os.Executable(); err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	mine, err := os.Stat("/proc/self/exe")
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	installed, err := unitdir.Read(h.UnitDir, h.Instance)
	if err != nil {
		return err
	}
	for _, path := range started(installed, h.Binary) {
		program := Program{Path: path}
		theirs, err := os.Stat(path)
		if wrong := hostcheck.Executable(path); wrong != nil {
			program.Missing = wrong.Error()
		} else if err == nil && !os.SameFile(mine, theirs) && (!host.IsRoot() || host.Trusted(path) == nil) {
			if program.Version, err = version(ctx, path); err != nil {
				program.Missing = err.Error()
			}
			if p.Own, err = version(ctx, "/proc/self/exe"); err != nil {
				return err
			}
		}
		p.Programs = append(p.Programs, program)
	}
	if theirs, err := os.Stat(packaged); err != nil || os.SameFile(mine, theirs) || host.Trusted(packaged) != nil ||
		slices.ContainsFunc(p.Programs, func(p Program) bool { return p.Path == packaged }) {
		return nil
	}
	p.Packaged.Path = packaged
	if p.Packaged.Version, err = version(ctx, packaged); err == nil {
		p.Own, err = version(ctx, "/proc/self/exe")
	}
	return err
}

// packaged is where a package has the program: no other may be put there (FHS 3.0, 4.4
// and 4.9).
const packaged = "/usr/bin/montimer"

// started returns what the services of profiles start, as far as their units say it in
// plain words; otherwise what they are to start.
func started(installed unitdir.Installed, otherwise string) (paths []string) {
	for name, text := range installed.Files {
		if _, ok := installed.Instance.ProfileOf(name); !ok {
			continue
		}
		for _, command := range unitfile.Values(text, "Service", "ExecStart") {
			path, _, _ := strings.Cut(command, " ")
			if filepath.IsAbs(path) && !strings.ContainsAny(path, `%$"'\`) {
				paths = append(paths, path)
			}
		}
	}
	if paths == nil {
		return []string{otherwise}
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

func version(ctx context.Context, program string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, program, "version").Output()
	if err != nil {
		return "", fmt.Errorf("ask %s for its version: %w", program, err)
	}
	return strings.TrimSpace(string(out)), nil
}

// mentions reports whether any file of a pattern has a word.
func mentions(pattern, word string) bool {
	files, _ := filepath.Glob(pattern) // no error: the pattern is a good one
	return slices.ContainsFunc(files, func(file string) bool {
		text, err := os.ReadFile(file)
		return err == nil && strings.Contains(string(text), word)
	})
}

// set gives a key of the config file a value.
func (f Facts) set(key, value string) string {
	file := taskexec.QuoteWord(f.Host.Instance.ConfigFile())
	if f.hasSetting(key) {
		value = strings.NewReplacer(`\`, `\\`, "|", `\|`, "&", `\&`).Replace(value)
		return fmt.Sprintf("sed -i %s %s", taskexec.QuoteWord(fmt.Sprintf("s|^%s:.*|%[1]s: %s|", key, value)), file)
	}
	line := `%s\n`
	if f.Paths.Config != "" && !strings.HasSuffix(f.Paths.Config, "\n") {
		line = `\n%s\n`
	}
	return fmt.Sprintf("printf '%s' %s >>%s", line, taskexec.QuoteWord(key+": "+value), file)
}

// onOwn returns the fix for a directory that a setting names. A checkout that no
// setting names is the current directory, and one of the system is no place for
// either: another owner or mode would break more than it fixes, so the setting is
// to change.
func (f Facts) onOwn(setting, dir, fix string) string {
	if setting == "checkout" && !f.hasSetting(setting) || host.IsSystemDir(dir) {
		return edit(f.Host.Instance.ConfigFile())
	}
	return fix
}

// unset removes a key of one line from the config file.
func (f Facts) unset(key string) string {
	return fmt.Sprintf("sed -i '/^%s:/d' %s", key, taskexec.QuoteWord(f.Host.Instance.ConfigFile()))
}

func (f Facts) hasSetting(key string) bool {
	return strings.HasPrefix(f.Paths.Config, key+":") || strings.Contains(f.Paths.Config, "\n"+key+":")
}

// hidden finds paths that the sandbox hides.
func hidden(settings ...string) func(Facts) []found {
	return func(f Facts) (all []found) {
		of := f.Host.Instance
		for _, p := range host.Hidden(f.Host, hostcheck.Services(f.Host, f.Jobs)) {
			if !slices.Contains(settings, p.Setting) {
				continue
			}
			to := filepath.Join("/srv", filepath.Base(p.Path))
			fix := f.onOwn(p.Setting, p.Path, fmt.Sprintf("mv %s %s && %s && %s", taskexec.QuoteWord(p.Path), taskexec.QuoteWord(to), f.set(p.Setting, to), of.Command("apply")))
			if p.Setting == "binary" {
				fix = fmt.Sprintf("install -m 755 %s /usr/local/bin/montimer && %s && %s", taskexec.QuoteWord(p.Path), f.set("binary", "/usr/local/bin/montimer"), of.Command("apply"))
			}
			all = append(all, found{text: p.String(), fix: fix})
		}
		return all
	}
}

// settingChecks are about the host settings themselves.
func settingChecks() []Check {
	return []Check{
		{"settings", "host settings that cannot be used", "no command works, and the next apply fails", false, []part{partSettings}, func(f Facts) []found {
			if f.Settings == "" || f.NoUser != "" {
				return nil
			}
			return []found{{text: f.Settings, fix: edit(f.Host.Instance.ConfigFile())}}
		}},
		{"run-as", "user of the tasks that does not exist", "no service can start", false, []part{partSettings}, func(f Facts) []found {
			if f.NoUser == "" {
				return nil
			}
			return []found{{
				text: fmt.Sprintf("run_as in %s is %s, and there is no such user", f.Host.Instance.ConfigFile(), f.NoUser),
				fix:  fmt.Sprintf("useradd --system --user-group --home-dir %s --shell /usr/sbin/nologin %s", taskexec.QuoteWord(f.Host.Checkout), taskexec.QuoteWord(f.NoUser)),
			}}
		}},
	}
}

func wrongJobs(f Facts) []found {
	if f.Mistake == "" {
		return nil
	}
	if f.NoCheckout {
		return []found{{text: f.Mistake, fix: f.cloneCheckout()}}
	}
	file := f.Host.JobsFile
	if file == "" {
		file = host.JobsFiles(f.Host.Checkout)[0]
	}
	return []found{{text: f.Mistake, fix: f.asUser(edit(file))}}
}

// cloneCheckout makes the checkout, from an address that only a person knows.
func (f Facts) cloneCheckout() string {
	dir, user := taskexec.QuoteWord(f.Host.Checkout), taskexec.QuoteWord(f.Host.User)
	return fmt.Sprintf(`install -d -o %s -g %s %s && read -rp 'URL of the repository: ' URL && runuser -u %[1]s -- git clone "$URL" %[3]s`, user, taskexec.QuoteWord(f.Host.Group), dir)
}

func noCheckout(f Facts) []found {
	if f.Paths.Checkout.Exists {
		return nil
	}
	return []found{{text: "checkout " + f.Host.Checkout + " does not exist", fix: f.cloneCheckout()}}
}

func noState(f Facts) []found {
	if f.Paths.State.Exists || strings.HasPrefix(f.Host.StateDir, "/var/lib/") { // systemd makes that
		return nil
	}
	return []found{{
		text: "state_dir " + f.Host.StateDir + " does not exist",
		fix:  fmt.Sprintf("install -d -o %s -g %s -m 750 %s", taskexec.QuoteWord(f.Host.User), taskexec.QuoteWord(f.Host.Group), taskexec.QuoteWord(f.Host.StateDir)),
	}}
}

func writable(f Facts) (all []found) {
	seen := map[string]bool{}
	for _, path := range []string{f.Host.Instance.ConfigFile(), f.Host.EnvFile, f.Host.UnitDir, f.Host.Binary} {
		entry := f.Paths.Entry[path]
		if entry == "" || seen[entry] {
			continue
		}
		seen[entry] = true
		fix := fmt.Sprintf("chown root:root %s && chmod go-w %[1]s", taskexec.QuoteWord(entry))
		if entry != path && !host.IsRootsPath(entry) { // such as /tmp, or a home directory
			fix = edit(f.Host.Instance.ConfigFile())
		}
		all = append(all, found{text: "others than root can change " + entry + ", which root relies on for " + path, fix: fix})
	}
	return all
}

func noProgram(f Facts) (all []found) {
	for _, p := range f.Paths.Programs {
		if p.Missing == "" {
			continue
		}
		fix := "install -m 755 " + taskexec.QuoteWord(f.Paths.Self) + " " + taskexec.QuoteWord(p.Path)
		if f.besidePackage(p) == p.Path {
			fix = f.Host.Instance.Command("apply")
		}
		all = append(all, found{text: "the services cannot start " + p.Path + ": " + p.Missing, fix: fix})
	}
	return all
}

func otherVersion(f Facts) (all []found) {
	apply := f.Host.Instance.Command("apply")
	for _, p := range append(slices.Clone(f.Paths.Programs), f.Paths.Packaged) {
		if p.Version == "" || p.Version == f.Paths.Own {
			continue
		}
		fix := fmt.Sprintf("install -m 755 %s %s && %s", taskexec.QuoteWord(f.Paths.Self), taskexec.QuoteWord(p.Path), apply)
		// The one beside a package hides it from people, and stays behind at each upgrade.
		if other := f.besidePackage(p); other != "" {
			fix = fmt.Sprintf("%s/%s && rm %s", filepath.Dir(packaged), apply, taskexec.QuoteWord(other))
		}
		all = append(all, found{text: fmt.Sprintf("%s is %q, this program is %q", p.Path, p.Version, f.Paths.Own), fix: fix})
	}
	return all
}

// besidePackage returns which of this program and that one is the one beside a package;
// "": neither is a package's, or a setting has the services start that one.
func (f Facts) besidePackage(p Program) string {
	switch {
	case f.hasSetting("binary"):
		return ""
	case p.Path == packaged:
		return f.Paths.Self
	case f.Paths.Self == packaged:
		return p.Path
	}
	return ""
}

func restarts(f Facts) []found {
	if !f.Paths.Restarts {
		return nil
	}
	prefix := f.Host.Instance.Prefix()
	return []found{{
		text: "needrestart is installed, and restarts the services of " + prefix,
		fix:  fmt.Sprintf(`mkdir -p %s/conf.d && printf '%%s\n' '$nrconf{override_rc}{qr(^%s-)} = 0;' >%[1]s/conf.d/%[2]s-local.conf`, needrestartDir, prefix),
	}}
}

// place is a directory of the host settings.
func place(setting string, f Facts) (path string, o owned) {
	if setting == "checkout" {
		return f.Host.Checkout, f.Paths.Checkout
	}
	return f.Host.StateDir, f.Paths.State
}

func wrongOwner(setting string) func(Facts) []found {
	return func(f Facts) []found {
		path, o := place(setting, f)
		if !o.Exists || !f.Paths.KnownUser || o.UID == f.Paths.UID {
			return nil
		}
		return []found{{
			text: fmt.Sprintf("%s %s belongs to user %d, not to %s", setting, path, o.UID, f.Host.User),
			fix:  f.onOwn(setting, path, fmt.Sprintf("chown -R %s: %s", taskexec.QuoteWord(f.Host.User), taskexec.QuoteWord(path))),
		}}
	}
}

func wrongMode(setting string) func(Facts) []found {
	return func(f Facts) []found {
		path, o := place(setting, f)
		if !o.Exists || o.Mode.Perm()&0o702 == 0o700 {
			return nil
		}
		return []found{{text: fmt.Sprintf("%s %s has mode %04o", setting, path, o.Mode.Perm()), fix: f.onOwn(setting, path, "chmod u+rwx,o-w "+taskexec.QuoteWord(path))}}
	}
}

func hostChecks() []Check {
	paths := []part{partHost}
	return []Check{
		{"jobs", "mistakes in jobs.yaml, or none that can be read", "runs use the last good copy, and new tasks do not run", false, nil, wrongJobs},
		{"checkout-missing", "checkout missing", "no run can start", false, paths, noCheckout},
		{"checkout-hidden", "checkout or jobs.yaml hidden by the sandbox", "no run can use it", false, paths, hidden("checkout", "jobs")},
		{"checkout-owner", "checkout of the wrong owner", "git refuses every sync", false, paths, wrongOwner("checkout")},
		{"checkout-mode", "checkout that its owner cannot use or others can write", "others decide what the tasks do, or no sync works", false, paths, wrongMode("checkout")},
		{"state-missing", "state directory missing", "no run can start", false, paths, noState},
		{"state-hidden", "state directory hidden by the sandbox", "no run can use it", false, paths, hidden("state_dir")},
		{"state-owner", "state directory of the wrong owner", "runs are not recorded", false, paths, wrongOwner("state_dir")},
		{"state-mode", "state directory that its owner cannot use or others can write", "others decide what has run, or nothing is recorded", false, paths, wrongMode("state_dir")},
		{"path-hidden", "environment file or program hidden by the sandbox", "no run can start", false, paths, hidden("env_file", "binary")},
		{"path-writable", "paths that root relies on and others can write", "who can write there can become root", false, paths, writable},
		{"binary-missing", "program of the services missing", "no service can start", false, paths, noProgram},
		{"binary-version", "program of the services that is another version than this one", "the units and the program that they start do not fit together", false, paths, otherVersion},
		{"needrestart", "needrestart that would restart services", "an upgrade of a library kills the runs under way", true, paths, restarts},
	}
}
