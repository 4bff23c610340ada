package unitdir

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer/internal/unitfile"
)

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
		"local/montimer-apply.service":                   unitfile.BlankHeader + old,
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
