package host

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/montimer/montimer"
)

// sandboxes are the values of the setting sandbox: one of them for all
// profiles, or a mapping with one for each of some and "*" for the others.
type sandboxes map[string]montimer.Sandbox

// UnmarshalYAML reads either form.
func (s *sandboxes) UnmarshalYAML(n *yaml.Node) error {
	*s = sandboxes{}
	if n.Kind == yaml.ScalarNode {
		return s.set(montimer.AllOthers, n)
	}
	return pairs(n, `{"*": default, nightly: strict}`, func(profile, value *yaml.Node) error { return s.set(profile.Value, value) })
}

func (s sandboxes) set(profile string, n *yaml.Node) error {
	names := []montimer.Sandbox{montimer.SandboxStrict, montimer.SandboxDefault, montimer.SandboxHost}
	if !slices.Contains(names, montimer.Sandbox(n.Value)) {
		return fmt.Errorf("line %d: sandbox %q: write strict, default or host", n.Line, n.Value)
	}
	s[profile] = montimer.Sandbox(n.Value)
	return nil
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
}

func limitKeys() []limitKey {
	const infinity = "infinity|"
	whole := func(pattern string) *regexp.Regexp { return regexp.MustCompile("^(" + pattern + ")$") }
	const size = infinity + `[1-9][0-9]{0,11}[KMGT]?|(100|[1-9][0-9]?)%`
	weight := whole(`10000|[1-9][0-9]{0,3}`)
	return []limitKey{
		{"memory_high", "MemoryHigh", whole(size), "a size such as 512M, 2G or 10%"},
		{"memory_max", "MemoryMax", whole(size), "a size such as 512M, 2G or 10%"},
		{"memory_swap_max", "MemorySwapMax", whole("0|" + size), "a size such as 0, 512M or 2G"},
		{"cpu_quota", "CPUQuota", whole(`[1-9][0-9]{0,4}%`), "a share of one CPU such as 50%, or 200% for two"},
		{"cpu_weight", "CPUWeight", weight, "a number from 1 to 10000; 100 is usual"},
		{"io_weight", "IOWeight", weight, "a number from 1 to 10000; 100 is usual"},
		{"tasks_max", "TasksMax", whole(infinity + `[1-9][0-9]{0,8}`), "a number of processes and threads"},
		{"open_files", "LimitNOFILE", whole(infinity + `[1-9][0-9]{0,8}`), "a number"},
		{"nice", "Nice", whole(`-?1?[0-9]|-20`), "a number from -20, the first to run, to 19"},
	}
}

// UnmarshalYAML reads the mapping of profiles.
func (l *limits) UnmarshalYAML(n *yaml.Node) error {
	keys, given := limitKeys(), map[string]map[string]string{}
	err := pairs(n, `{"*": {memory_max: 512M}, nightly: {memory_max: 2G}}`, func(profile, of *yaml.Node) error {
		set := map[string]string{}
		given[profile.Value] = set
		return pairs(of, "{memory_max: 512M, tasks_max: 200}", func(key, value *yaml.Node) error {
			k, err := findLimit(keys, key)
			if err != nil {
				return err
			}
			if value.Kind != yaml.ScalarNode || !k.values.MatchString(value.Value) {
				return fmt.Errorf("line %d: %s %q: write %s", value.Line, k.key, value.Value, k.expected)
			}
			set[k.directive] = value.Value
			return nil
		})
	})
	*l = limits{}
	for profile, set := range given {
		for _, k := range keys {
			value := set[k.directive]
			if value == "" {
				value = given[montimer.AllOthers][k.directive]
			}
			if value != "" {
				(*l)[profile] = append((*l)[profile], montimer.Limit{Directive: k.directive, Value: value})
			}
		}
	}
	return err
}

func findLimit(keys []limitKey, key *yaml.Node) (limitKey, error) {
	var known []string
	for _, k := range keys {
		if k.key == key.Value {
			return k, nil
		}
		known = append(known, k.key)
	}
	return limitKey{}, fmt.Errorf("line %d: unknown limit %q: known are %s", key.Line, key.Value, strings.Join(known, ", "))
}

// pairs calls use for each pair of a mapping that is to look like example.
func pairs(n *yaml.Node, example string, use func(key, value *yaml.Node) error) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: write a mapping such as %s", n.Line, example)
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			return fmt.Errorf("line %d: write a mapping such as %s", key.Line, example)
		}
		if seen[key.Value] {
			return fmt.Errorf("line %d: %q is there twice", key.Line, key.Value)
		}
		seen[key.Value] = true
		if err := use(key, value); err != nil {
			return err
		}
	}
	return nil
}
