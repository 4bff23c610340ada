package console

import (
	"cmp"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/montimer/montimer/internal/safetext"
)

// Fit returns a function that writes a table that fits w.
func Fit(w io.Writer) func(header []string, rows [][]string) error {
	return func(header []string, rows [][]string) error { return Table(w, Columns(w), header, rows) }
}

// Table writes rows below a header. On a terminal of that many columns no
// line is wider: the last cells are wrapped, and where that leaves no room for
// them each row becomes a block with a line for each cell. 0 columns: no
// terminal, a line for each row.
func Table(w io.Writer, columns int, header []string, rows [][]string) error {
	const least = 20 // columns for the last cells, else there is no use in it
	widths := make([]int, len(header))
	for _, row := range append([][]string{header}, rows...) {
		for i, cell := range row {
			widths[i] = max(widths[i], safetext.Width(cell))
		}
	}
	const gap = 2
	end := len(header) - 1
	last := 0 // the width of the last column without its name
	for _, row := range rows {
		last = max(last, safetext.Width(row[end]))
	}
	indent := 0
	for _, width := range widths[:end] {
		indent += width + gap
	}
	var text strings.Builder
	for _, row := range append([][]string{header}, rows...) {
		for i, cell := range row[:end] {
			text.WriteString(safetext.Pad(cell, widths[i]+gap))
		}
		text.WriteString(row[end] + "\n")
	}
	table := text.String()
	if columns > 0 {
		text.Reset()
		if columns < indent+min(least, last) {
			writeBlocks(&text, columns, header, rows)
		} else {
			for line := range strings.Lines(table) {
				text.WriteString(safetext.Wrap(line, columns, indent))
			}
		}
		table = text.String()
	}
	_, err := io.WriteString(w, table)
	return err
}

// writeBlocks writes each row as a block of lines, one for each cell.
func writeBlocks(b *strings.Builder, columns int, header []string, rows [][]string) {
	indent := 0
	for _, name := range header {
		indent = max(indent, len(name)+2)
	}
	for i, row := range rows {
		if i > 0 {
			b.WriteString("\n")
		}
		for j, cell := range row {
			b.WriteString(safetext.Wrap(safetext.Pad(header[j], indent)+cell+"\n", columns, indent))
		}
	}
}

// Columns is the width of a terminal; 0: w is none.
func Columns(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return cmp.Or(int(size.Col), 80)
}
