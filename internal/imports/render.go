package imports

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/cron"
	"github.com/montimer/montimer/internal/lazy"
	"github.com/montimer/montimer/internal/safetext"
)

// A document is a jobs.yaml to be written.
type document struct {
	jobs    []*job
	source  string
	zone    string
	dialect string            // of all, "": not cron
	env     []montimer.EnvVar // that all jobs have
}

// document says what the jobs share.
func (p *planner) document() document {
	d := document{jobs: p.jobs, source: p.Source, zone: p.Zone}
	for i, j := range p.jobs {
		if j.Schedule.Kind == montimer.ScheduleCron && d.dialect == "" {
			d.dialect = j.Schedule.Dialect
		}
		if i == 0 {
			d.env = slices.Clone(j.Env)
			continue
		}
		d.env = slices.DeleteFunc(d.env, func(v montimer.EnvVar) bool { return !slices.Contains(j.Env, v) })
	}
	if d.dialect == string(cron.Supercronic) {
		d.dialect = "" // the default
	}
	return d
}

// A yaml writes lines of YAML.
type yaml struct{ strings.Builder }

func (y *yaml) line(indent int, format string, args ...any) {
	y.WriteString(strings.Repeat("  ", indent))
	fmt.Fprintf(y, format, args...)
	y.WriteByte('\n')
}

// comment writes text of any kind, cut to lines.
func (y *yaml) comment(indent int, text string) {
	text = strings.TrimRight(safetext.String(text), " \t")
	const longest = 2000 // bytes; nobody reads more
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "…"
	}
	if text == "" {
		y.line(indent, "#")
		return
	}
	y.line(indent, "# %s", strings.TrimPrefix(text, "# "))
}

// text writes the jobs.yaml; without receipts it is what the decoder has to read.
func (d document) text(receipts []*Receipt, general, trailing []string) []byte {
	var y yaml
	y.comment(0, "Imported from "+d.source+" by montimer import. What is exact is proven to run at the")
	y.comment(0, "same times; the receipts of the import say what differs, and how.")
	for _, text := range general {
		y.comment(0, "- "+text)
	}
	y.line(0, "")
	y.line(0, "defaults:")
	if d.zone != "" {
		y.line(1, "timezone: %s", scalar(d.zone))
	}
	if d.dialect != "" {
		y.line(1, "cron_dialect: %s", d.dialect)
	}
	y.line(1, "catch_up: false # what is missed while the host is off is not run later")
	y.line(1, "timeout: 7d # of a task, the longest there is: give each what it needs")
	y.env(1, d.env)
	y.line(0, "")
	y.line(0, "profiles:")
	if len(receipts) == 0 {
		for _, j := range d.jobs {
			d.profile(&y, j)
		}
		return []byte(y.String())
	}
	byReceipt := map[*Receipt]*job{}
	for _, j := range d.jobs {
		byReceipt[j.receipt] = j
	}
	for _, r := range receipts {
		j := byReceipt[r]
		switch {
		case j != nil:
			y.line(0, "")
			for _, text := range j.comments {
				y.comment(1, text)
			}
			y.receipt(r)
			d.profile(&y, j)
		case r.Result == Refused:
			y.line(0, "")
			y.receipt(r)
		}
	}
	if len(trailing) > 0 {
		y.line(0, "")
	}
	for _, text := range trailing {
		y.comment(1, text)
	}
	return []byte(y.String())
}

// receipt writes how a line was imported, above its profile.
func (y *yaml) receipt(r *Receipt) {
	y.comment(1, fmt.Sprintf("%s: %s", r.place(), r.Result))
	y.comment(1, "  "+r.Text)
	if r.Result == Refused {
		y.comment(1, "  "+r.Reason+": "+r.Hint)
	}
	for _, text := range r.Differences {
		y.comment(1, "  differs: "+text)
	}
	for _, c := range r.Changes {
		y.comment(1, "  differs: "+c.words(r.By))
	}
	for _, text := range r.Notes {
		y.comment(1, "  "+text)
	}
}

func (d document) profile(y *yaml, j *job) {
	y.line(1, "%s:", key(j.Name))
	y.list(2, string(j.Schedule.Kind), j.Schedule.Source)
	if zone := j.Schedule.Timezone; zone != "" && zone != d.zone {
		y.line(2, "timezone: %s", scalar(zone))
	}
	if dialect := j.Schedule.Dialect; dialect != "" && dialect != string(cron.Supercronic) && dialect != d.dialect {
		y.line(2, "cron_dialect: %s", dialect)
	}
	if j.Description != "" {
		y.line(2, "description: %s", scalar(j.Description))
	}
	if j.CatchUp {
		y.line(2, "catch_up: true")
	}
	if j.Jitter > 0 {
		y.line(2, "jitter: %s", scalar(calendar.FormatSpan(j.Jitter)))
	}
	y.env(2, slices.DeleteFunc(slices.Clone(j.Env), func(v montimer.EnvVar) bool { return slices.Contains(d.env, v) }))
	y.line(2, "tasks:")
	for _, t := range j.Tasks {
		y.line(3, "- name: %s", scalar(t.Name))
		if t.Command.Shell != "" {
			y.command(t.Command.Shell)
		} else {
			y.list(4, "command", t.Command.Argv)
		}
		if t.Timeout > 0 {
			y.line(4, "timeout: %s", scalar(calendar.FormatSpan(t.Timeout)))
		}
	}
}

func (y *yaml) env(indent int, vars []montimer.EnvVar) {
	if len(vars) == 0 {
		return
	}
	y.line(indent, "env:")
	for _, v := range vars {
		y.line(indent+1, "%s: %s", key(v.Name), quoted(v.Value))
	}
}

func (y *yaml) list(indent int, name string, values []string) {
	if len(values) == 1 && name != "command" {
		y.line(indent, "%s: %s", name, quoted(values[0]))
		return
	}
	items := make([]string, len(values))
	for i, v := range values {
		items[i] = quoted(v)
	}
	y.line(indent, "%s: [%s]", name, strings.Join(items, ", "))
}

// command writes a text for the shell, lines as lines where YAML can have them so.
func (y *yaml) command(text string) {
	lines := strings.Split(text, "\n")
	if len(lines) == 1 || lines[0] == "" || lines[0][0] == ' ' || lines[len(lines)-1] == "" ||
		slices.ContainsFunc(lines, func(l string) bool { return !printable(l) || strings.TrimRight(l, " ") != l }) {
		y.line(4, "command: %s", quoted(text))
		return
	}
	y.line(4, "command: |-")
	for _, l := range lines {
		y.line(5, "%s", l)
	}
}

var plainScalar = lazy.Regexp(`^[A-Za-z][A-Za-z0-9_./-]*$`)

// scalar writes a text that YAML reads as text: plain where that is sure.
func scalar(text string) string {
	if len(text) > 5 && plainScalar().MatchString(text) { // YAML 1.1 has false, and NaN with a dot
		return text
	}
	return quoted(text)
}

// key is scalar for a key.
func key(text string) string {
	switch strings.ToLower(text) {
	case "y", "n", "yes", "no", "on", "off", "true", "false", "null":
		return quoted(text)
	}
	if plainScalar().MatchString(text) || text != "" && text[0] == '_' && validName(text) {
		return text
	}
	return quoted(text)
}

// quoted writes a text in quotes, the ones that need the fewest escapes.
func quoted(text string) string {
	if strings.ContainsAny(text, `"\`) && printable(text) {
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	}
	return strconv.Quote(text) // its escapes are among those of YAML
}

func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return !strconv.IsPrint(r) })
}
