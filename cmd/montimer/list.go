package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/host"
)

type listCmd struct {
	hostFlags
	Output string `short:"o" enum:"text,json" default:"text" help:"text, or json: one object a line."`
}

// listed is one profile as `list` shows it.
type listed struct {
	Profile  string    `json:"profile"`
	Enabled  bool      `json:"enabled"`
	Schedule string    `json:"schedule"`
	Timezone string    `json:"timezone"`
	Calendar []string  `json:"on_calendar"`
	Next     time.Time `json:"next,omitzero"`
	Tasks    int       `json:"tasks"`
	Paused   string    `json:"paused,omitzero"` // until when, and why
}

// Run lists the profiles of jobs.yaml in file order.
func (c listCmd) Run(ctx context.Context, e env) error {
	h, err := c.host(e)
	if err != nil {
		return err
	}
	j, err := loadJobs(ctx, e, &h)
	if err != nil {
		return err
	}
	warnNoSync(e.stderr, h, j)
	if text, ok := environmentFile(h); ok {
		warnMode(e.stderr, h, host.Environment(text))
	}
	rows := listProfiles(j.Profiles, time.Now())
	if c.Output == "json" {
		enc := json.NewEncoder(e.stdout)
		enc.SetEscapeHTML(false)
		for _, r := range rows {
			if err := enc.Encode(r); err != nil {
				return err
			}
		}
		return nil
	}
	return writeList(e.stdout, rows, columns(e.stdout))
}

// writeList writes the rows as a table. On a terminal, which has that many
// columns, the schedules are wrapped; 0: a line each.
func writeList(w io.Writer, rows []listed, columns int) error {
	var table strings.Builder
	tab := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tab, "PROFILE\tNEXT\tTASKS\tSCHEDULE")
	for _, r := range rows {
		fmt.Fprintf(tab, "%s\t%s\t%d\t%s\n", r.Profile, r.nextText(), r.Tasks, r.scheduleText())
	}
	if err := tab.Flush(); err != nil {
		return err
	}
	indent := strings.Index(table.String(), "SCHEDULE")
	for line := range strings.Lines(table.String()) {
		if _, err := io.WriteString(w, wrap(line, columns, indent)); err != nil {
			return err
		}
	}
	return nil
}

// wrap breaks a line between words where it has more than that many columns, and
// indents what follows.
func wrap(line string, columns, indent int) string {
	const least = 20 // columns of text, else there is no use in it
	if columns < indent+least {
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
			break
		}
		b.WriteString(strings.TrimRight(string(text[:cut]), " ") + "\n")
		line = strings.Repeat(" ", indent) + strings.TrimLeft(string(text[cut:]), " ")
	}
	b.WriteString(line)
	return b.String()
}

// columns is the width of a terminal; 0: w is none.
func columns(w io.Writer) int {
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

func listProfiles(profiles []montimer.Profile, now time.Time) []listed {
	rows := make([]listed, 0, len(profiles))
	for _, p := range profiles {
		r := listed{
			Profile:  p.Name,
			Enabled:  p.Enabled,
			Schedule: p.Schedule.Words,
			Timezone: p.Schedule.Timezone,
			Calendar: []string{},
			Tasks:    len(p.EnabledTasks()),
		}
		r.Paused, _ = pauseNow(p.Name, now) // of one that is damaged, exec tells
		for _, event := range p.Schedule.Events {
			r.Calendar = append(r.Calendar, event.String())
		}
		if next, ok := p.Schedule.Next(now, time.Local); ok && p.Enabled {
			r.Next = next
		}
		rows = append(rows, r)
	}
	return rows
}

func (r listed) nextText() string {
	switch {
	case !r.Enabled:
		return "disabled"
	case r.Paused != "":
		return "paused"
	case r.Next.IsZero():
		return "-"
	}
	format := "Mon 2006-01-02 15:04 MST"
	if r.Next.Second() != 0 {
		format = "Mon 2006-01-02 15:04:05 MST"
	}
	return r.Next.Local().Format(format)
}

// scheduleText says when a profile runs, and until when and why it does not.
func (r listed) scheduleText() string {
	if r.Enabled && r.Paused != "" {
		return r.Schedule + "; " + r.Paused
	}
	return r.Schedule
}
