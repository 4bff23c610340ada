package manual

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// What can be completed is a kind: one of these, fixed words, or "" for nothing. The
// live ones are asked of `montimer complete`.
const (
	ofFiles     = "files"
	ofDirs      = "dirs"
	ofUsers     = "users"
	ofInstances = "instances"
	ofProfiles  = "profiles"
	ofTasks     = "tasks"
	ofRuns      = "profiles runs"
	ofWords     = "words "
)

// Fixed are the words of options whose values the grammar does not list, by the
// placeholder of the option.
type Fixed map[string][]string

// A completion is what can follow a command: its commands, or its options and
// arguments.
type completion struct {
	path     string // "notify flush"; "" of the program
	commands [][2]string
	options  [][2]string // with help, "--name"
	values   []optionValue
	args     []string // kinds of its arguments
}

// An optionValue is the kind of the value of an option.
type optionValue struct {
	names []string // --output, -o
	kind  string
}

// completions returns what can follow each command, the program last.
func completions(app *kong.Application, known Fixed) []completion {
	var all []completion
	var walk func(n *kong.Node, at string)
	walk = func(n *kong.Node, at string) {
		c := completion{path: at}
		for _, sub := range n.Children {
			if !sub.Hidden {
				c.commands = append(c.commands, [2]string{sub.Name, brief(sub.Help)})
				walk(sub, strings.TrimSpace(at+" "+sub.Name))
			}
		}
		for _, f := range slices.Concat(n.Flags, app.Flags) {
			if f.Hidden || slices.ContainsFunc(c.options, func(o [2]string) bool { return o[0] == "--"+f.Name }) || n != app.Node && f.Name == "help" {
				continue
			}
			c.options = append(c.options, [2]string{"--" + f.Name, brief(f.Help)})
			if !f.IsBool() {
				v := optionValue{[]string{"--" + f.Name}, optionKind(f, known)}
				if f.Short != 0 {
					v.names = append(v.names, "-"+string(f.Short))
				}
				c.values = append(c.values, v)
			}
		}
		for _, p := range n.Positional {
			c.args = append(c.args, argKind(p))
		}
		all = append(all, c)
	}
	walk(app.Node, "")
	return all
}

// brief is the first clause of a help, without what a shell could take for its own.
func brief(help string) string {
	first, _, _ := strings.Cut(help, ". ")
	for _, end := range []string{" (", "; "} {
		first, _, _ = strings.Cut(first, end)
	}
	return strings.NewReplacer("'", "", `"`, "", "`", "", "$", "", `\`, "").Replace(strings.TrimSuffix(first, "."))
}

func optionKind(f *kong.Flag, known Fixed) string {
	words := known[f.PlaceHolder]
	switch {
	case f.Enum != "":
		return ofWords + strings.ReplaceAll(f.Enum, ",", " ")
	case words != nil:
		return ofWords + strings.Join(words, " ")
	case f.Name == "instance":
		return ofInstances
	case f.Name == "profile":
		return ofProfiles
	case f.Name == "user":
		return ofUsers
	}
	return map[string]string{"FILE": ofFiles, "OLD.db": ofFiles, "DIR": ofDirs, "TASK": ofTasks, "USER": ofUsers}[f.PlaceHolder]
}

func argKind(p *kong.Positional) string {
	if p.Enum != "" {
		return ofWords + strings.ReplaceAll(p.Enum, ",", " ")
	}
	return map[string]string{
		"profile": ofProfiles, "profile|run": ofRuns, "file": ofFiles, "path": ofFiles, "backup": ofFiles, "dir": ofDirs,
	}[p.Name]
}

// names are the first words of a list.
func names(list [][2]string) string {
	var all []string
	for _, w := range list {
		all = append(all, w[0])
	}
	return strings.Join(all, " ")
}

// takers are the options that take a value, of all commands.
func takers(all []completion) []string {
	var found []string
	for _, c := range all {
		for _, v := range c.values {
			found = append(found, v.names...)
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// cases are the lines of a case: for each command what can follow it, and for each
// option or argument its kind, behind the command and a colon.
func cases(all []completion, ofCommand func(c completion) string, ofKind func(patterns []string, kind string) string) (commands, kinds string) {
	for _, c := range all {
		commands += ofCommand(c)
		for _, v := range c.values {
			var patterns []string
			for _, name := range v.names {
				patterns = append(patterns, c.path+":"+name)
			}
			if v.kind != "" {
				kinds += ofKind(patterns, v.kind)
			}
		}
		for i, kind := range c.args {
			if kind != "" {
				kinds += ofKind([]string{fmt.Sprintf("%s:%d", c.path, i)}, kind)
			}
		}
	}
	return commands, kinds
}

// paths are all commands, quoted.
func paths(all []completion) (list []string) {
	for _, c := range all {
		if c.path != "" {
			list = append(list, quoted(c.path))
		}
	}
	return list
}

// quoted is a text that has no quote, for a shell.
func quoted(text string) string { return "'" + text + "'" }

func allQuoted(texts []string) (list []string) {
	for _, text := range texts {
		list = append(list, quoted(text))
	}
	return list
}

// described are words with their help, each quoted.
func described(list [][2]string, between string) string {
	var all []string
	for _, w := range list {
		all = append(all, quoted(w[0]+between+w[1]))
	}
	return strings.Join(all, " ")
}

// etcDir has the settings of all instances.
func etcDir() string { return path.Dir(own.ConfigFile()) }
