package host

import (
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/montimer/montimer"
)

// A Key is one key of config.yaml. The decoder, the options of the command line,
// the environment, the reference page and the sample file all follow the table
// that keys returns.
type Key struct {
	Name      string
	Type      string
	Default   string   // "": none
	Example   string   // a value, as YAML on one line; "": not for the sample file
	Doc       string   // sentences; the first is the help of the option
	Variables []string // environment variables that take its place, the first that is set
	Keys      []Key    // of its mapping
	ByProfile bool     // its mapping has such a mapping for each profile

	read  func(*yaml.Node)
	value *string      // where it is read to, if it is a text
	set   func(string) // from a variable, if it is none
}

// Help is the help of the option for a setting.
func (k Key) Help() string {
	first, _, _ := strings.Cut(k.Doc, ". ")
	var from []string
	for _, name := range k.Variables {
		from = append(from, "$"+name)
	}
	return strings.TrimSuffix(first, ".") + " (" + strings.Join(from, ", ") + "; default: " + k.Default + ")."
}

// Keys returns every key of config.yaml.
func Keys() []Key { return new(config).keys(new(Settings)) }

// keys are all settings, each with its place in s.
func (c *config) keys(s *Settings) []Key {
	const own = montimer.Instance("")
	path := func(to *string, k Key) Key {
		k.Type = "absolute path"
		k.value = to
		k.read = func(n *yaml.Node) {
			if c.text(n, k.Name, to) && !filepath.IsAbs(*to) {
				c.wrong(n, "%s: %q is a relative path, and the services run in another directory: write an absolute path", k.Name, *to)
			}
		}
		return k
	}
	text := func(to *string, k Key) Key {
		k.value = to
		k.read = func(n *yaml.Node) { c.text(n, k.Name, to) }
		return k
	}
	given := func(k Key, read func(*yaml.Node)) Key {
		k.read = func(n *yaml.Node) {
			if !isNull(n) {
				read(n)
			}
		}
		return k
	}
	syncs, serves, backups, capacities := c.syncKeys(&s.Sync), c.serveKeys(&s.Serve), c.backupKeys(&s.Backup), c.capacityKeys(&s.Capacity)
	zone := text(&s.Timezone, Key{Name: "timezone", Type: "time zone", Default: "that of the host", Example: "Europe/Berlin", Variables: []string{"MONTIMER_TIMEZONE"},
		Doc: "The IANA time zone of profiles that name none."})
	zone.read = func(n *yaml.Node) { c.timezone(n, &s.Timezone) }
	return []Key{
		path(&s.Checkout, Key{Name: "checkout", Default: "the current directory", Example: "/srv/app", Variables: []string{"MONTIMER_CHECKOUT", "REPO_ROOT"},
			Doc: "The checkout that tasks run in. It belongs to the deploy user, who alone can sync it."}),
		text(&s.RunAs, Key{Name: "run_as", Type: "user or user:group", Default: "the calling user; required as root", Example: "deploy", Variables: []string{"MONTIMER_RUN_AS"},
			Doc: "User that tasks run as, or USER:GROUP. Without a group it is the primary group of the user. It is called the deploy user here."}),
		path(&s.Jobs, Key{Name: "jobs", Default: "jobs.yaml or automation/jobs.yaml in the checkout", Example: "/srv/app/jobs.yaml", Variables: []string{"MONTIMER_JOBS"},
			Doc: "The jobs.yaml to read."}),
		path(&s.StateDir, Key{Name: "state_dir", Default: own.StateDir() + ", or ~/.local/state/montimer when not root and run_as is unset", Example: own.StateDir(), Variables: []string{"MONTIMER_STATE_DIR", "CACHE_DIR"},
			Doc: "Directory for locks and the database. Another one than the default must exist and belong to the deploy user."}),
		path(&s.EnvFile, Key{Name: "env_file", Default: own.EnvFile(), Example: own.EnvFile(), Variables: []string{"MONTIMER_ENV_FILE"},
			Doc: "Environment file of the services."}),
		path(&s.UnitDir, Key{Name: "unit_dir", Default: DefaultUnitDir, Example: "/etc/systemd/system", Variables: []string{"MONTIMER_UNIT_DIR"},
			Doc: "Directory for the units. /etc/systemd/system is for hosts on which nothing below /usr can be written; systemctl mask cannot override the units there, drop-ins can."}),
		path(&s.Binary, Key{Name: "binary", Default: "this one", Example: "/usr/local/bin/montimer", Variables: []string{"MONTIMER_BINARY"},
			Doc: "The montimer binary that the services start."}),
		zone,
		given(Key{Name: "systemd_version", Type: "number", Doc: "Without effect: the units are the same for every systemd from 252 on."},
			func(n *yaml.Node) { s.SystemdVersion = c.version(n) }),
		given(Key{Name: "allow_root", Type: "boolean", Default: "false", Example: "true",
			Doc: "Whether run_as may be root. Then whoever can change the checkout is root on this host."},
			func(n *yaml.Node) {
				if err := n.Decode(&s.AllowRoot); err != nil {
					c.wrong(n, "allow_root: %s: write true or false", describe(n))
				}
			}),
		given(Key{Name: "sync", Type: "mapping", Example: "{every: 10m}", Keys: syncs,
			Doc: "How the checkout follows its git remote: before the runs of profiles with sync_before_run, and by montimer sync."},
			func(n *yaml.Node) { c.mapping(n, "sync", "{every: 10m}", syncs) }),
		{Name: "serve", Type: "mapping", Example: "{}", Keys: serves,
			Doc:  "Answer over HTTP: the page for people, and the API for programs. Without this key nothing listens. The first request starts the server.",
			read: func(n *yaml.Node) { c.serve(n, &s.Serve, serves) }},
		given(Key{Name: "backup", Type: "mapping", Example: "{dir: /mnt/backup/montimer, every: 1h, keep: 48}", Keys: backups,
			Doc: "Back up the database by a timer."},
			func(n *yaml.Node) { c.backup(n, &s.Backup, backups) }),
		given(Key{Name: "sandbox", Type: "strict | default | host, or a mapping of profiles to one", Default: "default", Example: `{"*": default, scrape: strict, legacy: host}`,
			Doc: "How far the services of profiles are confined: one for all, or by the name of a profile, with \"*\" for the others. montimer-units(7) says what each allows."},
			func(n *yaml.Node) { s.Sandbox = c.sandboxes(n) }),
		given(Key{Name: "limits", Type: "mapping of profiles", Example: `{"*": {memory_max: 512M, tasks_max: 200}, report: {memory_max: 2G}}`, Keys: limitsOnly(), ByProfile: true,
			Doc: "What a run may use, by the name of a profile. A profile has the limits of \"*\" too, where it does not set its own."},
			func(n *yaml.Node) { s.Limits = c.limits(n) }),
		given(Key{Name: "capacity", Type: "mapping", Example: "{profiles: 1000, calendar_events: 100, starts_per_hour: 36000}", Keys: capacities,
			Doc: "What all timers together may ask of systemd. compile and apply refuse a jobs.yaml that asks for more."},
			func(n *yaml.Node) { c.capacity(n, &s.Capacity, capacities) }),
		given(Key{Name: "umask", Type: "octal digits", Default: montimer.DefaultUmask, Example: "0027",
			Doc: "The umask of tasks and git."},
			func(n *yaml.Node) { s.Umask = c.umask(n) }),
		given(Key{Name: "write", Type: "list of paths, or a mapping of profiles to one", Example: `{"*": [/srv/www], backup: [/mnt/backup]}`,
			Doc: "Directories that the sandboxes strict and default leave writable, for all profiles or by name. A profile has those of \"*\" too. The permissions of the files count as everywhere."},
			func(n *yaml.Node) { s.Write = c.writable(n) }),
	}
}

// Variables are the names of the variables that FromEnvironment reads.
func Variables() (names []string) {
	FromEnvironment(func(name string) string { names = append(names, name); return "" })
	return names
}

// FromEnvironment reads the settings from variables.
func FromEnvironment(getenv func(string) string) Settings {
	var s Settings
	var take func([]Key)
	take = func(keys []Key) {
		for _, k := range keys {
			for _, name := range k.Variables {
				v := getenv(name)
				if v == "" {
					continue
				}
				if k.set != nil {
					k.set(v)
				} else {
					*k.value = v
				}
				break
			}
			take(k.Keys)
		}
	}
	take(new(config).keys(&s))
	return s
}
