package jobs

import (
	"slices"
	"strings"

	"github.com/montimer/montimer/internal/suggest"
)

// hostKeys are settings that other job runners have, by their usual names, and
// that a jobs.yaml must not have: as whom, where and with which rights a job
// runs.
const hostKeys = "user group run_as runas uid gid root allow_root sudo umask nice ionice priority" +
	" sandbox limit limits memory memory_max memory_limit cpu cpu_quota capabilities confinement" +
	" checkout repo_root state_dir cache_dir env_file environment_file unit_dir out binary chroot home"

// unknownKey reports a key that does not exist in a mapping of that level.
func (d *decoder) unknownKey(p pair, level string, names []string) {
	hint := d.keyHint(p.name, level, names)
	if level != "top" {
		d.error(p.key, hint, "unknown key %s", quote(p.name))
		return
	}
	if !strings.HasPrefix(p.name, "x-") {
		d.warn(p.key, hint, "unknown key %s, ignored", quote(p.name))
	}
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
