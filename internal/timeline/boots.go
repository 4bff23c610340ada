package timeline

import (
	"cmp"
	"slices"
	"time"
)

// Boots joins what several sources know of the boots: what the journal lists,
// and the runs, each of which proves that the host was up. A boot before another
// one that the journal lists has ended; of one that only runs prove, the end is
// not known. They overlap where the clock was set back, and in a container whose
// journal has another boot id than the kernel.
func Boots(known ...Boot) []Boot {
	byID := map[string]Boot{}
	for _, k := range known {
		b, ok := byID[k.ID]
		if !ok {
			byID[k.ID] = k
			continue
		}
		b.From = earlier(b.From, k.From)
		if k.To.After(b.To) {
			b.To = k.To
		}
		b.ToIsEnd = b.ToIsEnd || k.ToIsEnd
		byID[k.ID] = b
	}
	all := make([]Boot, 0, len(byID))
	for _, b := range byID {
		all = append(all, b)
	}
	slices.SortFunc(all, func(a, b Boot) int {
		return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.ID, b.ID))
	})
	return all
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}
