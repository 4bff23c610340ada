package difftest

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
)

// Generate returns n random expressions of a dialect, the same ones for the
// same seed. They lean to what is easily got wrong; most of them are valid.
func Generate(dialect string, seed uint64, n int) []string {
	g := generator{rand.New(rand.NewPCG(seed, 0)), dialect}
	texts := make([]string, n)
	for i := range texts {
		texts[i] = g.expression()
	}
	return texts
}

type generator struct {
	*rand.Rand
	dialect string
}

// slot is a field to fill.
type slot struct {
	name      string
	low, high int
	names     []string // in full, from low
}

var (
	second = slot{"second", 0, 59, nil}
	minute = slot{"minute", 0, 59, nil}
	hour   = slot{"hour", 0, 23, nil}
	dom    = slot{"dom", 1, 31, nil}
	month  = slot{"month", 1, 12, strings.Fields("january february march april may june july august september october november december")}
	dow    = slot{"dow", 0, 6, strings.Fields("sunday monday tuesday wednesday thursday friday saturday")}
	year   = slot{"year", 2024, 2044, nil}
)

var (
	macros = strings.Fields("@hourly @daily @weekly @monthly @yearly @annually @midnight @reboot @Daily @every")
	spans  = strings.Fields("1s 45s 90s 7m 10m 90m 1h 2h30m 24h 1h30m10s 50ms 1.5s 0s -5m x")
	zones  = strings.Fields("CRON_TZ=Asia/Tokyo TZ=Asia/Kolkata TZ=UTC TZ=Local CRON_TZ=Europe/Berlin TZ=No/Where")
	blanks = []string{"", " ", "\t", "\n", "\u00a0"}
	junk   = strings.Fields("* ? L W LW 5L 3W 0W 5#3 5#6 mon#1 + +5 -5 5- */ */0 /5 *-5 *5 5* 1-2-3 */5/2 1-5/2/3 0~30 ~ H H/15 x 5x 007 " +
		"99 60 24 32 13 8 0 0-7 7-3 5-7 6-0 05 , ,5 5, 1,,2 fri-sun fri-mon monday January 22-2/2 0-99/100 30-5/7 @ 10-15W L-3 LL %")
)

// oneIn is true once in n times.
func (g generator) oneIn(n int) bool { return g.IntN(n) == 0 }

func pick[T any](g generator, from []T) T { return from[g.IntN(len(from))] }

func (g generator) expression() string {
	text := g.line()
	if g.oneIn(40) {
		text = g.macro()
	}
	if g.oneIn(100) {
		text = pick(g, blanks) + text + pick(g, blanks)
	}
	return text
}

func (g generator) macro() string {
	if m := pick(g, macros); m != "@every" {
		return m
	}
	return "@every " + pick(g, spans)
}

func (g generator) line() string {
	var words []string
	if g.dialect == "robfig" && g.oneIn(40) {
		words = append(words, pick(g, zones))
	}
	for _, s := range g.slots() {
		words = append(words, g.field(s))
	}
	if g.oneIn(80) {
		words = words[:len(words)-1]
	}
	return strings.Join(words, pick(g, []string{" ", " ", " ", "  ", "\t"}))
}

func (g generator) slots() []slot {
	five := []slot{minute, hour, dom, month, dow}
	switch {
	case g.dialect == "supercronic" && g.oneIn(6):
		return append(five, year)
	case g.dialect == "supercronic" && g.oneIn(6):
		return append([]slot{second}, append(five, year)...)
	case g.dialect == "robfig" && g.oneIn(4):
		return append([]slot{second}, five...)
	case g.oneIn(80):
		return append(five, dow)
	}
	return five
}

func (g generator) field(s slot) string {
	plain := 2 // one in: how often the field is as people write it
	if s.name == "dom" || s.name == "dow" {
		plain = 3
	}
	switch {
	case g.oneIn(plain) && (s.name == "minute" || s.name == "hour" || s.name == "second"):
		return g.value(s)
	case g.oneIn(plain):
		return "*"
	}
	entries := make([]string, pick(g, []int{1, 1, 1, 1, 2, 2, 3, 5}))
	for i := range entries {
		entries[i] = g.entry(s)
	}
	return strings.Join(entries, ",")
}

// entry is one part of a list.
func (g generator) entry(s slot) string {
	switch n := g.IntN(100); {
	case n < 5:
		return pick(g, junk)
	case n < 10:
		return "*"
	case n < 20:
		return "*/" + g.step(s)
	case n < 25 && (g.dialect == "supercronic" || g.dialect == "robfig"):
		return pick(g, []string{"?", "?", "?/" + g.step(s)})
	case n < 32 && (g.dialect == "supercronic" || g.dialect == "robfig"):
		return g.value(s) + "/" + g.step(s)
	case n < 50:
		return g.span(s)
	case n < 60:
		return g.span(s) + "/" + g.step(s)
	case n < 63:
		return fmt.Sprintf("%d-%d", s.low, s.high)
	case n < 80 && g.dialect == "supercronic" && s.name == "dom":
		return pick(g, []string{"L", "LW", "l", g.value(s) + "W", g.value(s) + "w", g.value(s) + "W"})
	case n < 80 && g.dialect == "supercronic" && s.name == "dow":
		return pick(g, []string{g.value(s) + "L", fmt.Sprintf("%s#%d", g.value(s), g.IntN(5)+1)})
	}
	return g.value(s)
}

// span is a range, now and then one that runs backwards or to Sunday.
func (g generator) span(s slot) string {
	switch {
	case g.oneIn(25):
		return g.value(s) + "-" + g.value(s)
	case s.name == "dow" && g.oneIn(8):
		return g.value(s) + "-" + pick(g, []string{"7", "0", "sun"})
	}
	low := s.low + g.IntN(s.high-s.low)
	high := low + g.IntN(s.high-low+1)
	return g.number(s, low) + "-" + g.number(s, high)
}

func (g generator) step(s slot) string {
	switch {
	case g.oneIn(12):
		return strconv.Itoa(g.IntN(2*s.high + 3))
	case g.oneIn(2):
		return strconv.Itoa(g.IntN(7) + 1)
	}
	return strconv.Itoa(g.IntN(max(s.high-s.low, 1)) + 1)
}

func (g generator) value(s slot) string {
	switch {
	case s.name == "dom" && g.oneIn(4):
		return g.number(s, 28+g.IntN(4))
	case s.name == "dow" && g.oneIn(12):
		return "7"
	case s.name == "month" && g.oneIn(4):
		return g.number(s, 2)
	}
	return g.number(s, s.low+g.IntN(s.high-s.low+1))
}

// number writes n as a number, a name, or with a leading zero.
func (g generator) number(s slot, n int) string {
	switch {
	case s.names != nil && g.oneIn(3):
		name := s.names[n-s.low]
		if !g.oneIn(8) {
			name = name[:3]
		}
		return pick(g, []string{name, strings.ToUpper(name), strings.ToUpper(name[:1]) + name[1:]})
	case g.oneIn(15):
		return fmt.Sprintf("%02d", n)
	}
	return strconv.Itoa(n)
}
