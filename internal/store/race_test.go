package store

import (
	"context"
	"sync"
	"testing"

	"github.com/montimer/montimer/internal/testenv"
)

// TestOpenTogether: the first runs of several profiles may come at one instant,
// and find no database.
func TestOpenTogether(t *testing.T) {
	t.Parallel()
	rounds := 3
	if testenv.Soak() {
		rounds = 100
	}
	for range rounds {
		dir := t.TempDir()
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				s, err := Open(context.Background(), dir, Options{})
				if err != nil {
					t.Error(err)
					return
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	}
}
