package host

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/suggest"
)

// ReadConfig reads a config file. A missing one gives no settings. The error is
// [fs.ErrPermission] if the caller may not read it, and a [*ConfigError] with
// all mistakes if it is invalid.
func ReadConfig(path string) (Settings, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Settings{}, nil
	}
	if err != nil {
		return Settings{}, fmt.Errorf("read the host settings: %w", err)
	}
	s, mistakes := decodeConfig(data)
	if len(mistakes) > 0 {
		return Settings{}, &ConfigError{path, mistakes}
	}
	return s, nil
}

// A ConfigError holds all mistakes of a config file.
type ConfigError struct {
	File     string
	Mistakes []Mistake // in the order of the file
}

// A Mistake is one problem of a config file, and how to fix it.
type Mistake struct {
	Line, Col int // from 1; 0: unknown
	Message   string
}

// Error has a line for each mistake: file:line:col: message.
func (e *ConfigError) Error() string {
	var lines []string
	for _, m := range e.Mistakes {
		where := e.File
		for _, n := range []int{m.Line, m.Col} {
			if n > 0 {
				where += ":" + strconv.Itoa(n)
			}
		}
		lines = append(lines, where+": "+m.Message)
	}
	return strings.Join(lines, "\n")
}

// config is a config file while it is decoded.
type config struct{ mistakes []Mistake }

func decodeConfig(data []byte) (Settings, []Mistake) {
	var c config
	var s Settings
	in := yaml.NewDecoder(bytes.NewReader(data))
	var doc, second yaml.Node
	err := in.Decode(&doc)
	switch {
	case errors.Is(err, io.EOF): // no settings
	case err != nil:
		c.syntax(err)
	case isNull(doc.Content[0]):
	default:
		c.mapping(doc.Content[0], "", "checkout: /srv/app", c.keys(&s))
		if err := in.Decode(&second); err == nil {
			c.wrong(&second, "a second document begins here: remove the line ---")
		} else if !errors.Is(err, io.EOF) {
			c.syntax(err)
		}
	}
	slices.SortStableFunc(c.mistakes, func(a, b Mistake) int { return a.Line - b.Line })
	return s, c.mistakes
}

// wrong records a mistake at a node.
func (c *config) wrong(at *yaml.Node, format string, args ...any) {
	c.mistakes = append(c.mistakes, Mistake{at.Line, at.Column, fmt.Sprintf(format, args...)})
}

// syntax records an error of the YAML library, which has the line in its text.
func (c *config) syntax(err error) {
	m := Mistake{Message: strings.TrimPrefix(err.Error(), "yaml: ")}
	if rest, ok := strings.CutPrefix(m.Message, "line "); ok {
		if line, text, ok := strings.Cut(rest, ": "); ok {
			m.Line, _ = strconv.Atoi(line)
			m.Message = text
		}
	}
	m.Message = "not valid YAML: " + m.Message + ": write each setting as key: value"
	c.mistakes = append(c.mistakes, m)
}

func (c *config) syncKeys(s *Sync) []Key {
	key := func(to *string, alone func(string) Sync, k Key) Key {
		k.value = to
		k.read = func(n *yaml.Node) {
			if c.text(n, "sync."+k.Name, to) {
				if _, err := alone(*to).resolve(); err != nil {
					c.wrong(n, "sync: %v", err)
				}
			}
		}
		return k
	}
	usual := montimer.DefaultSync()
	return []Key{
		key(&s.Remote, func(v string) Sync { return Sync{Remote: v} }, Key{Name: "remote", Type: "name", Default: usual.Remote, Example: "origin", Variables: []string{"MONTIMER_SYNC_REMOTE"},
			Doc: "The git remote to fetch from."}),
		key(&s.Branch, func(v string) Sync { return Sync{Branch: v} }, Key{Name: "branch", Type: "name", Default: usual.Branch, Example: "main", Variables: []string{"MONTIMER_SYNC_BRANCH"},
			Doc: "The branch to follow; also a tag, a full reference or a full commit."}),
		key(&s.Every, func(v string) Sync { return Sync{Every: v} }, Key{Name: "every", Type: "time span", Default: "none", Example: "10m",
			Doc: "Sync by a timer of its own, so often: from 10s to 24h."}),
		key(&s.Timeout, func(v string) Sync { return Sync{Timeout: v} }, Key{Name: "timeout", Type: "time span", Default: calendar.FormatSpan(usual.Timeout), Example: "1m", Variables: []string{"MONTIMER_SYNC_TIMEOUT"},
			Doc: "The fetch is stopped after this time, and so is the reset: from 1s to 1h."}),
	}
}

func (c *config) timezone(n *yaml.Node, to *string) {
	if !c.text(n, "timezone", to) {
		return
	}
	if _, err := time.LoadLocation(*to); err != nil {
		c.wrong(n, "timezone: %q is not in tzdata: write a name such as Europe/Berlin (timedatectl list-timezones)", *to)
	}
}

func (c *config) version(n *yaml.Node) int {
	version, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || version < 1 {
		c.wrong(n, "systemd_version: %s: write a number such as 252 (systemctl --version)", describe(n))
	}
	return version
}

// text reads a text; false for none or a wrong one.
func (c *config) text(n *yaml.Node, name string, to *string) bool {
	if isNull(n) {
		return false
	}
	if n.Kind != yaml.ScalarNode {
		c.wrong(n, "%s: %s: write one text", name, describe(n))
		return false
	}
	*to = n.Value
	return *to != ""
}

// mapping reads a mapping with these keys; its name is "" for the whole file.
func (c *config) mapping(n *yaml.Node, name, example string, keys []Key) {
	c.pairs(n, name, example, func(key, value *yaml.Node) {
		i := slices.IndexFunc(keys, func(k Key) bool { return k.Name == key.Value })
		if i < 0 {
			c.unknown(key, name, keys)
			return
		}
		keys[i].read(value)
	})
}

// pairs calls use for each pair of a mapping that is to look like example.
func (c *config) pairs(n *yaml.Node, name, example string, use func(key, value *yaml.Node)) {
	if name != "" {
		name += ": "
	}
	n = target(n)
	if n.Kind != yaml.MappingNode {
		c.wrong(n, "%s%s: write a mapping such as %s", name, describe(n), example)
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := target(n.Content[i]), target(n.Content[i+1])
		switch {
		case key.Kind != yaml.ScalarNode:
			c.wrong(key, "%sa key must be text, not %s", name, describe(key))
		case seen[key.Value] > 0:
			c.wrong(key, "%sthe key %q is there twice, first in line %d: remove one", name, key.Value, seen[key.Value])
		default:
			seen[key.Value] = key.Line
			use(key, value)
		}
	}
}

// otherNames are names of other tools for our settings.
var otherNames = map[string]string{
	"user": "run_as", "username": "run_as", "repo": "checkout", "repo_root": "checkout", "workdir": "checkout",
	"cache_dir": "state_dir", "environment_file": "env_file", "out": "unit_dir", "tz": "timezone", "branch": "sync: {branch: …}",
}

func (c *config) unknown(key *yaml.Node, name string, keys []Key) {
	var names []string
	for _, k := range keys {
		names = append(names, k.Name)
	}
	if name != "" {
		name += ": "
	}
	guesses := 100_000
	hint := "known keys: " + strings.Join(names, ", ")
	if guess := suggest.Closest(key.Value, names, &guesses); guess != "" {
		hint = "did you mean " + guess + "?"
	} else if other := otherNames[key.Value]; other != "" && name == "" {
		hint = "the setting is called " + other
	} else if slices.Contains([]string{"profiles", "defaults", "notify"}, key.Value) {
		hint = "it belongs in jobs.yaml"
	}
	c.wrong(key, "%sunknown key %q; %s", name, key.Value, hint)
}

// target follows an alias.
func target(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// describe names a value of the wrong kind.
func describe(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case isNull(n):
		return "nothing"
	}
	return strconv.Quote(n.Value)
}
