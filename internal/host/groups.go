package host

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/montimer/montimer"
)

// RefusedGroups finds tasks that give files to a group that their sandbox does
// not have: strict has only the user of the tasks and its primary group
// (PrivateUsers= in systemd.exec(5)). It looks at commands that are lists,
// since a shell's text can do anything.
func RefusedGroups(h montimer.Host, profiles []montimer.Profile) (warnings []string) {
	for _, p := range profiles {
		if !p.Enabled || sandboxOf(h, p.Name) != montimer.SandboxStrict {
			continue
		}
		for _, t := range p.EnabledTasks() {
			if group := newGroup(t.Command.Argv); group != "" && group != h.Group {
				warnings = append(warnings, fmt.Sprintf(
					"profile %s, task %s: %s to group %s fails in the sandbox strict, which knows the group %s only: set sandbox: {%[1]s: default} in %[6]s",
					p.Name, t.Name, filepath.Base(t.Command.Argv[0]), group, h.Group, h.Instance.ConfigFile()))
			}
		}
	}
	return warnings
}

// newGroup is the group that a command of coreutils gives files to; "": none, or
// not known.
func newGroup(argv []string) string {
	if len(argv) == 0 {
		return ""
	}
	switch args := argv[1:]; filepath.Base(argv[0]) {
	case "chgrp":
		return firstOperand(args)
	case "chown":
		_, group, _ := strings.Cut(firstOperand(args), ":")
		return group
	case "install":
		for i, arg := range args {
			if group, ok := strings.CutPrefix(arg, "--group="); ok {
				return group
			}
			if (arg == "-g" || arg == "--group") && i+1 < len(args) {
				return args[i+1]
			}
		}
	}
	return ""
}

// firstOperand returns the first argument of chgrp or chown that is no option;
// "": none, or a file says which group.
func firstOperand(args []string) string {
	for _, arg := range args {
		switch {
		case arg == "--reference", strings.HasPrefix(arg, "--reference="):
			return ""
		case !strings.HasPrefix(arg, "-"):
			return arg
		}
	}
	return ""
}
