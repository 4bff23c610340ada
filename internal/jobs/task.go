package jobs

import (
	"fmt"
	"path"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/montimer/montimer"
)

// task is a task while it is decoded.
type task struct {
	montimer.Task
	at    value // its name; where it begins, if it has none
	after []located
}

// tasks takes the list of tasks of a profile.
func tasks() kind[[]task] {
	return kind[[]task]{
		name:   "list",
		schema: func() object { return orFalsy(object{"type": "array", "items": ref("task")}) },
		read: func(d *decoder, v value, into *[]task) {
			switch {
			case isFalsy(v):
				return
			case v.Kind != yaml.SequenceNode:
				d.wrongKind(v, "a list of tasks")
				return
			}
			*into = make([]task, 0, min(len(v.Content), 1<<10)) // more may all be mistakes
			for item := range d.items(v) {
				if d.full {
					break
				}
				*into = append(*into, d.task(item, len(*into)+1))
			}
		},
	}
}

// task decodes the task with that number in its profile, counted from 1.
func (d *decoder) task(v value, number int) task {
	t := d.defaults.task
	t.at = v
	if v.Kind != yaml.MappingNode {
		d.error(v, d.reading.form(), "task %d must be a mapping, not %s", number, describe(v))
		return t
	}
	d.enter("task", d.taskName(v, number))
	defer d.leave()
	keys := decodeMapping(d, v, &d.keys.task, &t)
	if name := keys.find("name"); !name.isZero() {
		t.at = name
	} else {
		d.error(v, "", "the key name is missing")
	}
	d.checkProgram(&t, v, keys)
	return t
}

// taskName returns the name of a task for messages.
func (d *decoder) taskName(v value, number int) string {
	for p := range d.own(v) {
		if p.name == "name" && p.val.Kind == yaml.ScalarNode && p.val.Value != "" {
			return p.val.Value
		}
	}
	return fmt.Sprintf("#%d", number)
}

// checkProgram checks that the task has exactly one program, and only such
// settings as go with it.
func (d *decoder) checkProgram(t *task, v value, keys pairs) {
	script, command := keys.find("script"), keys.find("command")
	switch {
	case script.isZero() && command.isZero():
		d.error(v, "", "the key script is missing (or command)")
	case !script.isZero() && !command.isZero():
		d.error(command, "", "a task has either script or command, not both")
	case script.isZero():
		t.Interpreter = nil
		if own := keys.find("interpreter"); !own.isZero() {
			d.error(own, "make it part of the command", "interpreter goes with script, not with command")
		}
	}
	d.checkPath(script, t.Script)
	if t.Script != "" && (path.Clean(t.Script) == "." || strings.HasSuffix(t.Script, "/")) {
		d.error(script, "", "%s is a directory", quote(t.Script))
	}
	workdir := keys.find("workdir")
	d.checkPath(workdir, t.Workdir)
	d.checkFiles(t, script, workdir)
	d.checkArgv(command, t.Command)
}

// checkPath checks a path that must lie in the checkout.
func (d *decoder) checkPath(at value, file string) {
	if problem := outside(file); problem != "" && !at.isZero() {
		hint := ""
		if path.IsAbs(file) {
			hint = "a program outside of the checkout is run by command: [/path/of/program, argument]"
		}
		d.error(at, hint, "%s %s", quote(file), problem)
	}
}

// outside returns what is wrong with a path that must lie in the checkout.
func outside(file string) string {
	clean := path.Clean(file)
	switch {
	case strings.ContainsFunc(file, isControl):
		return "has control characters"
	case path.IsAbs(file):
		return "must be relative to the checkout"
	case clean == ".." || strings.HasPrefix(clean, "../"):
		return "leads out of the checkout"
	}
	return ""
}

// command takes a program with its arguments, or a line for the shell.
func command() kind[montimer.Command] {
	return kind[montimer.Command]{
		name: "list or text",
		schema: func() object {
			return object{"anyOf": []object{anyWord(), {"type": "array", "items": object{"type": []string{"string", "number"}}, "minItems": 1}}}
		},
		read: func(d *decoder, v value, into *montimer.Command) {
			if v.Kind != yaml.SequenceNode {
				if s, ok := d.word(v); ok {
					*into = montimer.Command{Shell: s}
				}
				return
			}
			*into = montimer.Command{Argv: d.argv(v)}
		},
	}
}

// interpreter takes a program, or a list of it and its arguments.
func interpreter() kind[[]string] {
	k := command()
	return kind[[]string]{name: "text or list", schema: k.schema, read: func(d *decoder, v value, into *[]string) {
		if v.Kind == yaml.SequenceNode {
			*into = d.argv(v)
			return
		}
		s, ok := d.word(v)
		switch {
		case !ok:
		case strings.ContainsAny(s, " \t\n"):
			d.error(v, "write a list: [program, argument]", "%s is not one program", quote(s))
		default:
			*into = []string{s}
		}
	}}
}

// argv reads a list of at least one text.
func (d *decoder) argv(v value) []string {
	if len(v.Content) == 0 {
		d.error(v, "", "the list is empty")
	}
	var argv []string
	for item := range d.items(v) {
		if s, ok := d.argvItem(item, len(argv) == 0); ok {
			argv = append(argv, s)
		}
	}
	return argv
}

// argvItem reads one entry of an argument list. Only the program itself must
// not be empty.
func (d *decoder) argvItem(v value, first bool) (string, bool) {
	if s := resolveNode(v); !first && s.kind == kindText && s.text == "" {
		return "", true
	}
	return d.word(v)
}
