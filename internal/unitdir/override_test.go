package unitdir

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer/compiler"
)

func TestOverrides(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for _, path := range []string{
		"etc/montimer-job-a-b.timer.d/1.conf",
		"etc/montimer-job-a-.service.d/2.conf",
		"etc/montimer-job-.service.d/3.conf",
		"etc/montimer-.timer.d/4.conf",
		"etc/service.d/5.conf",
		"etc/montimer.target.d/6.conf",
		"etc/montimer-job-x.timer", // a mask, say
		"own/montimer-job-a-b.service.d/7.conf",
		"own/montimer-job-x.service",
		"usr/montimer-job-.timer.d/8.conf",

		"etc/montimer-job-a-b.service.d/readme",       // not *.conf
		"etc/montimer-job-gone.service.d/no.conf",     // of a unit that is not there
		"etc/montimer-job-a.service.d/no.conf",        // not cut behind a dash
		"etc/montimer-job-b-.service.d/no.conf",       // another prefix
		"etc/montimer-job-.socket.d/no.conf",          // another type
		"etc/socket.d/no.conf",                        // another type
		"etc/x.d/no.conf",                             // no type
		"usr/montimer-job-x.service",                  // weaker than ours
		"etc/multi-user.target.wants/montimer.target", // enabled
	} {
		writeFile(t, filepath.Join(root, path))
	}
	writeFile(t, filepath.Join(root, "etc/montimer-job-x.service.d")) // a file
	units := []compiler.Unit{{Name: "montimer-job-a-b.timer"}, {Name: "montimer-job-a-b.service"},
		{Name: "montimer-job-x.timer"}, {Name: "montimer-job-x.service"}, {Name: targetName}}
	dir := func(name string) string { return filepath.Join(root, name) }

	got, err := Overrides([]string{dir("none"), dir("etc"), dir("own"), dir("usr")}, dir("own"), units)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"etc/montimer-.timer.d/4.conf",
		"etc/montimer-job-.service.d/3.conf",
		"etc/montimer-job-a-.service.d/2.conf",
		"etc/montimer-job-a-b.timer.d/1.conf",
		"etc/montimer-job-x.timer",
		"etc/montimer.target.d/6.conf",
		"etc/service.d/5.conf",
		"own/montimer-job-a-b.service.d/7.conf",
		"usr/montimer-job-.timer.d/8.conf",
	}
	for i := range want {
		want[i] = dir(want[i])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func writeFile(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
}
