// Package manual is what montimer says of its own command line: the manual pages
// (manual.go, keys.go), the completions (completion.go), and what was probably meant by a
// command (command.go) or a name (unknown.go) that does not exist.
package manual

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/montimer/montimer"
)

// roff writes a manual page; it keeps the first error.
type roff struct {
	w      io.Writer
	err    error
	headed bool // a heading was written last, which begins a paragraph
}

func (r *roff) printf(format string, args ...any) {
	r.headed = false
	if r.err == nil {
		_, r.err = fmt.Fprintf(r.w, format, args...)
	}
}

func (r *roff) title(name, section, purpose string) {
	// Without hyphens and padding: what is copied from a page is typed.
	r.printf(".TH %s %s \"\" montimer\n.nh\n.ad l\n", strings.ToUpper(name), section)
	r.section("NAME")
	r.printf("%s \\- %s\n", escapeRoff(name), escapeRoff(purpose))
}

func (r *roff) section(name string) {
	r.printf(".SH %s\n", strings.ToUpper(name))
	r.headed = true
}

// begin begins a paragraph.
func (r *roff) begin() {
	if !r.headed {
		r.printf(".PP\n")
	}
}

func (r *roff) paragraph(text string) {
	r.begin()
	r.printf("%s\n", escapeRoff(text))
}

// entry is a term in bold, and a paragraph about it.
func (r *roff) entry(term, text string) {
	r.printf(".TP\n.B %s\n%s\n", escapeRoff(term), escapeRoff(text))
}

// entries are terms with their texts.
func (r *roff) entries(list [][2]string) {
	for _, e := range list {
		r.entry(e[0], e[1])
	}
}

// example is text as it is typed.
func (r *roff) example(text string) {
	r.begin()
	r.printf(".in +4n\n.EX\n")
	for line := range strings.Lines(text) {
		r.printf("%s", escapeRoff(line))
	}
	r.printf(".EE\n.in\n")
}

// The instances that the pages speak of: the default one, and another.
const (
	own   = montimer.Instance("")
	other = montimer.Instance("NAME")
)

// escapeRoff keeps text from being read as requests.
func escapeRoff(s string) string {
	s = strings.NewReplacer(`\`, `\e`, "-", `\-`, "'", `\(aq`).Replace(s)
	if strings.HasPrefix(s, ".") {
		s = `\&` + s
	}
	return s
}

// ExitCode is an exit code of the program, and its meaning as a sentence.
type ExitCode struct {
	Code    int
	Meaning string
}

var examples = [][2]string{
	{"montimer compile --check", "Check the jobs.yaml of the current directory, as a contributor or in CI."},
	{"montimer apply", "Let a changed jobs.yaml take effect on this host."},
	{"montimer run nightly --follow", "Run the profile nightly now, and watch."},
	{"montimer doctor", "Find what is wrong with the host, and the command that fixes it."},
	{"montimer pause nightly --until 2h --reason \"disk swap\"", "Skip its scheduled runs for two hours."},
	{"systemctl list-timers 'montimer-job-*'", "Show when which profile runs next."},
	{"montimer logs nightly --failed", "Read the log of its last failed run."},
}

var files = [][2]string{
	{"/etc/montimer/config.yaml", "The host's settings: jobs, checkout, state_dir, env_file, run_as, unit_dir, binary, timezone, sync (remote, branch, every, timeout), sandbox, limits, capacity, umask, write, allow_root."},
	{"/etc/montimer/env", "Environment file of the services (systemd.exec(5), EnvironmentFile=)."},
	{"/usr/local/lib/systemd/system/montimer*", "The generated units."},
	{"/var/lib/montimer", "The state directory: locks, the database, the last good copies. Without root and run_as: ~/.local/state/montimer."},
}

// Check is a check of montimer doctor: what it finds, and why that matters.
type Check struct{ ID, Find, Why string }

// Command writes the page of the command line, montimer(1), as roff (man(7)).
func Command(w io.Writer, app *kong.Application, codes []ExitCode, checks []Check) error {
	r := &roff{w: w}
	r.title("montimer", "1", "cron, but systemd does it")
	r.section("synopsis")
	r.printf(".B montimer\n.I command\n[options]\n.br\n.B montimer\n.I command\n.B \\-\\-help\n")
	r.section("description")
	r.paragraph("montimer compiles jobs.yaml(5) to systemd timers and services, and runs the tasks that they start. There is no daemon. After each change of a schedule: montimer apply.")
	r.section("options")
	for _, flag := range app.Flags {
		if flag.Name != "help" {
			r.entry(flag.String(), flag.Help)
		}
	}
	r.section("commands")
	for _, command := range app.Children {
		if !command.Hidden {
			r.command(command)
		}
	}
	r.section("checks of doctor")
	r.paragraph("The ids that montimer doctor shows, and takes with --only and --skip, with what each check finds and why that matters. Where its command opens an editor ($EDITOR) or asks for a value, only a person knows that value.")
	for _, c := range checks {
		r.entry(c.ID, strings.ToUpper(c.Find[:1])+c.Find[1:]+": "+c.Why+".")
	}
	r.section("host settings")
	r.paragraph("Each command takes those of these options that it uses. A setting comes from the option, else from the environment variable, else from /etc/montimer/config.yaml, else from its default.")
	for _, flag := range hostOptions(app.Node) {
		r.entry(flag.String(), flag.Help)
	}
	r.section("environment")
	r.entries(variables)
	r.section("examples")
	r.entries(examples)
	r.section("exit status")
	for _, code := range codes {
		r.entry(fmt.Sprint(code.Code), code.Meaning)
	}
	r.section("files")
	r.entries(files)
	r.paragraph("Of another instance, NAME, they are /etc/montimer/NAME.yaml, /etc/montimer/NAME.env, montimer-NAME.target, montimer-NAME-* and /var/lib/montimer-NAME.")
	r.section("see also")
	r.paragraph("jobs.yaml(5), montimer-config(5), montimer-units(7), systemd.timer(5), systemd.time(7), systemctl(1), journalctl(1)")
	return r.err
}

// variables are the environment variables and what they are for.
var variables = [][2]string{
	{"MONTIMER_INSTANCE", "The instance, as --instance."},
	{"MONTIMER_JOBS, MONTIMER_CHECKOUT, MONTIMER_STATE_DIR, MONTIMER_ENV_FILE, MONTIMER_RUN_AS, MONTIMER_UNIT_DIR, MONTIMER_BINARY", "Host settings, as the options above. The services have them from their units."},
	{"REPO_ROOT, CACHE_DIR", "MONTIMER_CHECKOUT and MONTIMER_STATE_DIR where those are not set."},
	{"MONTIMER_TIMEZONE", "The time zone of profiles that name none."},
	{"MONTIMER_SYNC_REMOTE, MONTIMER_SYNC_BRANCH, MONTIMER_SYNC_TIMEOUT", "The host setting sync."},
	{"MONTIMER_BACKUP_DIR", "The directory of the host setting backup."},
	{"MONTIMER_SERVE_HOSTS, MONTIMER_SERVE_BASE_PATH, MONTIMER_SERVE_PUBLIC_URL, MONTIMER_SERVE_COMMIT_URL, MONTIMER_SERVE_TOKEN_FILE", "The host setting serve."},
	{"MONITORING_API_HOST, MONITORING_API_PORT", "Where serve listens when it is started by hand (default: 127.0.0.1 and 8923, or serve: listen in /etc/montimer/config.yaml)."},
	{"TELEGRAM_BOT_TOKEN_DEFAULT, TELEGRAM_CHAT_ID_DEFAULT and others", "Where alerts go; the services have them from their environment file."},
	{"LOG_LEVEL", "DEBUG: no alerts are sent."},
	{"NO_COLOR", "Set: no colours."},
}

// command describes one command with its flags, and the commands below it.
func (r *roff) command(c *kong.Node) {
	r.printf(".SS %s\n%s\n", escapeRoff(strings.TrimPrefix(c.Summary(), "montimer ")), escapeRoff(c.Help))
	for _, arg := range c.Positional {
		r.entry(arg.Summary(), arg.Help)
	}
	for _, flag := range c.Flags {
		if flag.Name != "help" && !flag.Hidden && !isHostOption(flag) {
			r.entry(flag.String(), flag.Help)
		}
	}
	var settings []string
	for _, flag := range c.Flags {
		if isHostOption(flag) {
			settings = append(settings, "--"+flag.Name)
		}
	}
	if len(settings) > 0 {
		r.paragraph("Options of HOST SETTINGS: " + strings.Join(settings, ", ") + ".")
	}
	for _, child := range c.Children {
		if !child.Hidden {
			r.command(child)
		}
	}
}

func isHostOption(flag *kong.Flag) bool { return flag.Group != nil && flag.Group.Key == HostGroup }

// hostOptions returns the options for the host's settings of a command or, where
// it has none, of the first below it that does.
func hostOptions(c *kong.Node) (options []*kong.Flag) {
	for _, flag := range c.Flags {
		if isHostOption(flag) {
			options = append(options, flag)
		}
	}
	for _, child := range c.Children {
		if len(options) == 0 {
			options = hostOptions(child)
		}
	}
	return options
}
