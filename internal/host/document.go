package host

import (
	"fmt"
	"io"
	"strings"
)

// A DocumentedSetting is a key of a config file, as people read about it.
type DocumentedSetting struct {
	Name    string // with those of the mappings around it: sync.every, limits."*".nice
	Type    string // "": a mapping, whose keys follow
	Default string // "": none, or Doc says it
	Doc     string // sentences
	Example string // as it is written; "" for a mapping
}

// Documented returns the keys of a config file, those of a mapping after it, the ones
// that a host needs first. systemd_version is left out, since it has no effect.
func Documented() []DocumentedSetting {
	return []DocumentedSetting{
		{"checkout", "path", "", "The clone of the repository with jobs.yaml: the working directory of all tasks. It belongs to run_as.", "/srv/app"},
		{"run_as", "user", "", "The user that runs the tasks and git, or USER:GROUP.", "deploy"},
		{"jobs", "path", "jobs.yaml or automation/jobs.yaml in the checkout", "The file of the profiles.", "/srv/app/jobs.yaml"},
		{"state_dir", "path", "/var/lib/montimer", "The directory of the database, the locks and what tasks keep. It belongs to run_as.", "/var/lib/montimer"},
		{"env_file", "path", "/etc/montimer/env", "The environment file of the services, with the tokens: systemd.exec(5), EnvironmentFile=.", "/etc/montimer/env"},
		{"timezone", "name", "that of the host", "The time zone of profiles that name none.", "Europe/Berlin"},
		{"sync", "", "", "How the checkout follows its git remote.", ""},
		{"sync.every", "time span", "only profiles with sync_before_run sync", "Sync at this interval: 10s to 1d.", "10m"},
		{"sync.remote", "name", "origin", "The git remote.", "origin"},
		{"sync.branch", "name", "main", "The branch; also a tag, a full reference or a full commit.", "main"},
		{"sync.timeout", "time span", "1min", "When a sync is ended: 1s to 1h.", "1min"},
		{"backup", "", "", "Backups of the database, best on another disk or machine.", ""},
		{"backup.dir", "path", "", "The directory of the backups; needed in this mapping. It belongs to run_as.", "/mnt/backup/montimer"},
		{"backup.every", "time span", "1h", "The time from one backup to the next: 1min to 1w.", "1h"},
		{"backup.keep", "number", "48", "How many backups stay; older ones are removed.", "48"},
		{"serve", "", "", "Answer over HTTP: the page for people and the API. {} takes all defaults; without this setting nothing listens.", ""},
		{"serve.listen", "address and port", "127.0.0.1:8923", "Where the server listens. An address that other machines reach needs a token_file.", "127.0.0.1:8923"},
		{"serve.hosts", "list of names", "", "Names that requests may be for, beside those of this machine.", "[status.example.org]"},
		{"serve.base_path", "path of a URL", "the path of public_url", "What all paths begin with, behind a proxy.", "/jobs"},
		{"serve.public_url", "URL", "", "The address of the page for people; alerts link to it.", "https://status.example.org/jobs"},
		{"serve.commit_url", "URL", "", "The address of a commit, with {commit} in place of its id.", "https://git.example.org/app/commit/{commit}"},
		{"serve.token_file", "path", "", "A file with a line for each token, one of which each request needs.", "/etc/montimer/tokens"},
		{"serve.socket_group", "group", "the group of run_as", "The group that may use the Unix socket.", "www-data"},
		{"sandbox", "", "", "How far services are confined, by profile; \"*\" is for all others, and one word for all.", ""},
		{`sandbox."*"`, "strict, default or host", "default", "Strict suits tasks that compile nothing at run time and need no home directory; host confines nothing.", "default"},
		{"write", "", "", "Further paths that tasks may write, by profile; \"*\" is for all, and so is a list instead of the mapping.", ""},
		{`write."*"`, "list of paths", "", "Directories for data.", "[/srv/www]"},
		{"limits", "", "", "What services may use, by profile; \"*\" is for all others, and for what a profile does not set: systemd.resource-control(5).", ""},
		{`limits."*"`, "", "", "Each limit may be left out.", ""},
		{`limits."*".memory_max`, "size", "75%", "Memory, above which processes are killed.", "512M"},
		{`limits."*".memory_high`, "size", "", "Memory, above which processes are slowed down.", "400M"},
		{`limits."*".memory_swap_max`, "size", "", "Swap space.", "0"},
		{`limits."*".cpu_quota`, "percentage", "", "Time of one CPU; 200% is two.", "50%"},
		{`limits."*".cpu_weight`, "number", "100", "Share of the CPU time where it is scarce: 1 to 10000.", "50"},
		{`limits."*".io_weight`, "number", "100", "Share of the disks where they are busy: 1 to 10000.", "50"},
		{`limits."*".tasks_max`, "number", "1000", "Processes and threads.", "200"},
		{`limits."*".open_files`, "number", "", "Open files of each process.", "4096"},
		{`limits."*".output`, "size", "64M", "Output of a task that reaches the journal; the rest is counted.", "64M"},
		{`limits."*".nice`, "number", "0", "Priority, from -20, the first to run, to 19.", "10"},
		{"capacity", "", "", "What jobs.yaml may ask of systemd; compile refuses more.", ""},
		{"capacity.profiles", "number", "1000", "Profiles.", "1000"},
		{"capacity.calendar_events", "number", "100", "Calendar events of one profile.", "100"},
		{"capacity.starts_per_hour", "number", "36000", "Starts of all profiles in an hour.", "36000"},
		{"umask", "octal digits", "0022", "The umask of tasks and git.", "0027"},
		{"allow_root", "true or false", "false", "Allow run_as: root. Every script that is merged is root then.", "false"},
		{"unit_dir", "path", DefaultUnitDir, "The directory of the units.", DefaultUnitDir},
		{"binary", "path", "the montimer that compiles", "The program that the services start.", "/usr/local/bin/montimer"},
	}
}

// WriteSample writes a config file in which every setting is a comment, with what it
// is for. A line of a setting has no blank after the #.
func WriteSample(w io.Writer) error {
	var b strings.Builder
	for _, s := range Documented() {
		path := strings.Split(s.Name, ".")
		indent, comment := strings.Repeat("  ", len(path)-1), "# "
		if indent == "" {
			b.WriteString("\n")
		} else {
			comment = "#" + indent + comment
		}
		text := s.Doc
		if s.Default != "" {
			text += " Default: " + s.Default + "."
		}
		for _, line := range wrap(text, 79-len(comment)) {
			b.WriteString(comment + line + "\n")
		}
		fmt.Fprintf(&b, "#%s%s\n", indent, strings.TrimRight(path[len(path)-1]+": "+s.Example, " "))
	}
	_, err := io.WriteString(w, "# The settings of this host. A change takes effect with: montimer apply\n"+b.String())
	return err
}

// wrap folds a text into lines of at most width bytes, where its words allow that.
func wrap(text string, width int) (lines []string) {
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && len(line)+1+len(word) > width {
			lines, line = append(lines, line), ""
		}
		line = strings.TrimLeft(line+" "+word, " ")
	}
	return append(lines, line)
}
