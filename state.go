package montimer

import (
	"errors"
	"strings"
	"time"
	"unicode/utf8"
)

// StateValue is what a task keeps from one run to the next: a row of monitor_state,
// a table that belongs to the tasks.
type StateValue struct {
	Namespace string // the base name of the text cache that the table replaced
	Key       string
	Value     string
	Updated   time.Time // zero: not known
}

// Check returns why the tasks, which are Python programs, could not read the row.
func (v StateValue) Check() error {
	switch all := v.Namespace + v.Key + v.Value; {
	case v.Namespace == "":
		return errors.New("the namespace must not be empty")
	case v.Key == "":
		return errors.New("the key must not be empty")
	case !utf8.ValidString(v.Namespace) || !utf8.ValidString(v.Key) || !utf8.ValidString(v.Value):
		return errors.New("the value must be text in UTF-8, as its key and namespace")
	case strings.Contains(all, "\x00"):
		return errors.New("the value must not have NUL bytes, nor its key and namespace")
	}
	return nil
}

// StateNamespace is all that has one namespace.
type StateNamespace struct {
	Name    string
	Keys    int
	Updated time.Time // of the value that was written last; zero: not known
}
