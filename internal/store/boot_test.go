package store

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// All services find the same boot id, whatever of /proc they see: else the lease of
// one on the outbox counts for nothing in another, and alerts are sent twice.
func TestReadBoot(t *testing.T) {
	t.Parallel()
	const path = "/proc/sys/kernel/random/boot_id"
	kernel, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.TrimSpace(string(kernel))
	specifier := strings.ReplaceAll(want, "-", "") // %b
	none := filepath.Join(t.TempDir(), "none")
	for _, tt := range []struct{ path, variable, want string }{
		{path, "", want},
		{path, strings.Repeat("0", 32), "00000000-0000-0000-0000-000000000000"},
		{none, specifier, want},
		{none, "", ""},
		{none, "%b", ""},
		{none, specifier[:30], ""},
		{none, want, ""},
	} {
		if got := readBoot(tt.path, tt.variable); got != tt.want {
			t.Errorf("%s, %s: %q, want %q", tt.path, tt.variable, got, tt.want)
		}
	}
}
