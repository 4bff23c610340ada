package jobs

import (
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/montimer/montimer/internal/suggest"
)

// hostKeys are settings that other job runners have, by their usual names, and
// that a jobs.yaml must not have: the user, paths and rights with which a job
// runs.
const hostKeys = "user group run_as runas uid gid root allow_root sudo umask nice ionice priority" +
	" sandbox limit limits memory memory_max memory_limit cpu cpu_quota capabilities confinement" +
	" checkout repo_root state_dir cache_dir env_file environment_file unit_dir out binary chroot home"

// otherNames are keys by the names that other job runners have for them.
func otherNames() map[string]string {
	return map[string]string{
		"schedule": "cron", "crontab": "cron", "expression": "cron", "interval": "every", "period": "every", "on_calendar": "calendar",
		"tz": "timezone", "time_zone": "timezone", "jobs": "tasks", "steps": "tasks", "random_delay": "jitter", "splay": "jitter",
		"cmd": "command", "run": "command", "exec": "command", "shell": "command", "file": "script", "path": "script",
		"cwd": "workdir", "working_directory": "workdir", "retry": "retries", "repeat": "repeat_every", "depends_on": "after", "needs": "after",
	}
}

// unknownKey reports a key that does not exist in a mapping of that level.
func (d *decoder) unknownKey(p pair, level string, names []string) {
	hint := d.keyHint(p.name, level, names)
	if level != "top" {
		d.error(p.key, hint, "unknown key %s", quote(p.name))
		return
	}
	if p.val.Kind == yaml.MappingNode && d.looksLikeProfile(p.val) {
		hint = "a profile belongs below the key profiles: indent it by two spaces"
	}
	if !strings.HasPrefix(p.name, "x-") {
		d.warn(p.key, hint, "unknown key %s, ignored", quote(p.name))
	}
}

// looksLikeProfile reports whether a mapping has tasks or a schedule.
func (d *decoder) looksLikeProfile(v value) bool {
	for p := range d.own(v) {
		if slices.Contains([]string{"cron", "calendar", "every", "tasks"}, p.name) {
			return true
		}
	}
	return false
}

func (d *decoder) keyHint(name, level string, names []string) string {
	if slices.Contains(strings.Fields(hostKeys), strings.ToLower(name)) {
		return "user, paths and privileges are set in the host configuration, not in jobs.yaml"
	}
	for _, entries := range d.keys.levels() {
		for _, e := range entries {
			switch {
			case e.Name != name || e.Level == "defaults":
			case level == "defaults":
				return name + " cannot have a default"
			case e.Level == "top":
				return name + " is a key of the top level"
			default:
				return name + " is a key of the level " + e.Level
			}
		}
	}
	if s := otherNames()[name]; slices.Contains(names, s) {
		return "did you mean " + s + "?"
	}
	if s := d.didYouMean(name, names); s != "" {
		return s
	}
	return "known keys: " + strings.Join(names, ", ")
}

// didYouMean returns a hint, or "".
func (d *decoder) didYouMean(word string, candidates []string) string {
	if s := suggest.Closest(word, candidates, &d.guesses); s != "" {
		return "did you mean " + s + "?"
	}
	return ""
}

// forms are values of the right form, by level and key, or by key alone.
func forms() map[string]string {
	return map[string]string{
		"profiles":        "{nightly: {cron: 30 4 * * *, tasks: [{name: report, script: report.py}]}}",
		"defaults":        "{timeout: 1h}",
		"sync":            "{on_change: [{paths: uv.lock, command: uv sync}]}",
		"notify":          "{after: 3}",
		"on_change":       "[{paths: uv.lock, command: uv sync}]",
		"paths":           "[uv.lock, docs]",
		"command":         "[python3, -m, report]",
		"timeout":         "90s",
		"notify.after":    "3",
		"repeat_every":    "6h",
		"recovery":        "true",
		"report":          "weekly",
		"cron":            "30 4 * * *",
		"calendar":        "Mon 04:30",
		"every":           "90s",
		"timezone":        "Europe/Berlin",
		"cron_dialect":    "supercronic",
		"enabled":         "true",
		"env":             "{NAME: value}",
		"sync_before_run": "true",
		"catch_up":        "true",
		"jitter":          "90s",
		"overlap":         "skip",
		"parallel":        "2",
		"heartbeat":       "HEARTBEAT_NIGHTLY",
		"tasks":           "[{name: report, script: report.py}]",
		"name":            "report",
		"script":          "report.py",
		"args":            "{since: yesterday}",
		"retries":         "2",
		"retry_delay":     "90s",
		"workdir":         "reports",
		"task.after":      "[x]",
		"interpreter":     "[python3, -u]",
	}
}

// wrongKind reports a value of another kind of YAML than its key takes, with the
// form that is right.
func (d *decoder) wrongKind(v value, must string) {
	hint := ""
	if v.Kind != yaml.ScalarNode || strings.Contains(must, "mapping") || strings.Contains(must, "list") {
		hint = d.reading.form()
	}
	d.error(v, hint, "must be %s, not %s", must, describe(v))
}

// A keyOf is a key of a level of the table.
type keyOf struct{ level, name string }

// form is the hint of wrongKind for a key; "" if it has none.
func (k keyOf) form() string {
	all := forms()
	form, ok := all[k.level+"."+k.name]
	if !ok {
		form, ok = all[k.name]
	}
	if !ok {
		return ""
	}
	return "write " + k.name + ": " + form
}
