package calendar

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer/internal/testenv"
)

func TestParse(t *testing.T) {
	t.Parallel()
	midnight := []Range{{}}
	for _, test := range []struct {
		in   string
		want Event
	}{
		{"*:*:*", Event{}},
		{"*:*:5,00/1", Event{}},
		{"daily", Event{Hour: midnight, Minute: midnight, Second: midnight}},
		{"Daily utc", Event{Hour: midnight, Minute: midnight, Second: midnight, Zone: "UTC"}},
		{"Fri..Sun,Mon 12:*:*", Event{Weekdays: 1<<4 | 1<<5 | 1<<6 | 1, Hour: []Range{{Start: 12}}}},
		{"Mon,Tue-Sun *:*:*", Event{}},
		{"26,99-1..4/2~2,1 *:*:* Europe/Berlin", Event{
			Year: []Range{{Start: 1999}, {Start: 2026}}, Month: []Range{{1, 3, 2}}, Day: []Range{{Start: 1}, {Start: 2}}, FromEnd: true, Zone: "Europe/Berlin"}},
		{"*-*~* *:*:*", Event{}},
		{"*:50..59/20,50,3/9:0.5..2", Event{Minute: []Range{{3, 0, 9}, {Start: 50}}, Second: []Range{{500_000, 1_500_000, Second}}}},
		{"@86461", Event{Year: []Range{{Start: 1970}}, Month: []Range{{Start: 1}}, Day: []Range{{Start: 2}}, Hour: midnight,
			Minute: []Range{{Start: 1}}, Second: []Range{{Start: Second}}, Zone: "UTC"}},
	} {
		got, err := Parse(test.in)
		if diff := cmp.Diff(test.want, got); err != nil || diff != "" {
			t.Errorf("%q: %v (-want +got)\n%s", test.in, err, diff)
		}
	}
}

func TestParseErrors(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"":               `calendar event "": empty`,
		" daily":         `calendar event " daily": unexpected " daily"`,
		"12":             `calendar event "12": unexpected end`,
		"24:00":          `calendar event "24:00": hour is not within 0 to 23`,
		"12:60":          `calendar event "12:60": minute is not within 0 to 59`,
		"12:00:60":       `calendar event "12:00:60": second is not within 0 to 59`,
		"22..2:00":       `calendar event "22..2:00": hour range runs backwards`,
		"*:55/10":        `calendar event "*:55/10": minute step leads out of 0 to 59`,
		"*:0/0":          `calendar event "*:0/0": a step of 0`,
		"Fri..Mon":       `calendar event "Fri..Mon": Fri..Mon runs backwards, the week is Mon..Sun`,
		"*-*~29":         `calendar event "*-*~29": day from the end of the month is not within 1 to 28`,
		"*-*~01,26":      `calendar event "*-*~01,26": day from the end of the month is not within 1 to 25`,
		"1969-01-01":     `calendar event "1969-01-01": year is not within 1970 to 2199`,
		"12:00 Nowhere":  `calendar event "12:00 Nowhere": unexpected " Nowhere"`,
		"12:00:01..01.5": `calendar event "12:00:01..01.5": a range of less than a second`,
		"*:99999999999":  `calendar event "*:99999999999": "99999999999" is out of range`,
		"@99999999999":   `calendar event "@99999999999": not within the years 1970 to 2199`,
	} {
		if _, err := Parse(in); err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}

// parseSeeds meet every rule of the grammar, from both sides.
var parseSeeds = append(append([]string{
	"Mon,", "Mon,Tue, 12:00", "Mon  12:00", "Mon-Fri *:00", "Mon..Wed,Fri..Sun", "Mon,,Tue", "Mon..", "Mon..Wed..Fri", "mondays", "Sun..Mon", "Mon UTC", "Mon  UTC",
	"*-*~01,25", "*-*~01,26", "*-*~01,22,25", "*-*~1..3,20..22", "*-*~7/1", "*-*~1/1", "*-*~7..1", "*-*~28", "1~2-3", "01~02", "*~1", "70-1-1", "69-1-1", "1970..5-1-1",
	"5..5:00", "*:5..5/70", "*:*:5..5", "*:*:0..0/5", "*:*:1..2", "*:*:1..1.9", "*:*:59.9999994", "*:*:59.9999995", "*:*:1.", "*:*:.5", "*:0/59", "*:1/59", "*:*:0/59.999999", "*:*:*.5",
	"*:5..5/2147483647", "*:5..5/2147483648", "*:*:5..5.5/2147", "*:*:2148", "000:00000000000000000000", "2026-1-1 ", "2026-1-1  10:00", "*-1-1T10:00", "10:00Z", "10:00 +02:00",
	"@0", "@-0", "@+5", "@ 5", "@-5", "@18446744073709551615", "@-18446744073709551615", "@7258118399", "@7258118400", "Mon @0", "@0 Europe/Berlin", "@5 10:00", "@0x10",
	"10:00 CET", "10:00 Europe/Berlin ", "10:00 europe/berlin", "10:00 /UTC", "10:00 Etc/", "10:00 Etc//UTC", "10:00 Local", "10:00 posixrules", "10:00 GMT+0", "10:00 Etc/GMT-14", "daily ", "DAILY uTc",
	"bi-annually", "anually", "semi-annually Asia/Tokyo", strings.Repeat("1,", 240) + "1:00", strings.Repeat("1,", 241) + "1:00", "2026/2-1/3-5/7 1/2:3/4:5/6", "*/2:00", "**:00", "*:*:*:*", "~1", "-1", "1-", "1--1",
	"weeKly", "Mon", "Monday,Tuesday", "Thursd 10:00", "2026-02-30", "*-*-31..31/4,30..31",
}, ordinaryEvents...), benchEvents...)

// mutate changes a few bytes of a seed.
func mutate(r *rand.Rand, s string) string {
	const alphabet = "0123456789019 **--~~::,,..//@MonTueSatun UTCabyz+."
	b := []byte(s)
	for range 1 + r.IntN(2) {
		c := alphabet[r.IntN(len(alphabet))]
		i := r.IntN(len(b) + 1)
		switch r.IntN(4) {
		case 0:
			b = append(b[:i], append([]byte{c}, b[i:]...)...)
		case 1:
			if i < len(b) {
				b = append(b[:i], b[i+1:]...)
			}
		case 2:
			if i < len(b) {
				b[i] = c
			}
		default: // a piece of another
			other := parseSeeds[r.IntN(len(parseSeeds))]
			if len(other) < 100 {
				cut := r.IntN(len(other) + 1)
				b = append(b[:i], other[cut:]...)
			}
		}
	}
	return string(b)
}

// TestParseIsSystemds compares what is accepted, and the normal forms.
func TestParseIsSystemds(t *testing.T) {
	t.Parallel()
	r := newRandom()
	expressions := append([]string{}, parseSeeds...)
	count := 1000
	if testenv.Soak() {
		count = 20_000
	}
	for range count {
		expressions = append(expressions, mutate(r, parseSeeds[r.IntN(len(parseSeeds))]))
	}
	base := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	accepted, different := 0, 0
	for len(expressions) > 0 {
		batch := expressions[:min(500, len(expressions))]
		expressions = expressions[len(batch):]
		for i, v := range analyze(t, "UTC", base, 1, batch) {
			e, err := Parse(batch[i])
			switch {
			case v.refused != (err != nil):
				t.Errorf("%q: %v, but systemd's is %q", batch[i], err, v.normal)
			case err != nil:
				continue
			case e.String() != v.normal && !v.deadlock:
				t.Errorf("%q: %q, want %q", batch[i], e, v.normal)
			default:
				accepted++
				continue
			}
			different++
		}
	}
	t.Logf("seed %d: %d expressions, %d of them accepted, %d different", randomSeed, count+len(parseSeeds), accepted, different)
}

// TestParseIsBounded: the time grows no faster than the text.
func TestParseIsBounded(t *testing.T) {
	t.Parallel()
	for _, piece := range []string{"1,", "Mon,", "0", "1..", " ", "/", "1-", "Mon..", "@", "~", "a"} {
		for i, start := range []string{"", "*:", "12:00 "} {
			if i > 0 && !testenv.Soak() {
				continue
			}
			text := func(size int) string { return start + strings.Repeat(piece, size/len(piece)) }
			if _, err := Parse(text(1 << 20)); err != nil && len(err.Error()) > 500 {
				t.Errorf("%q%q…: an error of %d bytes", start, piece, len(err.Error()))
			}
			testenv.Linear(t, 1<<16, func(size int) { Parse(text(size)) })
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range parseSeeds {
		f.Add(s)
	}
	base := time.Date(2026, 3, 28, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, s string) {
		e, err := Parse(s)
		if err != nil {
			return
		}
		again, err := Parse(e.String())
		if err != nil || !again.Equal(e) || again.String() != e.String() {
			t.Errorf("%q: %v, then %v (%v)", s, e, again, err)
		}
		if next, ok := e.Next(base, time.UTC); ok && !next.After(base) {
			t.Errorf("%q: next elapse %s", s, next)
		}
		if prev, ok := e.Prev(base, time.UTC); ok && !prev.Before(base) {
			t.Errorf("%q: previous elapse %s", s, prev)
		}
	})
}
