package look

import (
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/store"
)

// TestUnreadable: what the user of the tasks cannot read needs a person; to others it
// is only not visible.
func TestUnreadable(t *testing.T) {
	t.Parallel()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	const good = "profiles:\n  a: { cron: '0 * * * *', tasks: [{ name: t, command: 'true' }] }\n"
	for _, tt := range []struct {
		name, user, jobs, database string
		want                       []string // findings that need a person
	}{
		{"all is well", me.Username, good, "", nil},
		{"the database is damaged", me.Username, good, "garbage", []string{"the database cannot be read: montimer db check"}},
		{"no jobs.yaml", me.Username, "", "", []string{"jobs.yaml cannot be read; runs use the last good copy: montimer compile --check"}},
		{"of another user", "nobody", "", "garbage", nil},
	} {
		dir := t.TempDir()
		h := montimer.Host{Checkout: dir, JobsFile: filepath.Join(dir, "jobs.yaml"), StateDir: filepath.Join(dir, "state"), UnitDir: filepath.Join(dir, "units"), EnvFile: filepath.Join(dir, "env"), User: tt.user}
		files := map[string]string{
			filepath.Join(dir, "jobs.yaml"): tt.jobs, filepath.Join(h.StateDir, store.FileName): tt.database,
			filepath.Join(h.UnitDir, h.Instance.Timer("a")): "[Timer]\n", h.EnvFile: "X=1\n",
		}
		for path, text := range files {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if text == "" {
				continue
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		units := host.Source{Flags: host.Settings{RunAs: tt.user, AllowRoot: true}, Getenv: os.Getenv}
		v, tallies, err := Counted(t.Context(), h, units, nil)
		var got []string
		for _, finding := range v.Findings {
			if finding.Attention {
				got = append(got, finding.String())
			}
		}
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, %v; not seen: %q", tt.name, got, err, v.NotSeen)
		}
		// Who is not root resolves a host without the user of the tasks.
		if of := unreadable(montimer.Host{}, units, tt.jobs == "", map[bool]error{true: os.ErrInvalid}[tt.database != ""]); len(of) != len(tt.want) {
			t.Errorf("%s, of a host without a user: %q", tt.name, of)
		}
		// Where nothing has run yet, 0 are counted; of what cannot be read, none.
		if counted := len(tallies) > 0; counted != (tt.database == "") {
			t.Errorf("%s: counted %v", tt.name, tallies)
		}
		ofDatabase := slices.DeleteFunc(v.NotSeen, func(text string) bool {
			return !strings.HasPrefix(text, "the database") && !strings.HasPrefix(text, "the counters")
		})
		if failed := len(ofDatabase); failed > 1 || (failed == 0) != (tt.database == "") {
			t.Errorf("%s: it is not opened once: %q", tt.name, ofDatabase)
		}
	}
}

func TestRunWithoutDatabase(t *testing.T) {
	t.Parallel()
	h := montimer.Host{StateDir: filepath.Join(t.TempDir(), "none")}
	_, err := Run(t.Context(), h, "0123456789abcdef0123456789abcdef")
	if err == nil || err.Error() != "there is no database in "+h.StateDir+": nothing has run yet" {
		t.Error(err)
	}
}
