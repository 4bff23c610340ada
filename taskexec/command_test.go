package taskexec

import (
	"testing"

	"github.com/montimer/montimer"
)

func TestQuoteAndEnvNames(t *testing.T) {
	t.Parallel()
	if got := envNames(montimer.Profile{}, montimer.Task{}); got != "-" {
		t.Error(got)
	}
	if got := quote([]string{"", "a b", "it's", "x=/y:z"}); got != `'' 'a b' 'it'\''s' x=/y:z` {
		t.Error(got)
	}
}
