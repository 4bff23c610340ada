package look

import (
	"context"
	"fmt"

	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/taskexec"
)

// UnknownState returns the error for a namespace, or a key of one, that is not in
// the state of the tasks: a [*taskexec.UnknownError], unless that cannot be read.
func UnknownState(ctx context.Context, s *store.Store, namespace, key string) error {
	values, err := s.State(ctx, namespace)
	if err != nil {
		return err
	}
	const most = 50 // known names that an error has room for
	if len(values) > most {
		return &taskexec.UsageError{Err: fmt.Errorf("unknown key %q; %s has %d keys", safetext.String(key), safetext.String(namespace), len(values))}
	}
	if len(values) > 0 {
		unknown := &taskexec.UnknownError{Kind: "key", Name: key}
		for _, v := range values {
			unknown.Known = append(unknown.Known, v.Key)
		}
		return unknown
	}
	unknown := &taskexec.UnknownError{Kind: "namespace", Name: namespace}
	all, err := s.Namespaces(ctx)
	for _, n := range all {
		unknown.Known = append(unknown.Known, n.Name)
	}
	if err != nil {
		return err
	}
	return unknown
}
