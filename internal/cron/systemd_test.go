package cron

import (
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer/internal/testenv"
)

// TestSystemdReadsAll gives every line that we write for any expression of the
// test data to systemd, which must accept it and find it in normal form: every
// third line, and all with MONTIMER_SOAK.
func TestSystemdReadsAll(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "systemd-analyze")
	sources := lines(t, "corpus-real.txt")
	for _, line := range lines(t, "hand.tsv") {
		sources = append(sources, strings.Split(line, "\t")[1])
	}
	for n := 1; n <= 31; n++ {
		sources = append(sources, "0 0 "+ordinal(n)[:len(ordinal(n))-2]+"W * *")
	}
	written := map[string]bool{}
	for _, text := range append(sources, "@every 27s", "0 0 1 1 * 1971,1973,1976,1980-2098/3") {
		for _, d := range Dialects() {
			if x, err := Parse(d, text); err == nil {
				for _, event := range texts(translate(t, "Europe/Berlin", x).Events) {
					written[event] = true
				}
			}
		}
	}
	all := slices.Sorted(maps.Keys(written))
	if len(all) < 300 {
		t.Errorf("only %d different lines", len(all))
	}
	if !testenv.Soak() {
		for i := range len(all) / 3 {
			all[i] = all[3*i]
		}
		all = all[:len(all)/3]
	}
	for batch := range slices.Chunk(all, 200) {
		out, err := exec.Command("systemd-analyze", append([]string{"calendar", "--"}, batch...)...).CombinedOutput()
		if err != nil {
			t.Errorf("systemd-analyze: %v", err)
		}
		var normal []string
		for line := range strings.Lines(string(out)) {
			if text, found := strings.CutPrefix(strings.TrimSpace(line), "Normalized form: "); found {
				normal = append(normal, text)
			}
		}
		if diff := cmp.Diff(batch, normal); diff != "" {
			t.Errorf("normal form (-ours +systemd):\n%s", diff)
		}
	}
}
