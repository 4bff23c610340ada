package pager

import (
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
)

// TestUnrecordedIncident holds that of many processes that find out at once one
// tells people, that a claim without an alert is free again, that an end is
// reported once, and that what is planted in the place of the file silences
// no page.
func TestUnrecordedIncident(t *testing.T) {
	t.Parallel()
	i := unrecordedIncident{filepath.Join(t.TempDir(), "incident")}
	once := func(what string, f func() bool) {
		t.Helper()
		var n atomic.Int32
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if f() {
					n.Add(1)
				}
			})
		}
		if all.Wait(); n.Load() != 1 {
			t.Errorf("%s: %d times", what, n.Load())
		}
	}
	end := func() bool { _, ok := i.end(); return ok }
	if end() {
		t.Error("an end without an incident")
	}
	if !i.claim() || i.claim() {
		t.Error("not claimed once")
	}
	i.unclaim()
	if !i.claim() {
		t.Error("not claimed again")
	}
	once("end", end)
	for name, text := range map[string]string{"ahead": "1 9000000000000000000\n", "an hour ago": "1 1\n", "nothing": "", "text": "x y\n"} {
		if err := os.WriteFile(i.path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if name != "an hour ago" && !i.claim() {
			t.Errorf("%s: silent", name)
		}
		os.Remove(i.path)
	}
	if err := os.Mkdir(i.path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(i.path, "x"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if !i.claim() {
			t.Error("a folder silences")
		}
	}
}
