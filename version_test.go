package montimer

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/montimer/montimer/internal/testenv"
)

func TestCleanVersion(t *testing.T) {
	t.Parallel()
	for v, want := range map[string]string{
		"0.1.0": "0.1.0", "0.1.0-5-gabc1234-dirty": "0.1.0-5-gabc1234-dirty", "1.0~rc1+b2": "1.0~rc1+b2", "(devel)": "(devel)",
		"": "unknown", "\n": "unknown", "0.1\nUser=root": "0.1Userroot", "1\\%h\x1b[m": "1hm", "é1": "1", strings.Repeat("1", 200): strings.Repeat("1", 100),
	} {
		if got := cleanVersion(v); got != want {
			t.Errorf("%q: %q, want %q", v, got, want)
		}
	}
}

// What make runs has the version and the time of the commit in its environment, as
// release.sh needs them, also if nobody has set them.
func TestMakeVersion(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "make")
	source, err := exec.Command("deploy/version.sh").Output()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("make", "-s", "--eval", `show: ; @echo "$$VERSION $$COMMIT $$SOURCE_DATE_EPOCH"`, "show")
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	got, err := cmd.CombinedOutput()
	if err != nil || string(got) != string(source) {
		t.Errorf("make passes on %q, %v; want %q", got, err, source)
	}
}

// install.sh refuses the names that no instance can have: --uninstall removes by name.
func TestInstallerReserved(t *testing.T) {
	t.Parallel()
	script, err := os.ReadFile("deploy/install.sh")
	if err != nil {
		t.Fatal(err)
	}
	if want := `readonly reserved="` + strings.Join(reserved, " ") + `"`; !strings.Contains(string(script), want) {
		t.Errorf("install.sh lacks %s", want)
	}
}
