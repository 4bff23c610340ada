package page

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/timeline"
	"github.com/montimer/montimer/internal/view"
)

// profilePage is one profile with its history.
type profilePage struct {
	view.Overview
	Row     row
	Spans   []link
	Marks   []mark
	Ask     view.Ask
	States  []choice
	Wrong   string // with the question
	Entries []entry
	Notes   []string
	Older   *link
}

type entry struct {
	view.Entry
	When link
}

// choice is one of several values of a question.
type choice struct {
	Name, Words string
	Chosen      bool
}

// mostEntries is how many lines of a history a page has.
const mostEntries = 100

func (s *site) profile(w http.ResponseWriter, r *http.Request, name string) {
	span := spanOf(r)
	b, err := s.read.Board(r.Context(), name, span)
	if err != nil {
		s.problem(w, err)
		return
	}
	if len(b.Rows) != 1 {
		s.notFound(w, "There is no such profile.")
		return
	}
	q := r.URL.Query()
	p := profilePage{
		Overview: b.Overview, Row: s.row(b.Overview, b.Rows[0]), Spans: spans(s.BasePath+profilePath(name), span, "by how often it runs"), Marks: marks,
		Ask: view.Ask{Since: q.Get("since"), Until: q.Get("until"), Task: q.Get("task"), Grep: q.Get("grep"), Most: mostEntries},
	}
	if state := q.Get("state"); state != "" {
		p.Ask.States = []string{state}
	}
	for _, state := range timeline.States {
		p.States = append(p.States, choice{string(state), stateWords(state), string(state) == q.Get("state")})
	}
	status := http.StatusOK
	if p.Wrong = s.history(r, &p, b.Rows[0].Span); p.Wrong != "" {
		status = http.StatusBadRequest
	}
	title := name + ": " + p.Row.State.Words()
	s.show(w, status, "profile", frame{Title: title, Icon: icon(p.Row.Bad), At: b.At, Body: p})
}

// history adds what the question chooses, and returns what is wrong with it.
func (s *site) history(r *http.Request, p *profilePage, span view.Span) (wrong string) {
	ask := p.Ask
	if ask.Since == "" {
		ask.Since = span.From.Format(time.RFC3339)
	}
	f, err := ask.Filter(p.At)
	if err != nil {
		return strings.TrimLeft(err.Error(), "-")
	}
	entries, more, notes, err := s.read.History(r.Context(), p.Row.Name, f)
	if err != nil {
		p.Notes = []string{"not seen: " + err.Error()}
		return ""
	}
	p.Notes = notes
	for _, e := range entries {
		of := entry{e, link{Text: stamp(p.At, e.At)}}
		if e.Run != nil {
			of.When.URL = s.BasePath + runPath(e.Run.ID)
		}
		p.Entries = append(p.Entries, of)
	}
	if more > 0 {
		q := url.Values{}
		for name, values := range r.URL.Query() {
			q[name] = values
		}
		q.Set("until", entries[len(entries)-1].At.Format(time.RFC3339Nano))
		p.Older = &link{fmt.Sprintf("%d older", more), s.BasePath + profilePath(p.Row.Name) + "?" + q.Encode()}
	}
	return ""
}

// runPage is one run with its tasks.
type runPage struct {
	*view.Run
	Title, ProfileLink string
	Bad                bool
	Change             *view.Change
	To, From           link // its commit, and that of the good run before
}

func (s *site) run(w http.ResponseWriter, r *http.Request, id string) {
	now := s.now()
	run, change, err := s.read.Run(r.Context(), id)
	if err != nil {
		s.problem(w, err)
		return
	}
	p := runPage{
		Run: run, Title: run.Profile + ": " + string(run.State), ProfileLink: s.BasePath + profilePath(run.Profile),
		Bad: run.State == montimer.RunFailed || run.State == montimer.RunLost || run.State == montimer.RunInterrupted, Change: change, To: s.commit(run.Commit),
	}
	if change != nil {
		p.From = s.commit(change.From)
	}
	s.show(w, http.StatusOK, "run", frame{Title: p.Title + " " + stamp(now, run.Started), Icon: icon(p.Bad), At: now, Body: p})
}
