package console

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/taskexec"
)

// Screen is a terminal on which messages scroll by, while the last lines show
// the running tasks.
//
// A terminal can be stopped (^S), so drawing may block: Watch, which the run
// calls, only queues it.
type Screen struct {
	out   io.Writer
	size  func() (rows, columns int)
	later func(draw func()) // queues a call of draw among the writes
	shown int               // how many last lines are on the terminal

	mu    sync.Mutex // guards the fields below; not held while drawing
	lines []string   // the last lines to show
	asked bool       // a call of draw is queued
	began time.Time
	next  time.Time // no redraw before: tasks may be quicker than the eye
}

// NewScreen returns a screen on w; nil if w is no terminal that can do this.
func NewScreen(w io.Writer, later func(func())) *Screen {
	f, ok := w.(*os.File)
	if !ok || os.Getenv("TERM") == "" || os.Getenv("TERM") == "dumb" {
		return nil
	}
	if _, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ); err != nil {
		return nil
	}
	size := func() (rows, columns int) {
		s, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
		if err != nil {
			return 0, 0
		}
		return int(s.Row), int(s.Col)
	}
	return &Screen{out: f, size: size, later: later, began: time.Now()}
}

// Write writes whole lines above the last ones.
func (s *Screen) Write(p []byte) (int, error) { return len(p), s.draw(p) }

// Watch shows the progress of a run.
func (s *Screen) Watch(p taskexec.Progress) {
	s.mu.Lock()
	now := time.Now()
	rows, columns := s.size()
	s.lines = progressLines(p, now, s.began, rows-1, columns-1)
	ask := now.After(s.next) && !s.asked
	if ask {
		s.next, s.asked = now.Add(50*time.Millisecond), true
	}
	s.mu.Unlock()
	if ask {
		s.later(func() { s.draw(nil) })
	}
}

// Close removes the last lines.
func (s *Screen) Close() {
	s.mu.Lock()
	s.lines = nil
	s.mu.Unlock()
	s.later(func() { s.draw(nil) })
}

// draw writes text in place of the last lines, and these below it.
func (s *Screen) draw(text []byte) error {
	s.mu.Lock()
	lines := s.lines
	s.asked = false
	s.mu.Unlock()
	var b bytes.Buffer
	if s.shown > 0 {
		fmt.Fprintf(&b, "\x1b[%dA\r\x1b[J", s.shown) // up, and erase from there on
	}
	b.Write(text)
	for _, l := range lines {
		b.WriteString(l + "\n")
	}
	s.shown = len(lines)
	_, err := s.out.Write(b.Bytes())
	return err
}

// progressLines is one line for each task under way and one for the run, in so
// many rows and columns.
func progressLines(p taskexec.Progress, now, began time.Time, rows, columns int) []string {
	if rows < 1 {
		return nil
	}
	var lines []string
	for i, r := range p.Running {
		if left := len(p.Running) - i; len(lines) == rows-2 && left > 1 {
			lines = append(lines, fmt.Sprintf("  … and %d more", left))
			break
		}
		if len(lines) == rows-1 {
			break
		}
		lines = append(lines, fmt.Sprintf("  %5v  %s", now.Sub(r.Since).Truncate(time.Second), safetext.String(r.Name)))
	}
	lines = append(lines, summary(p, now.Sub(began)))
	for i := range lines {
		lines[i] = safetext.Clip(strings.TrimRight(lines[i], " "), columns)
	}
	return lines
}

func summary(p taskexec.Progress, took time.Duration) string {
	took = took.Truncate(time.Second)
	if p.Waiting != "" {
		return fmt.Sprintf("waiting for %s, %v", p.Waiting, took)
	}
	text := fmt.Sprintf("%d of %d tasks", p.Ended, p.Total)
	if p.Total == 1 {
		text = fmt.Sprintf("%d of 1 task", p.Ended)
	}
	if n := p.Failed; n > 0 {
		text += fmt.Sprintf(", %d failed", n)
	}
	return fmt.Sprintf("%s, %v", text, took)
}

// WithoutStarts returns a handler for a screen, which shows itself what runs.
func WithoutStarts(h slog.Handler) slog.Handler { return withoutStarts{h} }

// withoutStarts is a handler for a screen, which shows itself what runs.
type withoutStarts struct{ slog.Handler }

func (w withoutStarts) Handle(ctx context.Context, r slog.Record) error {
	started := false
	r.Attrs(func(a slog.Attr) bool {
		started = a.Key == "event" && a.Value.String() == taskexec.EventTaskStarted
		return !started
	})
	if started {
		return nil
	}
	return w.Handler.Handle(ctx, r)
}

func (w withoutStarts) WithAttrs(attrs []slog.Attr) slog.Handler {
	return withoutStarts{w.Handler.WithAttrs(attrs)}
}

func (w withoutStarts) WithGroup(name string) slog.Handler {
	return withoutStarts{w.Handler.WithGroup(name)}
}
