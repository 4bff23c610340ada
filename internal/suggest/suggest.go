// Package suggest finds what a misspelt word was meant to be.
package suggest

// Closest returns the candidate that word is most likely a misspelling of, or
// "". work is the number of comparisons it may still spend; a file with very
// many mistakes gets no suggestions at its end.
func Closest(word string, candidates []string, work *int) string {
	best, bestDistance := "", max(1, len(word)/3)
	for _, c := range candidates {
		if gap := len(c) - len(word); gap > bestDistance || -gap > bestDistance {
			continue
		}
		if *work <= 0 {
			return ""
		}
		*work -= (1 + len(word)) * (1 + len(c))
		if d := distance(word, c); d < bestDistance || d == bestDistance && best == "" {
			best, bestDistance = c, d
		}
	}
	return best
}

// distance is the number of bytes to insert, delete, replace or swap with
// their neighbour to turn a into b; a change of case alone costs nothing.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if lower(a[i-1]) == lower(b[j-1]) {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && lower(a[i-1]) == lower(b[j-2]) && lower(a[i-2]) == lower(b[j-1]) {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}
