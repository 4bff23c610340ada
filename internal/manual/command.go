package manual

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/internal/suggest"
)

// elsewhere names the right command for commands that montimer does not have.
func elsewhere(of montimer.Instance, command string) string {
	service, run, apply := of.Service("NAME"), of.Command("run NAME"), of.Command("apply")
	const backup = `sqlite3 monitoring.db ".backup copy.db"`
	return map[string]string{
		"runs":      of.Command("history"),
		"log":       of.Command("logs NAME"),
		"journal":   of.Command("logs NAME"),
		"tail":      of.Command("logs NAME --follow"),
		"start":     run + "; for all timers: systemctl start " + of.Target(),
		"stop":      "systemctl stop " + service + "; to skip runs to come: " + of.Command("pause NAME"),
		"kill":      "systemctl stop " + service,
		"restart":   apply,
		"reload":    apply,
		"install":   apply,
		"enable":    "systemctl enable --now " + of.Target() + "; for one profile: enabled: true in jobs.yaml",
		"disable":   of.Command("pause NAME") + ", or enabled: false in jobs.yaml",
		"unpause":   of.Command("resume NAME"),
		"check":     "montimer compile --check",
		"validate":  "montimer compile --check",
		"lint":      "montimer compile --check",
		"test":      "montimer compile --check; for messages: " + of.Command("notify test"),
		"diff":      of.Command("compile --diff"),
		"plan":      of.Command("compile --diff"),
		"next":      of.Command("list"),
		"ls":        of.Command("list"),
		"health":    of.Command("doctor"),
		"timers":    "systemctl list-timers '" + of.Timer("*") + "'",
		"backup":    backup,
		"db repair": of.Command("db check --repair"),
		"db backup": backup,
	}[command]
}

// Misused formats an error of a command line for an instance, without the flag
// that selects it; an unknown command gets the right one, an option for the
// host's settings the commands that take it.
func Misused(n *kong.Node, of montimer.Instance, args []string, err error) string {
	app := n
	var path []string
	for _, arg := range args {
		if strings.HasPrefix(arg, "-") {
			continue
		}
		next, names := child(n, arg)
		switch {
		case next != nil:
			n, path = next, append(path, arg)
			continue
		case len(names) > 0:
			return unknownCommand(of, strings.Join(append(path, arg), " "), arg, names)
		}
		break
	}
	if text := err.Error(); strings.HasPrefix(text, "unexpected argument ") && (n.Name == "run" || n.Name == "exec") {
		return text + ": one profile is run at a time; one task of it: --task TASK"
	}
	if flag, unknown := strings.CutPrefix(err.Error(), "unknown flag "); unknown {
		flag, _, _ = strings.Cut(flag, ",")
		if takers := takersOf(app, flag); len(takers) > 0 {
			return fmt.Sprintf("%s takes no %s, since it does not use that setting; these do: %s", strings.Join(path, " "), flag, strings.Join(takers, ", "))
		}
	}
	return err.Error()
}

// child returns the command of n with a name, nil if it has none, and the names of
// all that are shown.
func child(n *kong.Node, name string) (found *kong.Node, names []string) {
	for _, c := range n.Children {
		if c.Name == name {
			found = c
		}
		if !c.Hidden {
			names = append(names, c.Name)
		}
	}
	return found, names
}

// takersOf names the commands that take an option for the host's settings.
func takersOf(n *kong.Node, flag string) (commands []string) {
	for _, f := range n.Flags {
		if isHostOption(f) && "--"+f.Name == flag && !n.Hidden {
			commands = append(commands, strings.TrimPrefix(n.Path(), "montimer "))
		}
	}
	for _, child := range n.Children {
		commands = append(commands, takersOf(child, flag)...)
	}
	return commands
}

func unknownCommand(of montimer.Instance, command, word string, names []string) string {
	text := fmt.Sprintf("there is no command %s", safetext.String(command))
	work := 1 << 16
	if instead := elsewhere(of, command); instead != "" {
		return text + "; instead: " + instead
	} else if meant := suggest.Closest(word, names, &work); meant != "" {
		return text + "; did you mean " + meant + "?"
	}
	return text + "; known:" + fold(names)
}
