package testenv

import (
	"os"
	"testing"
)

// recorder stands in for a test and keeps what was asked of it.
type recorder struct {
	testing.TB
	skipped, failed string
}

func (r *recorder) Helper()           {}
func (r *recorder) Skip(args ...any)  { r.skipped = args[0].(string) }
func (r *recorder) Fatal(args ...any) { r.failed = args[0].(string) }

func TestNeed(t *testing.T) {
	for _, test := range []struct {
		name, require   string
		tools           []string
		skipped, failed string
	}{
		{name: "there", tools: []string{"sh"}},
		{name: "missing", tools: []string{"sh", "no-such-a", "no-such-b"}, skipped: "not in PATH: no-such-a, no-such-b"},
		{name: "required", require: "1", tools: []string{"no-such-a"}, failed: "not in PATH: no-such-a (MONTIMER_REQUIRE_TOOLS=1)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("MONTIMER_REQUIRE_TOOLS", test.require)
			r := &recorder{}
			Need(r, test.tools...)
			// Fatal of a recorder returns, so a failure is followed by a skip.
			if r.failed != test.failed || (test.failed == "" && r.skipped != test.skipped) {
				t.Errorf("skipped %q, failed %q; want %q, %q", r.skipped, r.failed, test.skipped, test.failed)
			}
		})
	}
}

func TestNeedRoot(t *testing.T) {
	t.Setenv("MONTIMER_REQUIRE_TOOLS", "")
	r := &recorder{}
	NeedRoot(r)
	if root := os.Geteuid() == 0; root != (r.skipped == "") {
		t.Errorf("euid %d, skipped %q", os.Geteuid(), r.skipped)
	}
}
