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

// Text returns what is wrong and what is not known, the verdict last.
func (c Checkup) Text(colour bool) string {
	var b strings.Builder
	type cause struct {
		why string
		ids []string
	}
	var unseen []cause
	for _, f := range c.Checks {
		switch f.Status {
		case CheckFault, CheckWarning:
			const indent = "         "
			label := fmt.Sprintf("%-*s", len(indent), f.Status)
			if colour {
				label = "\x1b[" + colours[f.Status] + "m" + label + "\x1b[0m"
			}
			fmt.Fprint(&b, label, strings.TrimPrefix(fold(indent, safetext.String(f.ID+": "+f.Text)), indent))
			fmt.Fprint(&b, fold(indent, safetext.String(f.Why)))
			fmt.Fprintf(&b, "%sfix: %s\n", indent, safetext.String(f.Fix))
		case NotChecked:
			i := slices.IndexFunc(unseen, func(c cause) bool { return c.why == f.Text })
			if i < 0 {
				i = len(unseen)
				unseen = append(unseen, cause{why: f.Text})
			}
			if !slices.Contains(unseen[i].ids, f.ID) {
				unseen[i].ids = append(unseen[i].ids, f.ID)
			}
		}
	}
	for _, u := range unseen {
		const indent = "  "
		text := fold(indent, safetext.String("not checked: "+u.why+": "+strings.Join(u.ids, ", ")))
		fmt.Fprint(&b, strings.TrimPrefix(text, indent))
	}
	fmt.Fprintln(&b, safetext.String(c.Verdict))
	return b.String()
}

// fold breaks a text between words into indented lines of checkupWidth columns. A
// longer word has a line of its own.
func fold(indent, text string) string {
	var b strings.Builder
	line := indent
	for _, word := range strings.Fields(text) {
		if line != indent && len([]rune(line))+len([]rune(word)) > checkupWidth {
			fmt.Fprintln(&b, strings.TrimRight(line, " "))
			line = indent
		}
		line += word + " "
	}
	fmt.Fprintln(&b, strings.TrimRight(line, " "))
	return b.String()
}
