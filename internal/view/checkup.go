package view

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/safetext"
)

// CheckStatus is how a check of the host ended.
type CheckStatus string

// The statuses, the worst first.
const (
	CheckFault   CheckStatus = "fault"   // runs, alerts or syncs fail, or soon will
	CheckWarning CheckStatus = "warning" // they work, but not as they should
	NotChecked   CheckStatus = "not_checked"
	CheckOK      CheckStatus = "ok"
)

var checkStatuses = []CheckStatus{CheckFault, CheckWarning, NotChecked, CheckOK}

// Checkup is the result of all checks of a host. A check has one finding, or one
// for each thing that it found.
type Checkup struct {
	Instance montimer.Instance `json:"instance,omitzero"`
	Host     string            `json:"host"`
	At       time.Time         `json:"at"`
	OK       bool              `json:"ok"` // no fault; if strict, no warning either
	Verdict  string            `json:"verdict"`
	Checks   []Finding         `json:"checks"` // the worst first
}

// CheckupOf sums findings up. If strict, a warning counts as a fault.
func CheckupOf(of montimer.Instance, host string, now time.Time, findings []Finding, strict bool) Checkup {
	c := Checkup{Instance: of, Host: host, At: now.UTC(), Checks: append([]Finding{}, findings...)}
	slices.SortStableFunc(c.Checks, func(a, b Finding) int {
		return slices.Index(checkStatuses, a.Status) - slices.Index(checkStatuses, b.Status)
	})
	count := map[CheckStatus]int{}
	ids := map[string]bool{}
	for i, f := range c.Checks {
		count[f.Status]++
		ids[f.ID] = true
		c.Checks[i].Attention = f.Status == CheckFault || strict && f.Status == CheckWarning
	}
	c.OK = count[CheckFault] == 0 && (!strict || count[CheckWarning] == 0)
	var parts []string
	for _, s := range checkStatuses[:2] {
		if n := count[s]; n > 0 {
			parts = append(parts, plural(n, string(s)))
		}
	}
	switch {
	case len(parts) > 0:
		c.Verdict = strings.Join(parts, ", ")
	case count[NotChecked] > 0:
		c.Verdict = "nothing wrong, as far as can be seen"
	default:
		c.Verdict = "all well"
	}
	c.Verdict += ": " + plural(len(ids), "check")
	if n := count[NotChecked]; n > 0 {
		c.Verdict += fmt.Sprintf(", %d of them not done", n)
	}
	return c
}

// checkupWidth is where the text of a finding is broken. A command is not broken,
// so that it can be copied.
const checkupWidth = 80

// colours are those of ECMA-48 for a fault and a warning: red and yellow.
var colours = map[CheckStatus]string{CheckFault: "31", CheckWarning: "33"}

// Text returns what is wrong and what is not known, the verdict last. What one
// command fixes stands above that command, named once.
func (c Checkup) Text(colour bool) string {
	var b strings.Builder
	for _, group := range c.byFix() {
		writeGroup(&b, group, colour)
	}
	type cause struct {
		why string
		ids []string
	}
	var unseen []cause
	for _, f := range c.Checks {
		if f.Status != NotChecked {
			continue
		}
		i := slices.IndexFunc(unseen, func(c cause) bool { return c.why == f.Text })
		if i < 0 {
			i = len(unseen)
			unseen = append(unseen, cause{why: f.Text})
		}
		if !slices.Contains(unseen[i].ids, f.ID) {
			unseen[i].ids = append(unseen[i].ids, f.ID)
		}
	}
	for _, u := range unseen {
		b.WriteString(fold(2, safetext.String("not checked: "+u.why+": "+strings.Join(u.ids, ", "))))
	}
	fmt.Fprintln(&b, safetext.String(c.Verdict))
	return b.String()
}

// byFix returns what is wrong, by the command that fixes it, in the order of the
// worst of each.
func (c Checkup) byFix() (groups [][]Finding) {
	at := map[string]int{}
	for _, f := range c.Checks {
		if f.Status != CheckFault && f.Status != CheckWarning {
			continue
		}
		i, known := at[f.Fix]
		if !known {
			i = len(groups)
			at[f.Fix], groups = i, append(groups, nil)
		}
		groups[i] = append(groups[i], f)
	}
	return groups
}

// maxShown is how many findings of one check are shown above one command.
const maxShown = 5

func writeGroup(b *strings.Builder, group []Finding, colour bool) {
	const indent = 9
	margin := strings.Repeat(" ", indent)
	shown := 0
	for i, f := range group {
		if i == 0 || group[i-1].ID != f.ID {
			shown = 0
		}
		last := i == len(group)-1 || group[i+1].ID != f.ID
		if shown++; shown <= maxShown {
			label := safetext.Pad(string(f.Status), indent)
			text := strings.TrimPrefix(fold(indent, margin+safetext.String(f.ID+": "+f.Text)), margin)
			if colour {
				label = "\x1b[" + colours[f.Status] + "m" + label + "\x1b[0m"
			}
			b.WriteString(label + text)
		}
		if last && shown > maxShown {
			fmt.Fprintf(b, "%s%s: and %d more, which -o json has\n", margin, f.ID, shown-maxShown)
		}
		if last {
			b.WriteString(fold(indent, margin+safetext.String(f.Why)))
		}
	}
	fmt.Fprintf(b, "%sfix: %s\n", margin, safetext.String(group[0].Fix))
}

// fold breaks a text between words into lines of checkupWidth columns; the first begins
// with the blanks that the text begins with.
func fold(indent int, text string) string {
	words := strings.Fields(text)
	if len(words) > 0 {
		words[0] = text[:len(text)-len(strings.TrimLeft(text, " "))] + words[0]
	}
	return safetext.Fold(checkupWidth, indent, words...)
}
