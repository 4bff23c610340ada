package calendar

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

// randomSeed is fixed, so that every run tests the same lines.
const randomSeed = 20260329

func newRandom() *rand.Rand { return rand.New(rand.NewPCG(randomSeed, 0)) }

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// randomList returns a list with numbers from low to high; most are valid.
func randomList(r *rand.Rand, low, high int) string {
	number := func() int { return low + r.IntN(high-low+1) }
	var parts []string
	for range 1 + r.IntN(3) {
		a, b := number(), number()
		if a > b && r.IntN(20) > 0 {
			a, b = b, a
		}
		switch r.IntN(6) {
		case 0:
			parts = append(parts, fmt.Sprintf("%d..%d", a, b))
		case 1:
			parts = append(parts, fmt.Sprintf("%02d..%d/%d", a, b, 1+r.IntN(high)))
		case 2:
			parts = append(parts, fmt.Sprintf("%d/%d", a, 1+r.IntN(max(1, high-a))))
		default:
			parts = append(parts, fmt.Sprintf("%02d", a))
		}
	}
	return strings.Join(parts, ",")
}

// randomEvent returns an expression that elapses often enough to be of use
// around a given day: hours and minutes vary most.
func randomEvent(r *rand.Rand) string {
	var b strings.Builder
	if r.IntN(4) == 0 {
		b.WriteString(pick(r, "Mon ", "Sat,Sun ", "Mon..Fri ", "Sun ", "Tue,Thu..Sat ", "wednesday "))
	}
	if r.IntN(3) > 0 {
		b.WriteString(pick(r, "*-*-* ", "*-*-* ", "*-3,10,11-", "2026-*-", "*-*~", "*-*-", "*-01/3-", "2025..2028-"))
		if s := b.String(); !strings.HasSuffix(s, " ") {
			if strings.HasSuffix(s, "~") {
				b.WriteString(randomList(r, 1, 25))
			} else {
				b.WriteString(randomList(r, 1, 31))
			}
			b.WriteByte(' ')
		}
	}
	b.WriteString(pick(r, "*", "*", "00", "01", "02", "03", "0..3", "23,0,1", "00/2", "01..23/2", "1/5", randomList(r, 0, 23)))
	b.WriteByte(':')
	b.WriteString(pick(r, "*", "00", "30", "0/15", "00..45/15", "15,45", "59", "0/7", randomList(r, 0, 59)))
	if r.IntN(3) == 0 {
		b.WriteByte(':')
		b.WriteString(pick(r, "*", "00", "30", "0/10", "59", "0.5", "0/7", "0/0.7", "10..40/2.5", randomList(r, 0, 59)))
	}
	if r.IntN(25) == 0 {
		b.WriteString(pick(r, " UTC", " Europe/Berlin", " America/New_York", " utc"))
	}
	return b.String()
}
