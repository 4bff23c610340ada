package host

import (
	"regexp"
	"slices"
	"strconv"

	"gopkg.in/yaml.v3"

	"github.com/montimer/montimer"
)

// sandboxes are the values of the setting sandbox: one of them for all
// profiles, or a mapping with one for each of some and "*" for the others.
type sandboxes map[string]montimer.Sandbox

// sandboxes reads either form.
func (c *config) sandboxes(n *yaml.Node) sandboxes {
	s := sandboxes{}
	set := func(profile string, n *yaml.Node) {
		names := []montimer.Sandbox{montimer.SandboxStrict, montimer.SandboxDefault, montimer.SandboxHost}
		if n.Kind != yaml.ScalarNode || !slices.Contains(names, montimer.Sandbox(n.Value)) {
			c.wrong(n, "sandbox: %s: write strict, default or host", describe(n))
			return
		}
		s[profile] = montimer.Sandbox(n.Value)
	}
	if n.Kind == yaml.ScalarNode {
		set(montimer.AllOthers, n)
	} else {
		c.pairs(n, "sandbox", `{"*": default, nightly: strict}`, func(profile, n *yaml.Node) { set(profile.Value, n) })
	}
	return s
}

// limits are the limits of profiles, and of "*", all others. A profile has the
// limits of "*" too, where it does not set its own.
type limits map[string][]montimer.Limit

// A limitKey is one limit of the settings.
type limitKey struct {
	key       string
	directive string // of systemd.resource-control(5) or systemd.exec(5)
	values    *regexp.Regexp
	expected  string
	prefix    string // of the value in the unit
}

func limitKeys() []limitKey {
	const infinity = "infinity|"
	whole := func(pattern string) *regexp.Regexp { return regexp.MustCompile("^(" + pattern + ")$") }
	const size = infinity + `[1-9][0-9]{0,11}[KMGT]?|(100|[1-9][0-9]?)%`
	weight := whole(`10000|[1-9][0-9]{0,3}`)
	return []limitKey{
		{"memory_high", "MemoryHigh", whole(size), "a size such as 512M, 2G or 10%", ""},
		{"memory_max", "MemoryMax", whole(size), "a size such as 512M, 2G or 10%", ""},
		{"memory_swap_max", "MemorySwapMax", whole("0|" + size), "a size such as 0, 512M or 2G", ""},
		{"cpu_quota", "CPUQuota", whole(`[1-9][0-9]{0,4}%`), "a share of one CPU such as 50%, or 200% for two", ""},
		{"cpu_weight", "CPUWeight", weight, "a number from 1 to 10000; 100 is usual", ""},
		{"io_weight", "IOWeight", weight, "a number from 1 to 10000; 100 is usual", ""},
		{"tasks_max", "TasksMax", whole(infinity + `[1-9][0-9]{0,8}`), "a number of processes and threads", ""},
		{"open_files", "LimitNOFILE", whole(infinity + `[1-9][0-9]{0,8}`), "a number", ""},
		{"output", "Environment", whole(infinity + `[1-9][0-9]{0,11}[KMGT]?`), "a size such as 64M, 1G or infinity", "MONTIMER_OUTPUT_MAX="},
		{"nice", "Nice", whole(`-?1?[0-9]|-20`), "a number from -20, the first to run, to 19", ""},
	}
}

// limits reads the mapping of profiles.
func (c *config) limits(n *yaml.Node) limits {
	keys, given := limitKeys(), map[string]map[string]string{}
	c.pairs(n, "limits", `{"*": {memory_max: 512M}, nightly: {memory_max: 2G}}`, func(profile, of *yaml.Node) {
		set := map[string]string{}
		given[profile.Value] = set
		var settings []setting
		for _, k := range keys {
			settings = append(settings, setting{k.key, func(n *yaml.Node) {
				if n.Kind != yaml.ScalarNode || !k.values.MatchString(n.Value) {
					c.wrong(n, "limits: %s: %s: write %s", k.key, describe(n), k.expected)
					return
				}
				set[k.directive] = n.Value
			}})
		}
		c.mapping(of, "limits of "+profile.Value, "{memory_max: 512M, tasks_max: 200}", settings)
	})
	return withCommon(keys, given)
}

// withCommon gives each profile what all others have, where it has nothing of its own.
func withCommon(keys []limitKey, given map[string]map[string]string) limits {
	l := limits{}
	for profile, set := range given {
		for _, k := range keys {
			value := set[k.directive]
			if value == "" {
				value = given[montimer.AllOthers][k.directive]
			}
			if value != "" {
				l[profile] = append(l[profile], montimer.Limit{Directive: k.directive, Value: k.prefix + value})
			}
		}
	}
	return l
}

// capacity reads the mapping of the bounds for all timers.
func (c *config) capacity(n *yaml.Node) montimer.Capacity {
	to := montimer.DefaultCapacity()
	number := func(name string, to *int) setting {
		return setting{name, func(n *yaml.Node) {
			value, err := strconv.Atoi(n.Value)
			if n.Kind != yaml.ScalarNode || err != nil || value < 1 || value > 1_000_000 {
				c.wrong(n, "capacity: %s: %s: write a number from 1 to 1000000", name, describe(n))
				return
			}
			*to = value
		}}
	}
	c.mapping(n, "capacity", "{profiles: 1000}", []setting{
		number("profiles", &to.Profiles),
		number("calendar_events", &to.Events),
		number("starts_per_hour", &to.StartsPerHour),
	})
	return to
}
