package page

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/montimer/montimer/internal/view"
)

// overviewPage is the state of the host: first what needs a person.
type overviewPage struct {
	view.Board
	Bad, Others []row
	Undrawn     []row // where there are more profiles than are drawn
	Spans       []link
	Marks       []mark
	Lanes       []lane
	Hours       []hour
	Together    string
	Feed        feed
	Commit      link   // of the checkout
	Status      string // the command that shows the same
}

// row is a profile with its drawing.
type row struct {
	view.Row
	Base, Link string
	At         time.Time
	Bad        bool
	Bars       []bar
	Strokes    string
	Curves     curves
	From, To   link  // the commits between which it began to fail
	Ran        *link // the last run; nil: none
	RanWords   string
	Comes      string // when the next one does
	Why        string
	Commands   []string
}

// link is a text that leads somewhere, if there is an address.
type link struct{ Text, URL string }

// mostRows is how many profiles are drawn, the worst first. Of the others there is
// a line each.
const mostRows = 100

// mostNewest is how many alerts the overview has.
const mostNewest = 10

func (s *site) overview(w http.ResponseWriter, r *http.Request) {
	span := spanOf(r)
	b, err := s.read.Board(r.Context(), "", span)
	if err != nil {
		s.problem(w, err)
		return
	}
	p := overviewPage{
		Board: b, Spans: spans(s.BasePath+"/", span, "by how often they run"), Marks: marks, Hours: hours(b.At),
		Feed: s.feed(r.Context(), view.AlertAsk{Most: mostNewest}), Status: b.Instance.Command("status"),
	}
	if b.Checkout != nil {
		p.Commit = s.commit(b.Checkout.Commit)
	}
	for i, of := range b.Rows {
		switch row := s.row(b.Overview, of); {
		case i >= mostRows:
			p.Undrawn = append(p.Undrawn, row)
		case row.Bad:
			p.Bad = append(p.Bad, row)
		default:
			p.Others = append(p.Others, row)
		}
	}
	next := b.ByNext()
	for _, of := range next[:min(len(next), mostRows)] {
		p.Lanes = append(p.Lanes, s.lane(of, b.At))
	}
	if at, n := together(b.Rows); n > 1 {
		p.Together = fmt.Sprintf("At %s at least %d start together.", at.Local().Format("15:04"), n)
	}
	s.show(w, http.StatusOK, "overview", frame{Title: b.Verdict, Icon: icon(b.Attention || len(b.NotSeen) > 0), At: b.At, Body: p})
}

func icon(bad bool) string {
	if bad {
		return "bad.svg"
	}
	return "ok.svg"
}

// spanOf returns the span that a request asks for; "": none.
func spanOf(r *http.Request) string {
	if span := r.URL.Query().Get("span"); span == view.Day || span == view.Month {
		return span
	}
	return ""
}

// spans links the other spans of a page.
func spans(path, chosen, usual string) []link {
	all := []link{{usual, path}, {"24 hours", path + "?span=" + view.Day}, {"30 days", path + "?span=" + view.Month}}
	for i, name := range []string{"", view.Day, view.Month} {
		if name == chosen {
			all[i].URL = ""
		}
	}
	return all
}

// row draws a profile.
func (s *site) row(v view.Overview, r view.Row) row {
	of := row{
		Row: r, Base: s.BasePath, Link: s.BasePath + profilePath(r.Name), At: v.At, Bad: r.State.NeedsPerson(),
		Bars: drawBars(r), Strokes: drawTicks(r), Curves: drawTook(r),
	}
	if r.Change != nil {
		of.From, of.To = s.commit(r.Change.From), s.commit(r.Change.To)
	}
	of.Comes = comes(v.At, r)
	if last := r.Last; last != nil {
		of.Ran = &link{string(last.State), s.BasePath + runPath(last.ID)}
		of.RanWords = view.Ago(v.At, last.Started) + ", took " + view.Took(last.Seconds)
		if last.Ended.IsZero() {
			of.RanWords = "for " + view.Took(last.Seconds)
		}
	}
	switch i := strings.LastIndex(r.Profile.Note, ": "); {
	case r.Failed > 0:
		of.Commands = []string{v.Instance.Command("logs " + r.Name + " --failed")}
		if r.Blocked != "" {
			of.Why = r.Fix
		}
	case of.Bad && i > 0: // each says why, and then the command
		of.Why, of.Commands = r.Profile.Note[:i], []string{r.Profile.Note[i+2:]}
	case r.State != view.Running: // whose last run says so
		of.Why = r.Profile.Note
	}
	return of
}

// comes says when a profile is to run next: of a paused one, after the pause.
func comes(now time.Time, r view.Row) string {
	next := r.Next
	if r.State == view.Paused {
		next = time.Time{}
		if len(r.Coming) > 0 {
			next = r.Coming[0]
		}
	}
	switch d := next.Sub(now); {
	case next.IsZero():
		return "no next run"
	case d < 24*time.Hour:
		return "next " + next.Local().Format("15:04") + ", " + view.In(now, next)
	default:
		return "next " + next.Local().Format("Mon 2006-01-02 15:04")
	}
}

// SpanWords says how much of the past is drawn.
func (r row) SpanWords() string {
	if r.Span.Name == view.Month {
		return "last 30 days"
	}
	return "last 24 hours"
}

// commit links a commit, if it is known where to.
func (s *site) commit(id string) link {
	l := link{Text: line(fmt.Sprintf("%.10s", id))}
	if s.CommitURL != "" && isHex(id) {
		l.URL = strings.ReplaceAll(s.CommitURL, "{commit}", id)
	}
	return l
}

func isHex(id string) bool { return id != "" && strings.Trim(id, "0123456789abcdef") == "" }

// hour is a label of the next day, at a part of a hundred.
type hour struct{ X, Text string }

// hours labels each third hour of the day after a time.
func hours(now time.Time) (all []hour) {
	now = now.Truncate(part)
	first := now.Truncate(time.Hour).Add(time.Hour)
	for first.Local().Hour()%3 != 0 {
		first = first.Add(time.Hour)
	}
	for at := first; at.Sub(now) < 23*time.Hour; at = at.Add(3 * time.Hour) {
		all = append(all, hour{number(100 * at.Sub(now).Hours() / 24), at.Local().Format("15")})
	}
	return all
}
