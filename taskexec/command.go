package taskexec

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/montimer/montimer"
)

// argv returns the argument vector of a task: the interpreter and script, or
// the command, then one --KEY=VALUE for each arg. python is what runs .py
// files.
func argv(t montimer.Task, checkout, python string) []string {
	var argv []string
	switch {
	case t.Script != "":
		argv = scriptArgv(t, checkout, python)
	case t.Command.Shell != "":
		argv = []string{"sh", "-c", t.Command.Shell}
		if len(t.Args) > 0 {
			argv = append(argv, "sh") // $0, so that the args are "$@"
		}
	default:
		argv = slices.Clone(t.Command.Argv)
	}
	for _, a := range t.Args {
		argv = append(argv, "--"+a.Key+"="+a.Value)
	}
	return argv
}

func scriptArgv(t montimer.Task, checkout, python string) []string {
	script := t.Script
	if t.Workdir != "" {
		script = filepath.Join(checkout, script)
	}
	switch {
	case len(t.Interpreter) > 0:
		return append(slices.Clone(t.Interpreter), script)
	case filepath.Ext(script) == ".py":
		return []string{python, script}
	case filepath.Ext(script) == ".sh":
		return []string{"sh", script}
	}
	return []string{filepath.Join(checkout, t.Script)}
}

// environ lays variables over base, the later over the earlier.
func environ(base []string, overlays ...[]montimer.EnvVar) []string {
	n := len(base)
	for _, vars := range overlays {
		n += len(vars)
	}
	env := append(make([]string, 0, n), base...)
	for _, vars := range overlays {
		for _, v := range vars {
			env = append(without(env, v.Name), v.Name+"="+v.Value)
		}
	}
	return env
}

// without deletes a variable from env.
func without(env []string, name string) []string {
	return slices.DeleteFunc(env, func(kv string) bool {
		return len(kv) > len(name) && kv[len(name)] == '=' && kv[:len(name)] == name
	})
}

// getenv returns the last value of name in env.
func getenv(env []string, name string) string {
	for _, kv := range slices.Backward(env) {
		if value, ok := strings.CutPrefix(kv, name+"="); ok {
			return value
		}
	}
	return ""
}

// lookPath finds the file that argv[0] names: in dir when it has a slash, else
// in the directories of path, the PATH that the task will see. (os/exec would
// search montimer's own.)
func lookPath(argv []string, dir, path string) (string, error) {
	if len(argv) == 0 {
		return "", errors.New("no command")
	}
	name := argv[0]
	if strings.Contains(name, "/") {
		if !filepath.IsAbs(name) {
			name = filepath.Join(dir, name)
		}
		return name, nil // errors are those of exec
	}
	for _, folder := range filepath.SplitList(path) {
		if !filepath.IsAbs(folder) {
			folder = filepath.Join(dir, folder)
		}
		file := filepath.Join(folder, name)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0 {
			return file, nil
		}
	}
	return "", fmt.Errorf("%s: not found in PATH (%s)", name, path)
}

// quote writes argv as one would type it in a shell.
func quote(argv []string) string {
	words := make([]string, len(argv))
	for i, arg := range argv {
		words[i] = QuoteWord(arg)
	}
	return strings.Join(words, " ")
}

// QuoteWord writes a word for a shell.
func QuoteWord(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("@%+=:,./-_", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// envNames returns the names of a task's variables from jobs.yaml, never the
// values.
func envNames(p montimer.Profile, t montimer.Task) string {
	var names []string
	for _, v := range slices.Concat(p.Env, t.Env) {
		if !slices.Contains(names, v.Name) {
			names = append(names, v.Name)
		}
	}
	if names == nil {
		return "-"
	}
	return strings.Join(names, ", ")
}
