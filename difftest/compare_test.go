package difftest

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer/internal/testenv"
)

// seeds are those of the random expressions; all but the first are for soaks.
var seeds = []uint64{1, 2, 3}

// TestTranslation holds every translation against its judge and systemd.
func TestTranslation(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "systemd-analyze")
	known := readKnown(t)
	for _, dialect := range slices.Sorted(maps.Keys(Judges)) {
		t.Run(dialect, func(t *testing.T) {
			check(t, known, dialect, inputs(t, dialect))
		})
	}
}

// inputs are the expressions of the two files, and random ones.
func inputs(t *testing.T, dialect string) []string {
	var texts []string
	for _, row := range readTSV(t, judgeDir+"hand.tsv", 3) {
		texts = append(texts, row[1])
	}
	for _, row := range readTSV(t, judgeDir+"corpus-real.txt", 1) {
		texts = append(texts, row[0])
	}
	if !testenv.Soak() {
		t.Logf("seed %d", seeds[0])
		return append(texts, Generate(dialect, seeds[0], 300)...)
	}
	for _, seed := range seeds {
		t.Logf("seed %d", seed)
		texts = append(texts, Generate(dialect, seed, 5000)...)
	}
	return texts
}

// check reports each difference that no row excuses.
func check(t *testing.T, known []Known, dialect string, texts []string) {
	slices.Sort(texts)
	texts = slices.Compact(texts)
	cases := make([]*Case, len(texts))
	for i, text := range texts {
		cases[i] = NewCase(dialect, text)
	}
	analyzed := analyzeAll(t, cases)
	translated, excused := 0, 0
	for _, c := range cases {
		if c.refusal == nil {
			translated++
		}
		v, detail := c.Compare(runs, analyzed)
		switch {
		case v == Agree:
		case slices.ContainsFunc(known, func(k Known) bool { return k.Excuses(c, v) }):
			excused++
		default:
			t.Errorf("%s\t%q\t%s\t%s", dialect, c.Text, v, detail)
		}
	}
	t.Logf("%d expressions, %d translated, %d known differences", len(cases), translated, excused)
}

func analyzeAll(t *testing.T, cases []*Case) map[time.Time]map[string]Fires {
	t.Helper()
	var lines []string
	for _, c := range cases {
		lines = append(lines, c.Events()...)
	}
	slices.Sort(lines)
	lines = slices.Compact(lines)
	analyzed := map[time.Time]map[string]Fires{}
	for _, base := range bases {
		var err error
		if analyzed[base], err = Analyze(lines, "UTC", base, runs); err != nil {
			t.Fatal(err)
		}
	}
	return analyzed
}

// TestKnown has every row differ still, and so as it says.
func TestKnown(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "systemd-analyze")
	for _, k := range readKnown(t) {
		for _, dialect := range k.Dialects {
			c := NewCase(dialect, k.Example)
			v, detail := c.Compare(runs, analyzeAll(t, []*Case{c}))
			if !k.Excuses(c, v) {
				t.Errorf("%s %q: verdict %q %s, the row says %s: delete it?", dialect, k.Example, v, detail, k.Verdict)
			}
		}
	}
}

func readKnown(t *testing.T) []Known {
	t.Helper()
	var known []Known
	for _, row := range readTSV(t, "known.tsv", 6) {
		k, err := NewKnown(row)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(k.Reason, " ") {
			t.Errorf("%v: no reason", row)
		}
		known = append(known, k)
	}
	return known
}
