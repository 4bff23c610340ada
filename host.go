package montimer

// Host is what the machine's owner has decided: as whom, from where and with
// which files profiles run. jobs.yaml has no say in any of it.
type Host struct {
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
}
