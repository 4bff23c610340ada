package safetext

import "bytes"

// A matcher finds many words in one pass. It looks at two neighbouring bytes at a
// time, in steps so long that no word fits between two looks, and compares only the
// words that have these two there.
type matcher struct {
	step  int
	known [pairs]bool
	words map[uint16][]place // by two of their bytes
}

// place is a word, and where in it the second of two bytes is.
type place struct {
	word []byte
	at   int
}

// pairs is a power of two: a table of all pairs of bytes would not fit into the
// processor's first cache.
const pairs = 1 << 13

// pair returns the number of the two bytes that end at i; others may share it.
func pair(b []byte, i int) uint16 { return (uint16(b[i-1])<<5 ^ uint16(b[i])) % pairs }

// newMatcher returns a matcher of words of two bytes at least.
func newMatcher(words [][]byte) *matcher {
	m := &matcher{step: len(words[0]) - 1, words: map[uint16][]place{}}
	for _, w := range words {
		m.step = min(m.step, len(w)-1)
	}
	for _, w := range words {
		for i := 1; i <= m.step; i++ {
			p := pair(w, i)
			m.known[p] = true
			m.words[p] = append(m.words[p], place{w, i})
		}
	}
	return m
}

// find calls found with the place of each word in b.
func (m *matcher) find(b []byte, found func(start, end int)) {
	for i := m.step; i < len(b); i += m.step {
		p := pair(b, i)
		if !m.known[p] {
			continue
		}
		for _, w := range m.words[p] {
			if start := i - w.at; start >= 0 && bytes.HasPrefix(b[start:], w.word) {
				found(start, start+len(w.word))
			}
		}
	}
}
