package taskexec

import (
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"strings"
)

// DefaultMaxOutput is how many bytes of a task's output are passed on by
// default: the output of one task evicts entries of others from the journal.
const DefaultMaxOutput = 64 << 20

// allowance counts how much output of a task may still be passed on, and how
// much was left out. The tail of the output is kept in any case.
type allowance struct {
	left   int64 // bytes; negative: there is no bound
	over   leftOut
	unread leftOut
}

// leftOut counts what is not passed on.
type leftOut struct{ lines, bytes int64 }

func (l *leftOut) add(lines []Line) {
	l.bytes += size(lines)
	for _, line := range lines {
		if !line.Partial {
			l.lines++
		}
	}
}

func size(lines []Line) (n int64) {
	for _, line := range lines {
		n += int64(len(line.Text)) + 1
	}
	return n
}

// newAllowance allows most bytes; 0: DefaultMaxOutput, negative: no bound.
func newAllowance(most int64) *allowance {
	if most == 0 {
		most = DefaultMaxOutput
	}
	return &allowance{left: most}
}

// take reports whether lines may be passed on. Once some were not, none are: a
// reader would not notice a gap.
func (a *allowance) take(lines []Line) bool {
	if a.left < 0 {
		return true
	}
	n := size(lines)
	if n > a.left || a.over.bytes > 0 {
		a.over.add(lines)
		return false
	}
	a.left -= n
	return true
}

// report says what was left out of the output of a task.
func (a *allowance) report(log *slog.Logger, task string, most int64) {
	if most == 0 {
		most = DefaultMaxOutput
	}
	if a.over.bytes > 0 {
		log.Warn(fmt.Sprintf("task %s: %v left out: its output is more than %d bytes (limits: output, in the host's settings)", task, a.over, most), "event", EventTrouble)
	}
	if a.unread.bytes > 0 {
		log.Warn(fmt.Sprintf("task %s: %v left out, since the reader was stuck", task, a.unread), "event", EventTrouble)
	}
}

func (l leftOut) String() string {
	lines, bytes := "lines", "bytes"
	if l.lines == 1 {
		lines = "line"
	}
	if l.bytes == 1 {
		bytes = "byte"
	}
	return fmt.Sprintf("%d %s (%d %s)", l.lines, lines, l.bytes, bytes)
}

// ParseMaxOutput reads the host's limit of a task's output, for [Runner].
func ParseMaxOutput(text string) (int64, error) {
	switch text {
	case "":
		return 0, nil
	case "infinity":
		return -1, nil
	}
	digits, shift := text, 0
	if i := strings.IndexByte("KMGT", text[len(text)-1]); i >= 0 {
		digits, shift = text[:len(text)-1], 10*(i+1)
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 1 || n > math.MaxInt64>>shift {
		return 0, fmt.Errorf("MONTIMER_OUTPUT_MAX=%q is not a size such as 64M, 1G or infinity: the default is in force", text)
	}
	return n << shift, nil
}
