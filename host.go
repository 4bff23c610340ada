package montimer

import "time"

// Host is the host configuration: user, paths, limits. jobs.yaml cannot
// override it.
type Host struct {
	Instance Instance

	JobsFile string // absolute
	Checkout string // absolute; the tasks' working directory
	StateDir string // absolute; locks and the database
	EnvFile  string // absolute; EnvironmentFile= of the services
	User     string // User= of the services
	Group    string // Group= of the services
	UnitDir  string // absolute; where unit files are written
	Binary   string // absolute; ExecStart= of the services
	Timezone string // IANA name for profiles that name none; "": the local zone

	AllowRoot bool // tasks may run as root
	Sync      Sync
	Serve     Serve
	Backup    Backup

	Umask string // of tasks and git, octal; "": DefaultUmask
	Home  string // home directory of User; "": not known

	Capacity Capacity

	// By the name of a profile; AllOthers stands for those that are not named.
	Sandboxes map[string]Sandbox  // "" and nothing: SandboxDefault
	Limits    map[string][]Limit  // DefaultLimits are added where they say nothing
	Writable  map[string][]string // absolute paths that a sandbox leaves writable; a profile has those of AllOthers too
}

// Capacity bounds what the timers of all profiles may ask of the host's systemd.
type Capacity struct {
	Profiles      int // timers; those of disabled profiles count
	Events        int // OnCalendar= lines of one timer
	StartsPerHour int // of services, by all timers together
}

// DefaultCapacity is what systemd takes on a small machine: a daemon-reload with
// 1,000 active timers takes process 1 up to seven seconds, four times as many
// take far more than four times as long, and 10 starts a second are a third of
// what it can do.
func DefaultCapacity() Capacity { return Capacity{Profiles: 1000, Events: 100, StartsPerHour: 36_000} }

// Sync says how the checkout follows its git remote.
type Sync struct {
	Remote  string
	Branch  string
	Every   time.Duration // between the syncs of a timer of their own; 0: there is none
	Timeout time.Duration // of the fetch, and again of the reset
}

// DefaultSync has the settings of a sync that the host does not set.
func DefaultSync() Sync { return Sync{Remote: "origin", Branch: "main", Timeout: time.Minute} }

// Backup says when and where the database is backed up; the zero value: nowhere.
type Backup struct {
	Dir   string        // absolute
	Every time.Duration // from one backup to the next
	Keep  int           // how many stay; older ones are removed
}

// Serve says how the host answers over HTTP, which it does only if that is enabled.
type Serve struct {
	Enabled     bool     // compile makes the units that listen
	Listen      string   // ADDRESS:PORT
	Hosts       []string // names that requests may be for, beside those of this machine; lower-case
	BasePath    string   // that all paths begin with: "" or "/jobs"
	PublicURL   string   // of the page, with BasePath, for links in alerts; "": there are none
	CommitURL   string   // of a commit, with {commit} for its id; "": commits are not linked
	TokenFile   string   // absolute; one token on each line; "": there is none
	SocketGroup string   // may use the Unix socket; "": the group of the services
}

// DefaultListen is where the Python program listened, which is not reachable from
// other machines.
const DefaultListen = "127.0.0.1:8923"

// AllOthers stands for the profiles that a setting does not name.
const AllOthers = "*"

// Sandbox says how far a service is confined; units.tmpl has the directives of
// each.
type Sandbox string

// The sandboxes, from the closest to none at all.
const (
	SandboxStrict  Sandbox = "strict"
	SandboxDefault Sandbox = "default"
	SandboxHost    Sandbox = "host"
)

// DefaultUmask is systemd's own default (systemd.exec(5), UMask=), and cron's.
const DefaultUmask = "0022"

// Limit is one resource limit of a service, as systemd.resource-control(5) or
// systemd.exec(5) has it.
type Limit struct{ Directive, Value string }

// DefaultLimits keep one profile from taking the whole host: a fork bomb ends
// at so many processes and threads, and a leak is killed while the rest of the
// system still has a quarter of the memory.
func DefaultLimits() []Limit {
	return []Limit{{"MemoryMax", "75%"}, {"TasksMax", "1000"}}
}
