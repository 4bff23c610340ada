package hostcheck

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/montimer/montimer"
)

// TestBinary: a binary that no service could start is an error for this host, and a
// warning for another, which may have it.
func TestBinary(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"montimer": 0o755, "plain": 0o644} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{
		"montimer":   "",
		"plain":      "plain is not executable",
		".":          "is not a regular file",
		"montimer-2": "montimer-2: no such file or directory",
	} {
		h := montimer.Host{Binary: filepath.Join(dir, name), EnvFile: dir, Checkout: dir, StateDir: dir}
		if f := Check(h, montimer.Jobs{}, true); len(f.Warnings) > 0 || len(f.Errors) > 0 != (want != "") || !strings.Contains(strings.Join(f.Errors, "\n"), want) {
			t.Errorf("%s, for this host: %q", name, f)
		}
		if f := Check(h, montimer.Jobs{}, false); len(f.Errors) > 0 || len(f.Warnings) > 0 != (want != "") || !strings.Contains(strings.Join(f.Warnings, "\n"), want) {
			t.Errorf("%s, for another host: %q", name, f)
		}
	}
}
