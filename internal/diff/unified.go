package diff

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff/lcs" // not its parent, which compiles a regular expression at each start
)

// around is how many unchanged lines a hunk has before and after a change.
const around = 3

// unifiedDiff returns the change of a text in the format of diff -u; "": none.
func unifiedDiff(from, to, before, after string) string {
	a, b := lines(before), lines(after)
	edits := lcs.DiffLines(a, b)
	if len(edits) == 0 {
		return ""
	}
	var out strings.Builder
	fmt.Fprintf(&out, "--- %s\n+++ %s\n", from, to)
	for len(edits) > 0 {
		n := 1
		for n < len(edits) && edits[n].Start-edits[n-1].End <= 2*around {
			n++
		}
		writeHunk(&out, a, b, edits[:n])
		edits = edits[n:]
	}
	return out.String()
}

// lines returns the lines of a text, each with its end.
func lines(text string) []string { return slices.Collect(strings.Lines(text)) }

func writeHunk(out *strings.Builder, a, b []string, edits []lcs.Diff) {
	first, last := edits[0], edits[len(edits)-1]
	start, end := max(0, first.Start-around), min(len(a), last.End+around)
	fmt.Fprintf(out, "@@ -%s +%s @@\n", span(start, end), span(first.ReplStart-first.Start+start, last.ReplEnd-last.End+end))
	write := func(mark string, lines []string) {
		for _, line := range lines {
			out.WriteString(mark + line)
			if !strings.HasSuffix(line, "\n") {
				out.WriteString("\n\\ No newline at end of file\n")
			}
		}
	}
	at := start
	for _, e := range edits {
		write(" ", a[at:e.Start])
		write("-", a[e.Start:e.End])
		write("+", b[e.ReplStart:e.ReplEnd])
		at = e.End
	}
	write(" ", a[at:end])
}

// span is the place of lines in a text: the first of them and their number; of
// none, the line before them.
func span(start, end int) string {
	switch end - start {
	case 0:
		return fmt.Sprintf("%d,0", start)
	case 1:
		return fmt.Sprint(start + 1)
	}
	return fmt.Sprintf("%d,%d", start+1, end-start)
}
