package console

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"unicode/utf8"

	"golang.org/x/sys/unix"
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
	var text strings.Builder
	tab := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tab, strings.Join(header, "\t"))
	last := 0 // the width of the last column
	for _, row := range rows {
		fmt.Fprintln(tab, strings.Join(row, "\t"))
		last = max(last, utf8.RuneCountInString(row[len(row)-1]))
	}
	if err := tab.Flush(); err != nil {
		return err
	}
	indent := strings.LastIndex(strings.SplitAfter(text.String(), "\n")[0], header[len(header)-1])
	table := text.String()
	if columns > 0 {
		text.Reset()
		if columns < indent+min(least, last) {
			writeBlocks(&text, columns, header, rows)
		} else {
			for line := range strings.Lines(table) {
				text.WriteString(wrap(line, columns, indent))
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
			b.WriteString(wrap(fmt.Sprintf("%-*s%s\n", indent, header[j], cell), columns, indent))
		}
	}
}

// wrap breaks a line where it has more than that many columns, between words if
// it can, and indents what follows.
func wrap(line string, columns, indent int) string {
	if columns <= indent {
		return line
	}
	var b strings.Builder
	for {
		text := []rune(line)
		if len(text) <= columns+1 { // the end of the line takes none
			break
		}
		cut := columns
		for cut > indent && text[cut] != ' ' {
			cut--
		}
		if cut <= indent { // one long word
			cut = columns
		}
		b.WriteString(strings.TrimRight(string(text[:cut]), " ") + "\n")
		line = strings.Repeat(" ", indent) + strings.TrimLeft(string(text[cut:]), " ")
	}
	b.WriteString(line)
	return b.String()
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
