package diff

import (
	"bufio"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/internal/unitdir"
)

// A writer shows a Comparison to people: first what it means, then the
// change of each file.
type writer struct {
	*bufio.Writer
	color bool
}

// WriteText writes c for people, optionally with colours.
func (c Comparison) WriteText(w io.Writer, color bool) error {
	out := writer{bufio.NewWriter(w), color}
	for _, r := range c.Schedules {
		out.schedule(r)
	}
	out.starts(c.Schedules)
	for _, s := range c.Sandboxes {
		out.title("sandbox " + cmp.Or(s.Before, "of an unknown kind") + " becomes " + cmp.Or(s.After, "unknown") + ":")
		out.line("  " + strings.Join(s.Profiles, " "))
	}
	out.files(c.Changes)
	if len(c.Overrides) > 0 {
		out.title("drop-ins and overrides in force:")
		for _, path := range c.Overrides {
			out.line("  " + path)
		}
	}
	for _, f := range c.Changes {
		out.diff(f.Diff)
	}
	return out.Flush()
}

func (w writer) schedule(r Schedule) {
	switch {
	case r.Before == nil:
		w.title(r.Profile + " is new:")
	case r.After == nil:
		w.title(r.Profile + " runs no more:")
	default:
		w.title(r.Profile + " changes:")
	}
	if r.Before != nil {
		w.timing("before", *r.Before)
	}
	if r.After != nil {
		w.timing("after", *r.After)
	}
}

func (w writer) timing(when string, t Timing) {
	w.line(fmt.Sprintf("  %-6s  %s", when, t))
	for _, next := range t.Next {
		w.line("          " + next.Format("Mon 2006-01-02 15:04:05 MST"))
	}
}

// String says in one line when a profile runs.
func (t Timing) String() string {
	text := t.Words
	if t.Jitter > 0 {
		text += " (jitter " + calendar.FormatSpan(time.Duration(t.Jitter*float64(time.Second))) + ")"
	}
	if !t.CatchUp && len(t.OnCalendar) > 0 {
		text += " (missed runs are not caught up)"
	}
	return text
}

func (w writer) starts(schedules []Schedule) {
	w.list("the reload would start at once:", func(add func(profile, why string)) {
		for _, r := range schedules {
			if r.Starts != "" {
				add(r.Profile, r.Starts)
			}
		}
	})
}

// files lists what the diffs do not show.
func (w writer) files(changes []File) {
	w.list("files:", func(add func(unit, says string)) {
		for _, c := range changes {
			switch {
			case c.Action == unitdir.Keep:
				add(c.Unit, "removal pending, compile again after the daemon-reload")
			case c.Action == unitdir.Remove:
				add(c.Unit, "removed")
			case c.ByHand:
				add(c.Unit, "was changed by hand; that change is lost")
			}
		}
	})
}

// list writes what items adds under a title, or nothing at all.
func (w writer) list(title string, items func(add func(name, says string))) {
	first := true
	items(func(name, says string) {
		if first {
			w.title(title)
			first = false
		}
		w.line("  " + name + ": " + says)
	})
}

func (w writer) diff(text string) {
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		switch {
		case strings.HasPrefix(line, "---") || strings.HasPrefix(line, "+++"):
			w.styled("1", line)
		case strings.HasPrefix(line, "@@"):
			w.styled("36", line)
		case strings.HasPrefix(line, "-"):
			w.styled("31", line)
		case strings.HasPrefix(line, "+"):
			w.styled("32", line)
		default:
			w.line(line)
		}
	}
}

func (w writer) title(text string) { w.styled("1", text) }

// line writes one line, and never a character that a terminal would act on.
func (w writer) line(text string) {
	w.Write(safetext.Append(w.AvailableBuffer(), []byte(text)))
	w.WriteByte('\n')
}

func (w writer) styled(code, text string) {
	if !w.color {
		w.line(text)
		return
	}
	fmt.Fprintf(w, "\x1b[%sm%s\x1b[0m\n", code, safetext.String(text))
}

// WriteJSON writes c as one object. Its times become UTC.
func (c Comparison) WriteJSON(w io.Writer) error {
	for _, s := range c.Schedules {
		for _, t := range []*Timing{s.Before, s.After} {
			if t == nil {
				continue
			}
			for i := range t.Next {
				t.Next[i] = t.Next[i].UTC()
			}
		}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(c)
}
