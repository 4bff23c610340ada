package apply

import (
	"os"
	"path/filepath"
	"testing"
)

// testdata/boot/apply-owner.sh has the rest.
func TestHolds(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	real, link := filepath.Join(root, "real"), filepath.Join(root, "link")
	if err := os.Mkdir(real, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, link); err != nil {
		t.Fatal(err)
	}
	list := []string{"/missing/units", real}
	for dir, want := range map[string]bool{
		real: true, real + "/": true, link: true,
		"/missing/units": true, "/missing/./units": true, // apply makes it
		"/missing": false, root: false, "": false,
	} {
		if got := holds(list, dir); got != want {
			t.Errorf("%s: %v", dir, got)
		}
	}
}
