// Package doctor looks for what is wrong with a host before a run, an alert or a
// sync fails: each check has a stable id, says why its finding matters, and names
// one command that fixes it. It changes nothing.
//
// doctor.go has the table of checks and runs them. A check is a pure function of
// [Facts]; facts.go reads those, each part once and only if a check needs it. What
// the user of the tasks controls is read by a process of that user (examine.go).
// The checks themselves are in a file for each topic: units.go, hostfiles.go,
// env.go, alerts.go, database.go, backup.go, checkout.go, clock.go, journal.go, room.go, serve.go.
package doctor

import (
	"context"
	"fmt"
	"slices"

	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/internal/view"
	"github.com/montimer/montimer/taskexec"
)

// Check is one row of the table.
type Check struct {
	ID   string
	Find string // what it finds, for the manual
	Why  string // it matters, in one clause

	mild  bool   // a finding is a warning, unless it says otherwise
	needs []part // of the facts
	find  func(Facts) []found
}

// found is one thing that a check has found.
type found struct {
	text string
	fix  string // one command
	mild bool   // a warning, although others of the check are faults

	// One of these, and the rest is empty:
	unknown string // why it could not be checked
	note    string // what to know although nothing is wrong
}

// unknown is the result of a check that could not be done.
func unknown(why string) []found { return []found{{unknown: why}} }

// Checks returns the table, in the order of the findings.
func Checks() []Check {
	return slices.Concat(settingChecks(), unitChecks(), hostChecks(), envChecks(), alertChecks(), databaseChecks(), backupChecks(), checkoutChecks(), clockChecks(), journalChecks(), roomChecks(), serveChecks())
}

// Options select checks by their ids; Only nil: all.
type Options struct{ Only, Skip []string }

// choose returns the checks to make. The error is a [*taskexec.UnknownError].
func (o Options) choose(all []Check) ([]Check, error) {
	ids := make([]string, len(all))
	for i, c := range all {
		ids[i] = c.ID
	}
	for _, id := range slices.Concat(o.Only, o.Skip) {
		if !slices.Contains(ids, id) {
			return nil, &taskexec.UnknownError{Kind: "check", Name: id, Known: ids}
		}
	}
	return slices.DeleteFunc(all, func(c Check) bool {
		return len(o.Only) > 0 && !slices.Contains(o.Only, c.ID) || slices.Contains(o.Skip, c.ID)
	}), nil
}

// Run makes the checks on the host of these settings. The error is that of an unknown
// id.
func Run(ctx context.Context, source host.Source, o Options) ([]view.Finding, error) {
	checks, err := o.choose(Checks())
	if err != nil {
		return nil, err
	}
	needed := map[part]bool{}
	for _, c := range checks {
		for _, p := range c.needs {
			needed[p] = true
		}
	}
	return judge(checks, read(ctx, source, needed)), nil
}

// judge applies checks to facts.
func judge(checks []Check, f Facts) (all []view.Finding) {
	for _, c := range checks {
		all = append(all, c.judge(f)...)
	}
	for i, found := range all {
		all[i].Text = safetext.Clip(found.Text, maxText)
	}
	return all
}

// maxText bounds the text of a finding, in characters: git, SQLite and systemd may say
// any amount.
const maxText = 500

func (c Check) judge(f Facts) (all []view.Finding) {
	if f.Settings != "" && !slices.Contains(c.needs, partSettings) {
		return []view.Finding{{ID: c.ID, Status: view.NotChecked, Text: "the host settings cannot be used"}}
	}
	for _, p := range c.needs {
		if why := f.Unknown[p]; why != "" {
			return []view.Finding{{ID: c.ID, Status: view.NotChecked, Text: why}}
		}
	}
	for _, found := range c.find(f) {
		finding := view.Finding{ID: c.ID, Status: view.CheckFault, Text: found.text, Why: c.Why, Fix: found.fix}
		switch {
		case found.unknown != "":
			finding = view.Finding{ID: c.ID, Status: view.NotChecked, Text: found.unknown}
		case found.note != "":
			finding = view.Finding{ID: c.ID, Status: view.CheckOK, Text: found.note}
		case c.mild || found.mild:
			finding.Status = view.CheckWarning
		}
		all = append(all, finding)
	}
	if all == nil {
		all = []view.Finding{{ID: c.ID, Status: view.CheckOK, Text: "no " + c.Find}}
	}
	return all
}

// A value that nobody but a person knows, such as a token, is typed into an editor,
// so that it is in no command line.
func edit(path string) string { return `"${EDITOR:-vi}" ` + taskexec.QuoteWord(path) }

// deleteVariable removes a variable from an environment file.
func deleteVariable(file, name string) string {
	return fmt.Sprintf(`sed -i '/^[[:space:]]*%s[[:space:]]*=/d' %s`, name, taskexec.QuoteWord(file))
}
