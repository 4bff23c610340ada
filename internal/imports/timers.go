package imports

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/unitfile"
)

// Timers imports timers with their services: the texts of unit files by their names,
// each followed by its drop-ins.
func Timers(units map[string]string, o Options) (Import, error) {
	p := newPlanner(o)
	var receipts []*Receipt
	for _, name := range slices.Sorted(maps.Keys(units)) {
		if !strings.HasSuffix(name, ".timer") {
			continue
		}
		t := timer{planner: p, units: units, name: name, Receipt: &Receipt{Source: name, Kind: Job, Result: Exact, By: "systemd"}}
		receipts = append(receipts, t.Receipt)
		t.read()
	}
	p.say("montimer starts runs on time (AccuracySec=1us), reports those that fail, and stops a task after its time-out")
	p.say("tasks are confined: for one, they cannot write home directories (docs/sandbox.md)")
	p.say("the old timers go on until they are disabled: systemctl disable --now NAME.timer")
	return p.finish(receipts)
}

// A timer is one that is being read.
type timer struct {
	*planner
	*Receipt
	units map[string]string
	name  string

	service    string
	calendars  []string
	spans      map[string]time.Duration // OnBootSec= and so on
	persistent bool
	fixed      bool
	profile    montimer.Profile

	user      string
	oneshot   bool
	lines     []programLine
	directory string
}

func (t *timer) read() {
	text := t.units[t.name]
	base := strings.TrimSuffix(t.name, ".timer")
	t.service, t.spans = base+".service", map[string]time.Duration{}
	switch {
	case unitfile.Generated(text):
		t.refuse("montimer has written it", "nothing is to be done")
		return
	case !utf8.ValidString(text):
		t.refuse("it is not UTF-8, as jobs.yaml is", "write it into jobs.yaml by hand")
		return
	}
	t.profile = montimer.Profile{Tasks: []montimer.Task{{}}}
	for d := range unitfile.Directives(text) {
		t.timerDirective(d)
	}
	service, ok := t.units[t.service]
	switch {
	case t.Result == Refused:
		return
	case strings.Contains(t.service, "@"):
		t.refuse(t.service+" is of a template", "write the command of the instance into a service, or into jobs.yaml by hand")
		return
	case !ok || !utf8.ValidString(service):
		t.refuse("there is no service "+t.service+" beside it", "import the directory that has both")
		return
	}
	for d := range unitfile.Directives(service) {
		t.serviceDirective(d)
	}
	if t.System {
		t.forUser(cmp.Or(t.user, "root")) // systemd.exec(5)
	}
	if t.Result != Refused && t.command() && t.schedule() {
		zone := ""
		if len(t.calendars) > 0 {
			zone = t.events()[0].Zone
		}
		t.profile.Name = t.planner.name(base)
		t.profile.Tasks[0].Name = taskName(base)
		t.plan(&job{receipt: t.Receipt, Profile: t.profile, before: t.before(), zone: zone})
	}
}

// forUser judges as which user the service runs.
func (t *timer) forUser(user string) {
	switch {
	case user == t.User:
	case t.User == "":
		t.differ(fmt.Sprintf("it runs as %s here; montimer runs all tasks of an instance as one user, run_as of the host's settings: import with --user %s", user, user))
	default:
		t.refuse(fmt.Sprintf("it runs as %s, and the tasks of this jobs.yaml as %s", user, t.User),
			fmt.Sprintf("import it with --user %s for an instance with run_as: %s (docs/instances.md), or leave it where it is", user, user))
	}
}
