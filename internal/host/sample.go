package host

import (
	"fmt"
	"io"
	"strings"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/safetext"
)

// WriteSample writes a config file in which every setting is a comment, with what it
// is for. A line of a setting has no blank after the #.
func WriteSample(w io.Writer) error {
	var b strings.Builder
	b.WriteString("# The settings of this host: montimer-config(5). A change takes effect with:\n# montimer apply\n")
	for _, k := range Keys() {
		if k.Example == "" {
			continue
		}
		b.WriteString("\n")
		k.sample(&b, "")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// sample writes a setting, and the keys of its mapping.
func (k Key) sample(b *strings.Builder, indent string) {
	comment := "# "
	if indent != "" {
		comment = "#" + indent + comment
	}
	for line := range strings.Lines(safetext.Fold(79-len(comment), 0, strings.Fields(k.text())...)) {
		b.WriteString(comment + line)
	}
	if k.Keys == nil {
		fmt.Fprintf(b, "#%s%s: %s\n", indent, k.Name, k.Example)
		return
	}
	fmt.Fprintf(b, "#%s%s:\n", indent, k.Name)
	if k.ByProfile {
		indent += "  "
		fmt.Fprintf(b, "#%s%q:\n", indent, montimer.AllOthers)
	}
	for _, sub := range k.Keys {
		sub.sample(b, indent+"  ")
	}
}

// text is what a setting is for, with its default.
func (k Key) text() string {
	if k.Default == "" {
		return k.Doc
	}
	return k.Doc + " Default: " + k.Default + "."
}
