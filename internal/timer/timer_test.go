package timer

import (
	"strings"
	"testing"
)

// TestReadWrong: a value that cannot be read is an error that names it.
func TestReadWrong(t *testing.T) {
	t.Parallel()
	for _, wrong := range []string{"OnCalendar=whenever", "OnUnitActiveSec=soon", "RandomizedDelaySec=3 apples"} {
		if got, err := Read("[Timer]\n" + wrong + "\n"); err == nil || !strings.Contains(err.Error(), wrong) {
			t.Errorf("%s: %v, %v", wrong, got, err)
		}
	}
}
