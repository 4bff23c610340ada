package unitdir

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/unitfile"
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

// TestLeftovers: what is of an older version, or enabled by one, is named with
// its remedy, and nothing else is.
func TestLeftovers(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	const old = "[Unit]\nDescription=x\nDocumentation=https://github.com/montimer/montimer\n"
	for path, content := range map[string]string{
		"etc/montimer-apply.socket":                      old,
		"etc/montimer-apply.timer":                       "[Timer]\nOnBootSec=1h\n", // the operator's own
		"etc/montimer-outbox.service.d/x.conf":           "[Service]\n",
		"etc/timers.target.wants/montimer-apply.timer":   "->",
		"etc/timers.target.wants/montimer-outbox.timer":  "->",
		"etc/sockets.target.wants/montimer-apply.socket": "->",
		"etc/multi-user.target.wants/montimer.target":    "->",
		"local/montimer-apply.service":                   unitfile.BlankHeader("0.1.0") + old,
		"local/montimer-apply.path":                      old,
		"usr/montimer-outbox.timer":                      old,
		"usr/montimer-job-a.timer":                       old,
		"usr/montimer-tmp.service":                       "->",
		"tmpfiles/montimer.conf":                         "# Where apply writes units: a confined service cannot make the directory.\n",
	} {
		path = filepath.Join(root, path)
		err := os.MkdirAll(filepath.Dir(path), 0o755)
		if err == nil && content == "->" {
			err = os.Symlink("/dev/null", path)
		} else if err == nil {
			err = os.WriteFile(path, []byte(content), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	path := []string{root + "/etc", root + "/run", root + "/local", root + "/usr"}
	got, err := Leftovers(path, root+"/local", []string{root + "/none", root + "/tmpfiles"})
	for i := range got {
		got[i] = strings.ReplaceAll(got[i], root, "")
	}
	want := []string{
		"/etc/montimer-apply.socket is of an older version and hides the unit of this one: rm /etc/montimer-apply.socket && systemctl daemon-reload",
		"/local/montimer-apply.path is of an older version: systemctl disable --now montimer-apply.path; rm /local/montimer-apply.path && systemctl daemon-reload",
		"/usr/montimer-outbox.timer is of an older version and has no effect: rm /usr/montimer-outbox.timer",
		"/tmpfiles/montimer.conf is of an older version; systemd now makes the directories for the units: rm /tmpfiles/montimer.conf",
		"an older version enabled montimer-apply.socket montimer-apply.timer montimer-outbox.timer; now montimer.target starts them: " +
			"systemctl disable montimer-apply.socket montimer-apply.timer montimer-outbox.timer",
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Error(err, diff)
	}
	if got, err := Leftovers(path[1:2], root+"/local", nil); err != nil || len(got) > 0 {
		t.Error(got, err)
	}
}
