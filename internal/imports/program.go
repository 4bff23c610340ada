package imports

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/montimer/montimer/internal/unitfile"
)

// specifier returns those that are the same in jobs.yaml.
func (t *timer) specifier(c byte) (string, bool) {
	switch c {
	case 'n':
		return t.service, true
	case 'N', 'p':
		return strings.TrimSuffix(t.service, ".service"), true
	}
	return "", false
}

func (t *timer) exec(d unitfile.Directive) {
	if d.Value == "" {
		t.lines = nil
		return
	}
	if hasSecret(d.Value) {
		t.refuse(d.Key+" has what looks like a secret, and jobs.yaml is for all to read",
			fmt.Sprintf("write NAME=… into %s, and ${NAME} in place of the secret", t.EnvFile))
		return
	}
	t.Text = strings.TrimPrefix(t.Text+"; "+d.Key+"="+d.Value, "; ")
	lines, err := programLines(d.Value, t.specifier)
	if err != nil {
		t.refuse(d.Key+": "+err.Error(), "write the command out, without specifiers")
		return
	}
	for _, l := range lines {
		if strings.Contains(l.prefixes, "@") {
			t.refuse(d.Key+" gives the program another name (@)", "write the command without")
		} else if l.prefixes != "" {
			t.differ(fmt.Sprintf("not imported: the prefix %s of %s: tasks have the rights of their user", l.prefixes, d.Key))
		}
	}
	if d.Key == "ExecStartPre" {
		lines = append(lines, t.lines...)
		t.lines = nil
	}
	t.lines = append(t.lines, lines...)
}

// command makes the command of the task.
func (t *timer) command() bool {
	if len(t.lines) == 0 {
		t.refuse(t.service+" has no ExecStart", "nothing is to be done")
		return false
	}
	directory := cmp.Or(strings.TrimPrefix(t.directory, "-"), "/") // systemd.exec(5)
	if l := t.lines[0]; len(t.lines) == 1 && !l.failing && l.argv != nil && t.directory == "" && anywhere(strings.Join(l.words, " ")) {
		t.profile.Tasks[0].Command.Argv = l.argv
		return true
	}
	var texts []string
	for _, l := range t.lines {
		texts = append(texts, l.text())
	}
	change := "cd " + shellQuoted(directory)
	if directory == "~" {
		change = "cd"
	} else if strings.Contains(directory, "%") {
		t.refuse("WorkingDirectory has a specifier", "write the directory out")
		return false
	}
	end := " && "
	if strings.HasPrefix(t.directory, "-") {
		end = "; "
	}
	t.profile.Tasks[0].Command.Shell = change + end + strings.Join(texts, " && ")
	return true
}
