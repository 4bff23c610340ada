package manual

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/internal/suggest"
	"github.com/montimer/montimer/taskexec"
)

// lineWidth is the width in columns to which long lists are folded.
const lineWidth = 80

// Unknown formats an unknown name: with the name that was probably meant,
// and a list of the known ones, folded if it is long.
func Unknown(e *taskexec.UnknownError, of montimer.Instance) string {
	text := fmt.Sprintf("unknown %s %q", e.Kind, e.Name)
	work := 1 << 20
	if meant := cmp.Or(ofUnit(of, e.Name, e.Known), suggest.Closest(e.Name, e.Known, &work)); meant != "" {
		text += fmt.Sprintf("; did you mean %q", meant)
	}
	if len(e.Known) == 0 {
		return text + fmt.Sprintf("; there are no %ss", e.Kind)
	}
	one := text + "; known: " + strings.Join(e.Known, ", ")
	if len("montimer: ")+len(one) <= lineWidth {
		return safetext.String(one)
	}
	return safetext.String(text) + "; known:" + fold(e.Known)
}

// ofUnit returns the profile of the named unit; "" if there is none.
func ofUnit(of montimer.Instance, name string, profiles []string) string {
	for _, unit := range []string{name, name + ".timer"} {
		if profile, ok := of.ProfileOf(unit); ok && slices.Contains(profiles, profile) {
			return profile
		}
	}
	return ""
}

// fold writes words as indented lines of lineWidth columns at most.
func fold(words []string) string {
	var b strings.Builder
	column := lineWidth
	for i, word := range words {
		word = safetext.String(word)
		if i < len(words)-1 {
			word += ","
		}
		if column+1+len(word) > lineWidth {
			b.WriteString("\n   ")
			column = 3
		}
		b.WriteString(" " + word)
		column += 1 + len(word)
	}
	return b.String()
}
