package manual

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// Bash writes the completions for bash(1): commands, flags,
// and where a command takes a profile, the names that `montimer list` has.
func Bash(w io.Writer, app *kong.Application) error {
	cases := bashCases(app, "", app.Node)
	_, err := fmt.Fprintf(w, `# Completion of montimer(1) for bash; make golden writes it.
_montimer() {
  local words command="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ ${COMP_WORDS[i]} == -* ]] || command+="${COMP_WORDS[i]} "
  done
  case "$command" in
%s  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}")
}
complete -o default -F _montimer montimer
`, strings.Join(cases, ""))
	return err
}

// bashCases returns a case for each command below n, which has this path, and one
// for n.
func bashCases(app *kong.Application, path string, n *kong.Node) (cases []string) {
	var words []string
	for _, c := range n.Children {
		if !c.Hidden {
			cases = append(cases, bashCases(app, path+c.Name+" ", c)...)
			words = append(words, c.Name)
		}
	}
	for _, f := range n.Flags {
		if !f.Hidden {
			words = append(words, "--"+f.Name)
		}
	}
	if len(n.Children) == 0 {
		for _, f := range app.Flags {
			if f.Name != "help" {
				words = append(words, "--"+f.Name)
			}
		}
	}
	text := strings.Join(words, " ")
	if slices.ContainsFunc(n.Positional, func(v *kong.Value) bool { return strings.HasPrefix(v.Name, "profile") }) {
		text += ` $(montimer list -o json 2>/dev/null | sed 's/^{"profile":"\([^"]*\)".*/\1/')`
	}
	return append(cases, fmt.Sprintf("    %q*) words=\"%s\" ;;\n", path, text))
}
