package taskexec

import "testing"

func TestParseMaxOutput(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]int64{"": 0, "infinity": -1, "1": 1, "64M": 64 << 20, "1G": 1 << 30, "8K": 8 << 10} {
		if got, err := ParseMaxOutput(text); got != want || err != nil {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"0", "-1", "M", "1X", "5%", "99999999T", "1.5G"} {
		if got, err := ParseMaxOutput(text); got != 0 || err == nil {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
}
