package console

import (
	"encoding/json"
	"io"
)

// Of every JSON form: names are in snake_case, a list is never null, a time is
// RFC 3339 in UTC and absent where there is none, a duration is in seconds and
// its name says so. TestJSONForms holds them to that.

// JSONLines writes one object a line.
func JSONLines[T any](w io.Writer, all []T) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	for _, v := range all {
		if err := enc.Encode(v); err != nil {
			return err
		}
	}
	return nil
}
