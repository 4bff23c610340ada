package calendar

import (
	"bytes"
	"errors"
	"math"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer/internal/testenv"
)

var spanSeeds = []string{
	"0", "1", "90", "1.5", "1h 30min", "1h30min", "2w", "1y", "1 month", "1M", "1m", "5 min 3 s", "1.5y", "0.5us", "3 .5", ".5", "+5", "5 6", "1us", "1µs", "1μs", "1ms", "1.001ms", "1msec 2usec",
	"infinity", " infinity ", "infinity 1", "", " ", "-1", "1s-1", "12.34.56", "12.34s.56", "1.", "1.s", ". 5", "1x", "1 x", "1mins", "1hr 2hours", "1d 1day 1days", "0x10", "1e3", "1,5",
	"\v5", "5\f", "\t5\n", "9223372036s", "9223372037s", "292y", "1000y", "18446744073709551615us", "0.0000001", "1.9999999", "3week 2weeks", "seconds", "1.5month", "59.5", "61.5s", "60000000us", "9223372036854775us", "9223372036854776us",
}

func TestParseSpan(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]time.Duration{
		"90":          90 * time.Second,
		"1h 30min":    90 * time.Minute,
		"1.5h":        90 * time.Minute,
		"1M":          2629800 * time.Second,
		"1m":          time.Minute,
		"2w 3d":       17 * 24 * time.Hour,
		"1y":          31557600 * time.Second,
		".5":          500 * time.Millisecond,
		"5 6":         11 * time.Second,
		"0.0000019":   time.Microsecond,
		"0.5us":       0,
		"9223372036s": 9223372036 * time.Second,
	} {
		got, err := ParseSpan(in)
		if err != nil || got != want {
			t.Errorf("%q: %s, %v, want %s", in, got, err, want)
		}
	}
	for in, want := range map[string]string{
		"":              `time span "": empty`,
		"-1":            `time span "-1": unexpected "-1"`,
		"5 apples":      `time span "5 apples": unexpected "apples"`,
		"9223372036.9":  `time span "9223372036.9": too long`,
		"292y 292y":     `time span "292y 292y": too long`,
		"99999999999 y": `time span "99999999999 y": too long`,
	} {
		if _, err := ParseSpan(in); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
	if _, err := ParseSpan(" infinity"); !errors.Is(err, ErrInfinity) {
		t.Errorf("infinity: %v", err)
	}
}

func TestFormatSpan(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]time.Duration{
		"0":                                   -time.Second,
		"1us":                                 1999,
		"1.500ms":                             1500 * time.Microsecond,
		"1.500000s":                           1500 * time.Millisecond,
		"1min 1.500000s":                      61500 * time.Millisecond,
		"1h 30min":                            90 * time.Minute,
		"1w 1d":                               8 * 24 * time.Hour,
		"292y 3month 1w 16h 17min 16.854775s": math.MaxInt64,
	} {
		if got := FormatSpan(d); got != want {
			t.Errorf("%d: %q, want %q", d, got, want)
		}
	}
}

// A timespan is what `systemd-analyze timespan` says of a text.
type timespan struct {
	span  time.Duration // math.MaxInt64: more than a Duration holds
	human string
}

// timespans asks systemd-analyze, which stops at the first text that it refuses:
// it returns what was said of those before it.
func timespans(t *testing.T, texts ...string) (all []timespan) {
	t.Helper()
	var stdout bytes.Buffer
	cmd := exec.Command("systemd-analyze", append([]string{"timespan", "--"}, texts...)...)
	cmd.Env = append(cmd.Environ(), "LC_ALL=C.UTF-8")
	cmd.Stdout = &stdout
	_ = cmd.Run() // it fails if it refuses any
	var last timespan
	for line := range strings.Lines(stdout.String()) {
		label, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch strings.TrimSpace(label) {
		case "μs":
			n, err := strconv.ParseUint(value, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			last.span = time.Duration(math.MaxInt64)
			if n <= math.MaxInt64/1000 {
				last.span = time.Duration(n) * time.Microsecond
			}
		case "Human":
			last.human = value
			all = append(all, last)
		}
	}
	return all
}

// TestSpansAreSystemds compares ParseSpan with systemd-analyze. What ParseSpan
// refuses takes a process each: of those 25 are tried, all with MONTIMER_SOAK.
func TestSpansAreSystemds(t *testing.T) {
	t.Parallel()
	testenv.Need(t, "systemd-analyze")
	r := newRandom()
	spans := append([]string{}, spanSeeds...)
	count := 60
	if testenv.Soak() {
		count = 3000
	}
	for range count {
		spans = append(spans, mutateSpan(r.IntN, spanSeeds[r.IntN(len(spanSeeds))]))
	}
	var accepted, refused []string
	for _, s := range spans {
		if _, err := ParseSpan(s); err == nil {
			accepted = append(accepted, s)
		} else {
			refused = append(refused, s)
		}
	}
	for i, want := range timespans(t, accepted...) {
		got, _ := ParseSpan(accepted[i])
		if got != want.span || FormatSpan(got) != want.human {
			t.Errorf("%q: %s, written %q; systemd says %s, %q", accepted[i], got, FormatSpan(got), want.span, want.human)
		}
		accepted[i] = ""
	}
	for _, s := range accepted {
		if s != "" {
			t.Errorf("%q or one before it: systemd refuses it", s)
			break
		}
	}
	r.Shuffle(len(refused), func(i, j int) { refused[i], refused[j] = refused[j], refused[i] })
	if !testenv.Soak() {
		refused = refused[:25]
	}
	for _, s := range refused {
		for _, want := range timespans(t, s) {
			if want.span != math.MaxInt64 {
				t.Errorf("%q: refused; systemd says %s", s, want.span)
			}
		}
	}
	t.Logf("seed %d: %d spans accepted, %d refused", randomSeed, len(accepted), len(refused))
}

func mutateSpan(intN func(int) int, s string) string {
	const alphabet = "0123456789.. +-smhdwyMuinotec\t"
	b := []byte(s)
	for range 1 + intN(2) {
		i := intN(len(b) + 1)
		c := alphabet[intN(len(alphabet))]
		switch {
		case intN(2) == 0:
			b = append(b[:i], append([]byte{c}, b[i:]...)...)
		case i < len(b):
			b[i] = c
		}
	}
	return string(b)
}

func FuzzSpan(f *testing.F) {
	for _, s := range spanSeeds {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := ParseSpan(s)
		if err != nil {
			return
		}
		if d < 0 || d%time.Microsecond != 0 {
			t.Errorf("%q: %d", s, d)
		}
		if again, err := ParseSpan(FormatSpan(d)); err != nil || again != d {
			t.Errorf("%q: %s, then %s (%v)", s, d, again, err)
		}
	})
}
