package montimer

import (
	"strings"
	"testing"
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
