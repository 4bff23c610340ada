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
	var cases []string
	var add func(path string, n *kong.Node)
	add = func(path string, n *kong.Node) {
		var words []string
		for _, child := range n.Children {
			if !child.Hidden {
				add(path+child.Name+" ", child)
				words = append(words, child.Name)
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
		profiles := slices.ContainsFunc(n.Positional, func(v *kong.Value) bool { return v.Name == "profile" })
		text := strings.Join(words, " ")
		if profiles {
			text += ` $(montimer list -o json 2>/dev/null | sed 's/^{"profile":"\([^"]*\)".*/\1/')`
		}
		cases = append(cases, fmt.Sprintf("    %q*) words=\"%s\" ;;\n", path, text))
	}
	add("", app.Node)
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
