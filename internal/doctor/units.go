package doctor

import (
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/internal/unitdir"
	"github.com/montimer/montimer/internal/unitfile"
	"github.com/montimer/montimer/taskexec"
)

// UnitFacts is the units on disk, in systemd, and as the next compile would write
// them.
type UnitFacts struct {
	Want    []compiler.Unit // nil: not known
	Have    map[string]string
	State   map[string]systemd.Detail // of those in Want and Have, but for templates
	Failed  []string                  // names of all that have failed, instances of templates included
	Path    []string                  // where systemd looks for units
	DropIns map[string]string         // texts of the drop-ins of the server, and of units that systemd refuses or does not start
	Version int                       // of systemd
}

// units reads the units. Where jobs.yaml cannot be used the wanted ones are not
// known.
func (r *reader) units(ctx context.Context) error {
	u := &r.facts.Units
	h := r.facts.Host
	of := h.Instance
	installed, err := unitdir.Read(h.UnitDir, of)
	if err != nil {
		return err
	}
	u.Have = installed.Files
	if r.facts.Mistake == "" {
		if u.Want, err = compiler.Render(h, r.facts.Jobs); err != nil {
			return fmt.Errorf("render the units: %w", err)
		}
	}
	conn, err := systemd.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if u.Version, err = conn.Version(); err != nil {
		return err
	}
	if u.Path, err = conn.UnitPath(); err != nil {
		return err
	}
	if u.Failed, err = conn.Failed(ctx, of.Prefix()+"*"); err != nil {
		return err
	}
	u.Failed = slices.DeleteFunc(u.Failed, func(name string) bool { return !ofInstance(of, name) })
	names := slices.Collect(maps.Keys(u.Have))
	for _, w := range u.Want {
		names = append(names, w.Name)
	}
	for i, name := range names { // systemd knows of a template only what it knows of an instance
		names[i] = strings.Replace(name, "@.", anInstance, 1)
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if u.State, err = systemd.Details(ctx, names); err != nil {
		return err
	}
	u.DropIns = map[string]string{}
	for _, name := range names {
		if s := u.State[name]; s.IsRefused() || len(s.Unmet) > 0 || strings.HasPrefix(name, of.Unit("api.")) {
			for _, path := range s.DropIns {
				text, _ := os.ReadFile(path) // one that cannot be read may be the culprit
				u.DropIns[path] = string(text)
			}
		}
	}
	return nil
}

// anInstance is in the name of an instance that stands for its template.
const anInstance = "@doctor."

// ofInstance reports whether a unit, or an instance of a template, is of an instance
// of montimer.
func ofInstance(of montimer.Instance, unit string) bool {
	if _, ok := of.ProfileOf(unit); ok || unit == of.Target() {
		return true
	}
	template, _, has := strings.Cut(unit, "@")
	name := unit
	if has {
		name = template + "@.service"
	}
	return slices.Contains(compiler.HostUnits(of), name)
}

// ofProfile reports whether a unit is one of a pair, or the target: what jobs.yaml
// asks for. The others are the helpers.
func ofProfile(of montimer.Instance, unit string) bool {
	_, pair := of.ProfileOf(unit)
	return pair || unit == of.Target()
}

func isTimerOrSocket(unit string) bool {
	return strings.HasSuffix(unit, ".timer") || strings.HasSuffix(unit, ".socket")
}

// eachUnit makes a check of each unit that systemd knows, in the order of their names.
func eachUnit(check func(f Facts, name string, s systemd.Detail) []found) func(Facts) []found {
	return func(f Facts) (all []found) {
		for _, name := range slices.Sorted(maps.Keys(f.Units.State)) {
			all = append(all, check(f, name, f.Units.State[name])...)
		}
		return all
	}
}

// eachWanted makes a check of each unit that is to be there, with its text on disk.
func eachWanted(check func(f Facts, want compiler.Unit, have string, exists bool) []found) func(Facts) []found {
	return func(f Facts) (all []found) {
		if f.Unknown[partJobs] != "" {
			return unknown(f.Unknown[partJobs])
		}
		for _, w := range f.Units.Want {
			have, exists := f.Units.Have[w.Name]
			all = append(all, check(f, w, have, exists)...)
		}
		return all
	}
}

// missing finds wanted units that are not there. Where there are none at all, that is
// one finding, and those about the helpers depend on it.
func missing(helpers bool) func(Facts) []found {
	each := eachWanted(func(f Facts, w compiler.Unit, _ string, exists bool) []found {
		if exists || ofProfile(f.Host.Instance, w.Name) == helpers {
			return nil
		}
		return []found{{text: w.Name + " is not in " + f.Host.UnitDir, fix: f.Host.Instance.Command("apply")}}
	})
	return func(f Facts) []found {
		all := each(f)
		switch {
		case len(f.Units.Have) > 0 || len(f.Units.Want) == 0 || f.Unknown[partJobs] != "":
			return all
		case helpers:
			return unknown("nothing is compiled")
		}
		return []found{{text: fmt.Sprintf("nothing is compiled: none of the %d units is in %s", len(f.Units.Want), f.Host.UnitDir), fix: f.Host.Instance.Command("apply")}}
	}
}

// differs finds units that nobody has edited and that are still not as the next
// compile would write them.
func differs(why string, concerns func(of montimer.Instance, unit string) bool) func(Facts) []found {
	return eachWanted(func(f Facts, w compiler.Unit, have string, exists bool) []found {
		if !exists || unitfile.Same(have, w.Content) || unitfile.ByHand(have) || !concerns(f.Host.Instance, w.Name) {
			return nil
		}
		return []found{{text: w.Name + " " + why, fix: f.Host.Instance.Command("apply")}}
	})
}

// targetRuns reports whether the timers are to be active.
func (f Facts) targetRuns() bool { return f.Units.State[f.Host.Instance.Target()].IsActive() }

// failed finds units that have failed.
func failed(helpers bool) func(Facts) []found {
	return func(f Facts) (all []found) {
		of := f.Host.Instance
		for _, name := range f.Units.Failed {
			if ofProfile(of, name) == helpers || f.Units.State[name].Load == "masked" { // that is reported
				continue
			}
			if f.isTaken(name) { // likewise
				continue
			}
			profile, pair := of.ProfileOf(name)
			fix := "systemctl restart " + taskexec.QuoteWord(name)
			switch {
			case strings.Contains(name, "@"):
				fix = "systemctl reset-failed " + taskexec.QuoteWord(name)
			case pair && profile == montimer.GitSync && strings.HasSuffix(name, ".service"):
				fix = of.Command("sync") + " && systemctl reset-failed " + name
			case pair && profile != montimer.Report && strings.HasSuffix(name, ".service"):
				fix = of.Command("run " + profile + " --follow")
			}
			all = append(all, found{text: name + " has failed", fix: fix})
		}
		return all
	}
}

// stopped finds timers and sockets that are not active although the target is.
func stopped(helpers bool) func(Facts) []found {
	return eachUnit(func(f Facts, name string, s systemd.Detail) []found {
		of := f.Host.Instance
		if !f.targetRuns() || !isTimerOrSocket(name) || ofProfile(of, name) == helpers || s.Load != "loaded" || s.Active != "inactive" || len(s.Unmet) > 0 || f.isTaken(name) {
			return nil
		}
		if f.Units.Want != nil && !slices.ContainsFunc(f.Units.Want, func(w compiler.Unit) bool { return w.Name == name }) {
			return nil // of a profile that has gone
		}
		return []found{{text: name + " is stopped", fix: "systemctl start " + taskexec.QuoteWord(name)}}
	})
}

// setAside renames drop-ins, so that systemd does not read them and nothing is lost.
func setAside(paths []string, then ...string) string {
	var steps []string
	for _, path := range paths {
		steps = append(steps, fmt.Sprintf("mv %s %s", taskexec.QuoteWord(path), taskexec.QuoteWord(path+".off")))
	}
	return strings.Join(append(append(steps, "systemctl daemon-reload"), then...), " && ")
}

// culprits returns the drop-ins that hold any of the words; all, if none does.
func (f Facts) culprits(dropIns []string, words ...string) []string {
	var some []string
	for _, path := range dropIns {
		if text := f.Units.DropIns[path]; text == "" || slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) }) {
			some = append(some, path)
		}
	}
	if some == nil {
		return dropIns
	}
	return some
}

func masked(f Facts, name string, s systemd.Detail) []found {
	if s.Load != "masked" {
		return nil
	}
	name = strings.Replace(name, anInstance, "@.", 1)
	verb := "systemctl unmask "
	if s.Enablement == "masked-runtime" {
		verb = "systemctl unmask --runtime "
	}
	fix := verb + taskexec.QuoteWord(name)
	if isTimerOrSocket(name) && f.targetRuns() || name == f.Host.Instance.Target() {
		fix += " && systemctl start " + taskexec.QuoteWord(name)
	}
	return []found{{text: name + " is masked", fix: fix}}
}

func refused(f Facts, name string, s systemd.Detail) []found {
	if !s.IsRefused() {
		return nil
	}
	text := name + " cannot be loaded: " + s.Reason
	if len(s.DropIns) == 0 {
		return []found{{text: text, fix: f.Host.Instance.Command("apply")}}
	}
	return []found{{text: text, fix: setAside(s.DropIns, f.Host.Instance.Command("apply"))}}
}

func unmet(f Facts, name string, s systemd.Detail) []found {
	if len(s.Unmet) == 0 {
		return nil
	}
	dropIns := f.culprits(s.DropIns, "Condition", "Assert")
	fix := f.Host.Instance.Command("apply")
	if len(dropIns) > 0 {
		fix = setAside(dropIns)
		if isTimerOrSocket(name) && f.targetRuns() {
			fix += " && systemctl start " + taskexec.QuoteWord(name)
		}
	}
	return []found{{text: fmt.Sprintf("%s was not started: %s", name, strings.Join(s.Unmet, ", ")), fix: fix}}
}

func notUpheld(f Facts) (all []found) {
	of := f.Host.Instance
	target, ok := f.Units.State[of.Target()]
	if !ok || target.Load != "loaded" {
		return nil
	}
	for _, w := range f.Units.Want {
		s := f.Units.State[w.Name]
		if isTimerOrSocket(w.Name) && s.Load == "loaded" && !slices.Contains(target.Upholds, w.Name) {
			all = append(all, found{text: fmt.Sprintf("%s is loaded, and %s does not uphold it", w.Name, of.Target()), fix: of.Command("apply")})
		}
	}
	return all
}

func target(text, fix string, wrong func(systemd.Detail) bool) func(Facts) []found {
	return func(f Facts) []found {
		name := f.Host.Instance.Target()
		s, ok := f.Units.State[name]
		if !ok || f.Units.Have[name] == "" || s.Load != "loaded" || !wrong(s) {
			return nil
		}
		return []found{{text: name + " " + text, fix: fix + " " + name}}
	}
}

func edited(f Facts, w compiler.Unit, have string, _ bool) []found {
	if !unitfile.ByHand(have) || unitfile.Same(have, w.Content) {
		return nil
	}
	return []found{{text: f.Host.UnitDir + "/" + w.Name + " was edited", fix: f.Host.Instance.Command("apply")}}
}

func unread(f Facts) []found {
	for _, name := range slices.Sorted(maps.Keys(f.Units.State)) {
		if f.Units.State[name].Unread {
			return []found{{text: name + " has changed on disk since systemd read it", fix: f.Host.Instance.Command("apply")}}
		}
	}
	return nil
}

// oldestSystemd is the oldest one that knows all directives of the units.
const oldestSystemd = 252

func unitChecks() []Check {
	units := []part{partUnits}
	return []Check{
		{"unit-missing", "units missing", "the profile never runs", false, units, missing(false)},
		{"unit-drifted", "timers that differ from jobs.yaml", "the profile runs at other times", false, units,
			differs("is not as jobs.yaml has it", func(of montimer.Instance, unit string) bool { return of.IsJobTimer(unit) || unit == of.Target() })},
		{"unit-version", "services and helpers made by another version, or for other settings", "runs have settings that are no longer those of the host", false, units,
			differs("is not as this version writes it for the settings of the host", func(of montimer.Instance, unit string) bool { return !of.IsJobTimer(unit) && unit != of.Target() })},
		{"unit-edited", "units that were edited", "the next compile drops the change; a drop-in keeps it (systemctl edit)", true, units, eachWanted(edited)},
		{"unit-failed", "units of profiles failed", "the last run failed, or the timer elapses no more", false, units, failed(false)},
		{"unit-masked", "units masked", "it never starts", false, units, eachUnit(masked)},
		{"unit-refused", "units that systemd cannot load", "it never starts", false, units, eachUnit(refused)},
		{"unit-condition", "units kept from starting by a condition", "it never starts", false, units, eachUnit(unmet)},
		{"unit-unread", "units that changed since systemd read them", "systemd works with the old text", true, units, unread},
		{"unit-path", "unit directory not read by systemd", "systemd knows none of the units", false, units, func(f Facts) []found {
			if slices.Contains(f.Units.Path, f.Host.UnitDir) {
				return nil
			}
			return []found{{text: "systemd does not read " + f.Host.UnitDir, fix: f.unset("unit_dir") + " && " + f.Host.Instance.Command("apply")}}
		}},
		{"target-stopped", "target off", "nothing runs", false, units, target("is not active", "systemctl start", func(s systemd.Detail) bool { return !s.IsActive() })},
		{"target-disabled", "target not enabled", "nothing runs after the next boot", false, units, target("is not enabled", "systemctl enable", func(s systemd.Detail) bool { return s.Enablement == "disabled" })},
		{"timer-stopped", "timers stopped", "the profile never runs", false, units, stopped(false)},
		{"timer-not-upheld", "timers loaded and not upheld", "once stopped it stays so", false, units, notUpheld},
		{"helper-missing", "units of the outbox, of apply or of the failure handler missing", "alerts are not retried, units do not follow jobs.yaml, or failures are not reported", false, units, missing(true)},
		{"helper-stopped", "outbox timer, apply timer, or socket of apply or of the server not active", "alerts are not retried, or units do not follow jobs.yaml", false, units, stopped(true)},
		{"helper-failed", "units of the outbox, of apply or of the failure handler failed", "alerts are not retried, units do not follow jobs.yaml, or failures are not reported", false, units, failed(true)},
		{"systemd-version", "systemd older than the units need", "it ignores directives, those of the sandbox included", true, units, func(f Facts) []found {
			if f.Units.Version >= oldestSystemd {
				return nil
			}
			return []found{{text: fmt.Sprintf("this is systemd %d; the units need %d or newer", f.Units.Version, oldestSystemd), fix: "apt-get install --only-upgrade systemd"}}
		}},
	}
}
