package manual

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/internal/suggest"
)

// elsewhere names the right command for commands that montimer does not have.
var elsewhere = map[string]string{
	"status":    "systemctl status 'montimer-job-*.service'",
	"history":   "journalctl -u montimer-job-NAME",
	"log":       "journalctl -u montimer-job-NAME",
	"logs":      "journalctl -u montimer-job-NAME",
	"start":     "montimer run NAME; for all timers: systemctl start montimer.target",
	"stop":      "systemctl stop montimer-job-NAME.service; to skip runs to come: montimer pause NAME",
	"kill":      "systemctl stop montimer-job-NAME.service",
	"restart":   "montimer apply",
	"reload":    "montimer apply",
	"install":   "montimer apply",
	"enable":    "systemctl enable --now montimer.target; for one profile: enabled: true in jobs.yaml",
	"disable":   "montimer pause NAME, or enabled: false in jobs.yaml",
	"unpause":   "montimer resume NAME",
	"check":     "montimer compile --check",
	"validate":  "montimer compile --check",
	"lint":      "montimer compile --check",
	"test":      "montimer compile --check; for messages: montimer notify test",
	"diff":      "montimer compile --diff",
	"plan":      "montimer compile --diff",
	"next":      "montimer list",
	"ls":        "montimer list",
	"timers":    "systemctl list-timers 'montimer-job-*'",
	"backup":    "sqlite3 monitoring.db \".backup copy.db\"",
	"db repair": "montimer db check --repair",
	"db backup": "sqlite3 monitoring.db \".backup copy.db\"",
}

// Misused formats an error of the command line; an unknown command gets the
// right one.
func Misused(n *kong.Node, args []string, err error) string {
	var path []string
	for _, arg := range args {
		if strings.HasPrefix(arg, "-") {
			continue
		}
		var names []string
		var next *kong.Node
		for _, child := range n.Children {
			if child.Name == arg {
				next = child
			}
			if !child.Hidden {
				names = append(names, child.Name)
			}
		}
		switch {
		case next != nil:
			n, path = next, append(path, arg)
			continue
		case len(names) > 0:
			return unknownCommand(strings.Join(append(path, arg), " "), arg, names)
		}
		break
	}
	if text := err.Error(); strings.HasPrefix(text, "unexpected argument ") && (n.Name == "run" || n.Name == "exec") {
		return text + ": one profile is run at a time; one task of it: --task TASK"
	}
	return err.Error()
}

func unknownCommand(command, word string, names []string) string {
	text := fmt.Sprintf("there is no command %s", safetext.String(command))
	work := 1 << 16
	if instead := elsewhere[command]; instead != "" {
		return text + "; instead: " + instead
	} else if meant := suggest.Closest(word, names, &work); meant != "" {
		return text + "; did you mean " + meant + "?"
	}
	return text + "; known:" + fold(names)
}
