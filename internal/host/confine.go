package host

import (
	"regexp"
	"slices"
	"strconv"

	"gopkg.in/yaml.v3"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/lazy"
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
	Key
	directive string // of systemd.resource-control(5) or systemd.exec(5)
	values    func() *regexp.Regexp
	prefix    string // of the value in the unit
}

// The values of limits.
const (
	infinity = "infinity|"
	size     = infinity + `[1-9][0-9]{0,11}[KMGT]?|(100|[1-9][0-9]?)%`
	weight   = `10000|[1-9][0-9]{0,3}`
	many     = infinity + `[1-9][0-9]{0,8}`
)

func limitKeys() []limitKey {
	of := func(directive, pattern string, k Key) limitKey {
		for _, usual := range montimer.DefaultLimits() {
			if usual.Directive == directive {
				k.Default = usual.Value
			}
		}
		return limitKey{k, directive, lazy.Regexp("^(" + pattern + ")$"), ""}
	}
	output := of("Environment", infinity+`[1-9][0-9]{0,11}[KMGT]?`, Key{Name: "output", Type: "a size such as 64M, 1G or infinity", Default: "64M", Example: "1G",
		Doc: "How much of a task's output goes to the journal; what is left out is counted."})
	output.prefix = "MONTIMER_OUTPUT_MAX="
	return []limitKey{
		of("MemoryHigh", size, Key{Name: "memory_high", Type: "a size such as 512M, 2G or 10%", Example: "512M",
			Doc: "With more memory the run is slowed down, and memory taken back from it."}),
		of("MemoryMax", size, Key{Name: "memory_max", Type: "a size such as 512M, 2G or 10%", Example: "512M",
			Doc: "With more memory a process of the run is killed."}),
		of("MemorySwapMax", "0|"+size, Key{Name: "memory_swap_max", Type: "a size such as 0, 512M or 2G", Example: "0",
			Doc: "How much of its memory may be swapped out."}),
		of("CPUQuota", `[1-9][0-9]{0,4}%`, Key{Name: "cpu_quota", Type: "a share of one CPU such as 50%, or 200% for two", Example: "50%",
			Doc: "How much CPU time the run gets at most."}),
		of("CPUWeight", weight, Key{Name: "cpu_weight", Type: "a number from 1 to 10000; 100 is usual", Example: "50",
			Doc: "Its share of the CPU time when others want it too."}),
		of("IOWeight", weight, Key{Name: "io_weight", Type: "a number from 1 to 10000; 100 is usual", Example: "50",
			Doc: "Its share of the disks when others want them too."}),
		of("TasksMax", many, Key{Name: "tasks_max", Type: "a number of processes and threads", Example: "200",
			Doc: "How many processes and threads the run may have."}),
		of("LimitNOFILE", many, Key{Name: "open_files", Type: "a number", Example: "4096",
			Doc: "How many files each process may have open."}),
		output,
		of("Nice", `-?1?[0-9]|-20`, Key{Name: "nice", Type: "a number from -20, the first to run, to 19", Example: "10",
			Doc: "The scheduling priority of its processes."}),
	}
}

// limitsOnly are the limits as the keys of config.yaml that they are.
func limitsOnly() (keys []Key) {
	for _, k := range limitKeys() {
		keys = append(keys, k.Key)
	}
	return keys
}

// limits reads the mapping of profiles.
func (c *config) limits(n *yaml.Node) limits {
	keys, given := limitKeys(), map[string]map[string]string{}
	c.pairs(n, "limits", `{"*": {memory_max: 512M}, nightly: {memory_max: 2G}}`, func(profile, of *yaml.Node) {
		set := map[string]string{}
		given[profile.Value] = set
		var read []Key
		for _, k := range keys {
			k.read = func(n *yaml.Node) {
				if n.Kind != yaml.ScalarNode || !k.values().MatchString(n.Value) {
					c.wrong(n, "limits: %s: %s: write %s", k.Name, describe(n), k.Type)
					return
				}
				set[k.directive] = n.Value
			}
			read = append(read, k.Key)
		}
		c.mapping(of, "limits of "+profile.Value, "{memory_max: 512M, tasks_max: 200}", read)
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

func (c *config) capacityKeys(to *montimer.Capacity) []Key {
	number := func(to *int, usual int, k Key) Key {
		k.Type, k.Default, k.Example = "number", strconv.Itoa(usual), strconv.Itoa(usual)
		k.read = func(n *yaml.Node) {
			value, err := strconv.Atoi(n.Value)
			if n.Kind != yaml.ScalarNode || err != nil || value < 1 || value > 1_000_000 {
				c.wrong(n, "capacity: %s: %s: write a number from 1 to 1000000", k.Name, describe(n))
				return
			}
			*to = value
		}
		return k
	}
	usual := montimer.DefaultCapacity()
	return []Key{
		number(&to.Profiles, usual.Profiles, Key{Name: "profiles", Doc: "How many profiles there may be; those that are disabled count."}),
		number(&to.Events, usual.Events, Key{Name: "calendar_events", Doc: "How many calendar events the timer of one profile may have."}),
		number(&to.StartsPerHour, usual.StartsPerHour, Key{Name: "starts_per_hour", Doc: "How many runs all timers together may start in an hour."}),
	}
}

// capacity reads the mapping of the bounds for all timers.
func (c *config) capacity(n *yaml.Node, to *montimer.Capacity, keys []Key) {
	*to = montimer.DefaultCapacity()
	c.mapping(n, "capacity", "{profiles: 1000}", keys)
}
