// Package manual is what montimer says of its own command line: the manual pages
// (manual.go, keys.go), the completions (completion.go, shells.go), and what was probably meant by a
// command (command.go) or a name (unknown.go) that does not exist.
package manual

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/host"
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

// commandExamples are what the commands are used for most.
var commandExamples = [][2]string{
	{"Check the jobs.yaml of the current directory, as a contributor or in CI, and know what a schedule means:",
		"montimer compile --check\nmontimer explain '0 9-17/2 * * 1-5'\n"},
	{"See what a changed jobs.yaml would do on this host, and let it take effect:",
		"montimer compile --diff\nmontimer apply\n"},
	{"Run the profile nightly now, and watch:",
		"montimer run nightly --follow\n"},
	{"Know whether all is well, what ran, and what it said:",
		"montimer status\nmontimer history nightly --since 7d\nmontimer logs nightly\n"},
	{"Find what is wrong with the host, each with the command that fixes it:",
		"montimer doctor\n"},
	{"Skip the scheduled runs of a profile for two hours, and end that early:",
		"montimer pause nightly --until 2h --reason \"disk swap\"\nmontimer resume nightly\n"},
	{"Ask systemd itself:",
		"systemctl list-timers '" + own.Timer("*") + "'\nsystemctl cat " + own.Service("nightly") + "\n"},
}

// files are those of the default instance.
var files = [][2]string{
	{own.ConfigFile(), "The host's settings: montimer-config(5)."},
	{own.EnvFile(), "Environment file of the services, with the secrets (systemd.exec(5), EnvironmentFile=)."},
	{own.PauseDir(), "The profiles that are paused, until when and why."},
	{host.DefaultUnitDir + "/" + own.Prefix() + "*", "The generated units: montimer-units(7)."},
	{own.StateDir(), "The state directory: the database monitoring.db, locks, and in " + montimer.LastGoodDir + " the last good copy of each profile. Without root and run_as: ~/.local/state/montimer."},
	{own.CacheDir(), "Caches of the tasks ($XDG_CACHE_HOME)."},
	{own.RunDir(), "The lock of compile and apply."},
	{own.RequestFIFO(), "Takes requests of the deploy user for an apply."},
	{own.APISocket(), "The Unix socket of the server, where the host settings have serve."},
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
	r.paragraph("montimer compiles jobs.yaml(5) to systemd timers and services, and runs the tasks that they start. There is no daemon: systemd has the clock, the lock, the log and the confinement.")
	r.paragraph("A profile of jobs.yaml is a schedule and a list of tasks. Its timer starts montimer exec, which runs the tasks, records the run in a database, and sends one message by Telegram if a person is needed. What runs is read from jobs.yaml at each run, so only a change of a schedule needs montimer apply, which the units also do by themselves each hour.")
	r.paragraph("Contributors need explain, list, init and compile --check, which use neither root nor systemd. The other commands are for the operator of a host; root becomes the deploy user for all that this user can change.")
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
	r.paragraph("Each command takes those of these options that it uses. A setting comes from the option, else from the environment variable, else from " + own.ConfigFile() + ", else from its default. montimer-config(5) has all settings.")
	for _, flag := range hostOptions(app.Node) {
		r.entry(flag.String(), flag.Help)
	}
	r.section("environment")
	r.entries(variables())
	r.section("exit status")
	for _, code := range codes {
		r.entry(fmt.Sprint(code.Code), code.Meaning)
	}
	r.section("files")
	r.entries(files)
	r.paragraph("Of another instance, NAME, they are " + strings.Join([]string{other.ConfigFile(), other.EnvFile(), other.PauseDir(), other.StateDir()}, ", ") + " and so on; its units are " + other.Target() + " and " + other.Unit("*") + ".")
	r.section("examples")
	for _, e := range commandExamples {
		r.paragraph(e[0])
		r.example(e[1])
	}
	r.section("see also")
	r.paragraph("jobs.yaml(5), montimer-config(5), montimer-units(7), systemd.timer(5), systemd.time(7), systemctl(1), journalctl(1)")
	return r.err
}

// variables are the environment variables and what they are for: those of the host's
// settings, and others.
func variables() [][2]string {
	all := [][2]string{{"MONTIMER_INSTANCE", "The instance, as --instance."}}
	var add func(of string, keys []host.Key)
	add = func(of string, keys []host.Key) {
		for _, k := range keys {
			if k.Variables != nil {
				all = append(all, [2]string{strings.Join(k.Variables, ", "), "The host setting " + of + k.Name + "."})
			}
			add(of+k.Name+": ", k.Keys)
		}
	}
	add("", host.Keys())
	return append(all, [][2]string{
		{"MONITORING_API_HOST, MONITORING_API_PORT", "Where serve listens when it is started by hand, in place of the host setting serve: listen."},
		{"TELEGRAM_BOT_TOKEN_DEFAULT, TELEGRAM_CHAT_ID_DEFAULT and others", "Where alerts go; the services have them from their environment file."},
		{"LOG_LEVEL", "DEBUG: no alerts are sent."},
		{"NO_COLOR", "Set: no colours."},
		{"EDITOR", "In the commands of doctor that change a file."},
	}...)
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
