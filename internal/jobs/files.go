package jobs

import (
	"io/fs"
	"path"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/suggest"
)

// checkFiles warns of a script or a working directory that the checkout does not
// have. A sync can bring it, so it is no error.
func (d *decoder) checkFiles(t *task, script, workdir value) {
	if len(d.opt.Files) == 0 || !t.Enabled {
		return
	}
	before := len(d.diags)
	if !script.isZero() && t.Script != "" && outside(t.Script) == "" {
		d.checkScript(script, t)
	}
	if !workdir.isZero() && t.Workdir != "" && outside(t.Workdir) == "" {
		switch info := d.stat(t.Workdir); {
		case info == nil:
			d.warn(workdir, d.similar(t.Workdir), "there is no directory %s in the checkout", quote(t.Workdir))
		case !info.IsDir():
			d.warn(workdir, "", "%s is a file; a task needs a directory to run in", quote(t.Workdir))
		}
	}
	for i := before; i < len(d.diags); i++ {
		d.diags[i].OfFiles = true
	}
}

func (d *decoder) checkScript(at value, t *task) {
	info := d.stat(t.Script)
	program, rest, blank := strings.Cut(t.Script, " ")
	switch {
	case info == nil && blank && d.stat(program) != nil:
		d.warn(at, "write the arguments under args, or all of it as command: "+strings.TrimSpace(program+" "+strings.TrimSpace(rest)),
			"there is no file %s in the checkout; a script takes no arguments here", quote(t.Script))
	case info == nil:
		d.warn(at, d.similar(t.Script), "there is no file %s in the checkout", quote(t.Script))
	case info.IsDir():
		d.warn(at, "", "%s is a directory of the checkout", quote(t.Script))
	case len(t.Interpreter) == 0 && !slices.Contains([]string{".py", ".sh"}, path.Ext(t.Script)) && info.Mode()&0o111 == 0:
		d.warn(at, "chmod +x it, or set interpreter", "%s is not executable", quote(t.Script))
	}
}

// stat looks for a file in all places where the checkout may be; nil: nowhere.
// Many tasks share a script.
func (d *decoder) stat(file string) fs.FileInfo {
	info, known := d.files[file]
	for i := 0; i < len(d.opt.Files) && info == nil && !known; i++ {
		info, _ = fs.Stat(d.opt.Files[i], path.Clean(file))
	}
	d.files[file] = info
	return info
}

// similar returns a hint with an existing file that has a path like that of
// one that does not: the first part that is missing is looked for in its
// directory.
func (d *decoder) similar(file string) string {
	for _, files := range d.opt.Files {
		found, rest := ".", strings.Split(path.Clean(file), "/")
		for len(rest) > 0 {
			if _, err := fs.Stat(files, path.Join(found, rest[0])); err != nil {
				break
			}
			found, rest = path.Join(found, rest[0]), rest[1:]
		}
		if len(rest) == 0 {
			continue
		}
		entries, _ := fs.ReadDir(files, found)
		var names []string
		for _, e := range entries {
			names = append(names, e.Name())
		}
		guess := suggest.Closest(rest[0], names, &d.guesses)
		if guess == "" {
			continue
		}
		whole := path.Join(append([]string{found, guess}, rest[1:]...)...)
		if _, err := fs.Stat(files, whole); err == nil {
			return "did you mean " + whole + "?"
		}
	}
	return "scripts are relative to the checkout: the directory of jobs.yaml, or --checkout DIR"
}

// checkExpansion warns of a value that looks as if a shell would expand it, where
// none does.
func (d *decoder) checkExpansion(at value, text, hint string) {
	if name := unexpanded(text); name != "" {
		d.warn(at, hint, "%s is not expanded here: the program gets it as it is", name)
	}
}

// unexpanded returns the first $NAME, ${NAME} or leading ~/ of a text, "" if
// there is none. Names are in capitals: others are seldom meant as variables.
func unexpanded(text string) string {
	if strings.HasPrefix(text, "~/") {
		return "~/"
	}
	for rest := text; ; {
		i := strings.IndexByte(rest, '$')
		if i < 0 {
			return ""
		}
		rest = rest[i:]
		name, braced := strings.CutPrefix(rest[1:], "{")
		n := 0
		for n < len(name) && (name[n] == '_' || 'A' <= name[n] && name[n] <= 'Z' || n > 0 && '0' <= name[n] && name[n] <= '9') {
			n++
		}
		switch {
		case n == 0 || n < len(name) && 'a' <= name[n] && name[n] <= 'z':
		case !braced:
			return rest[:1+n]
		case n < len(name) && name[n] == '}':
			return rest[:3+n]
		}
		rest = rest[1:]
	}
}

// checkArgv warns of words of a command list that only a shell would expand, and
// of its operators; a script of one is left alone.
func (d *decoder) checkArgv(v value, c montimer.Command) {
	if v.isZero() || v.Kind != yaml.SequenceNode || len(c.Argv) == 0 || slices.Contains(c.Argv, "-c") || slices.Contains(c.Argv, "-e") {
		return
	}
	for item := range d.items(v) {
		if item.Style == 0 || item.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
			if slices.Contains([]string{"|", "||", "&", "&&", ";", ">", ">>", "<", "2>&1", "2>", "2>/dev/null", ">/dev/null"}, item.Value) {
				d.warn(item, "write the command as one text, which the shell reads", "%s is not read by a shell here: the program gets it as an argument", item.Value)
			}
		}
		name := unexpanded(item.Value)
		if rest, ok := strings.CutPrefix(item.Value, name); ok && name != "" && (rest == "" || rest[0] == '/' || name == "~/") {
			d.checkExpansion(item, item.Value, "write the command as one text, which the shell reads")
		}
	}
}
