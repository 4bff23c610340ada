package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/jobs"
)

// Catalog reads what the checkout has. It is asked at each request.
type Catalog interface {
	Jobs(context.Context) (montimer.Jobs, error)
	Monitoring(context.Context) (jobs.Monitoring, error)
}

// A protocol is what of jobs.yaml has scripts in one directory of protocols/.
type protocol struct {
	name  string
	tasks []protocolTask
}

type protocolTask struct {
	montimer.Task
	profile montimer.Profile
}

// protocolsOf returns the protocols of the tasks that run, by name in the order of
// code points.
func protocolsOf(j montimer.Jobs) (all []protocol) {
	for _, p := range j.Profiles {
		if !p.Enabled {
			continue
		}
		for _, t := range p.EnabledTasks() {
			parts := strings.Split(t.Script, "/")
			if len(parts) < 2 || parts[0] != "protocols" || parts[1] == "" {
				continue
			}
			i := slices.IndexFunc(all, func(of protocol) bool { return of.name == parts[1] })
			if i < 0 {
				i = len(all)
				all = append(all, protocol{name: parts[1]})
			}
			all[i].tasks = append(all[i].tasks, protocolTask{t, p})
		}
	}
	slices.SortFunc(all, func(a, b protocol) int { return cmp.Compare(a.name, b.name) })
	return all
}

func (a *api) protocols(out *answer, r *http.Request, _ string) {
	j, err := a.Catalog.Jobs(r.Context())
	if err != nil {
		out.broken(r, "jobs.yaml", err)
		return
	}
	all := protocolsOf(j)
	out.text(`{"data":[`)
	for i, p := range all {
		out.comma(i)
		out.string(`{"name":`, p.name)
		out.text(`,"tasks":[`)
		for i, t := range p.tasks {
			out.comma(i)
			out.string(`{"name":`, t.Name)
			out.string(`,"script":`, t.Script)
			out.text(`,"args":{`)
			for i, arg := range t.Args {
				out.comma(i)
				out.string("", arg.Key)
				out.string(":", arg.Value)
			}
			out.string(`},"profile":`, t.profile.Name)
			out.text(`,"cron":`)
			if s := t.profile.Schedule; s.Kind == montimer.ScheduleCron {
				out.string("", strings.Join(s.Source, "; "))
			} else {
				out.string(`null,"schedule":`, s.Words)
			}
			out.text("}")
		}
		out.text("]}")
	}
	out.count(len(all))
}

func (a *api) monitoring(out *answer, r *http.Request, _ string) {
	m, err := a.Catalog.Monitoring(r.Context())
	if err != nil {
		out.broken(r, "monitoring.yaml", err)
		return
	}
	out.string(`{"version":`, m.Version)
	out.text(`,"data":[`)
	for i, p := range m.Protocols {
		out.comma(i)
		out.string(`{"slug":`, p.Slug)
		out.string(`,"display_name":`, p.DisplayName)
		out.string(`,"description":`, p.Description)
		out.string(`,"cadence":`, p.Cadence)
		out.text(`,"monitor_count":` + strconv.Itoa(len(p.Monitors)))
		out.text(`,"disabled":` + strconv.FormatBool(p.Disabled) + `,"tasks":[`)
		for i, t := range p.Tasks {
			out.comma(i)
			out.string("", t)
		}
		out.text(`],"monitors":[`)
		for i, m := range p.Monitors {
			out.comma(i)
			out.string(`{"name":`, m.Name)
			out.string(`,"description":`, m.Description)
			if m.Severity != "" {
				out.string(`,"severity":`, m.Severity)
			}
			out.text("}")
		}
		out.text("]}")
	}
	out.count(len(m.Protocols))
}

// broken answers that a file of the checkout cannot be used. Why is in the log: the
// reader of the answer may not be one of the checkout.
func (a *answer) broken(r *http.Request, file string, err error) {
	a.warn(r, err)
	a.fail(http.StatusInternalServerError, "server_error", file+" cannot be used: the log of the service says why")
}

// string appends a string after other text.
func (a *answer) string(before, s string) { a.buf = appendString(append(a.buf, before...), s) }

// comma separates all elements from the one before.
func (a *answer) comma(i int) {
	if i > 0 {
		a.text(",")
	}
}

// count ends a list with how many there are.
func (a *answer) count(n int) { a.text(`],"count":` + strconv.Itoa(n) + `}`) }
