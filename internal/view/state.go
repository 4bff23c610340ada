package view

import (
	"strconv"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/safetext"
)

// StateNamespace is a namespace of the state of the tasks, as JSON.
type StateNamespace struct {
	Namespace string    `json:"namespace"`
	Keys      int       `json:"keys"`
	Updated   time.Time `json:"updated,omitzero"` // absent: not known
}

// StateNamespaces returns the namespaces as JSON has them.
func StateNamespaces(all []montimer.StateNamespace) []StateNamespace {
	out := make([]StateNamespace, len(all))
	for i, n := range all {
		out[i] = StateNamespace{n.Name, n.Keys, n.Updated.UTC()}
	}
	return out
}

// StateNamespaceTable returns the namespaces as a table for people.
func StateNamespaceTable(all []montimer.StateNamespace, now time.Time) (header []string, rows [][]string) {
	for _, n := range all {
		rows = append(rows, []string{cell(n.Name), strconv.Itoa(n.Keys), updated(now, n.Updated)})
	}
	return []string{"NAMESPACE", "KEYS", "LAST UPDATE"}, rows
}

// StateValue is a value that a task keeps, as JSON.
type StateValue struct {
	Namespace string    `json:"namespace"`
	Key       string    `json:"key"`
	Value     string    `json:"value"`
	Updated   time.Time `json:"updated,omitzero"` // absent: not known
}

// StateValues returns values as JSON has them.
func StateValues(all []montimer.StateValue) []StateValue {
	out := make([]StateValue, len(all))
	for i, v := range all {
		out[i] = StateValue{v.Namespace, v.Key, v.Value, v.Updated.UTC()}
	}
	return out
}

// StateValueTable returns the values of a namespace as a table for people.
func StateValueTable(all []montimer.StateValue, now time.Time) (header []string, rows [][]string) {
	for _, v := range all {
		rows = append(rows, []string{cell(v.Key), updated(now, v.Updated), cell(v.Value)})
	}
	return []string{"KEY", "UPDATED", "VALUE"}, rows
}

func updated(now, t time.Time) string {
	if t.IsZero() {
		return "not known"
	}
	return Ago(now, t)
}

// mostShown is how much of a text has room in a table, in bytes.
const mostShown = 200

// cell makes a text of a task safe to show in a table, and cuts a long one.
func cell(text string) string {
	cut := len(text) > mostShown
	if cut {
		text = strings.ToValidUTF8(text[:mostShown], "")
	}
	text = strings.ReplaceAll(safetext.String(text), "\t", `\x09`)
	if cut {
		text += "…"
	}
	return text
}

// Replaced says which value was there before a change, whole, so that it can be
// stored again.
func Replaced(old montimer.StateValue) string {
	return "the value of " + cell(old.Key) + " was " + strconv.Quote(old.Value)
}
