package api

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/view"
)

// Host reads the read model; package look has one. What it returns is shown as the
// commands show it with -o json.
type Host interface {
	Overview(context.Context) (view.Overview, error)
	// Counted is Overview with the runs and ticks of the month.
	Counted(context.Context) (view.Overview, []view.Tally, error)
	// Timeline returns a *view.UnknownError for a profile that does not exist.
	Timeline(ctx context.Context, profile string, from, to time.Time) (view.Timeline, error)
	Runs(context.Context, store.Filter) ([]*view.Run, error)
	// Run returns a *view.UnknownError for a run that does not exist.
	Run(ctx context.Context, id string) (*view.Run, *view.Change, error)
}

// json appends a value of the read model.
func (a *answer) json(value any) {
	data, err := json.Marshal(value)
	if err != nil { // a number that is not finite, of which there is none
		a.fail(http.StatusInternalServerError, "server_error", "the answer cannot be written as JSON")
		return
	}
	a.buf = append(a.buf, data...)
}

func (a *api) profiles(out *answer, r *http.Request, _ string) {
	v, err := a.Host.Overview(r.Context())
	if out.unless(r, err) {
		out.json(v)
	}
}

func (a *api) metrics(out *answer, r *http.Request, _ string) {
	v, tallies, err := a.Host.Counted(r.Context())
	if out.unless(r, err) {
		out.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		out.text(view.Metrics(v, tallies, a.Build))
	}
}

// health answers with 503 if the database cannot be read, or was deleted: a watcher needs no JSON
// for that.
func (a *api) health(out *answer, r *http.Request, _ string) {
	v, err := a.Host.Overview(r.Context())
	if !out.unless(r, err) {
		return
	}
	state := view.DatabaseOK
	switch err := a.Events.Page(r.Context(), store.EventFilter{Limit: 1}, func(store.Event) error { return nil }); {
	case err == nil:
	case errors.Is(err, fs.ErrNotExist):
		state = view.DatabaseMissing
	case errors.Is(err, store.ErrDeleted):
		state, out.status = view.DatabaseMissing, http.StatusServiceUnavailable
	case errors.Is(err, store.ErrBusy):
		state, out.status = view.DatabaseBusy, http.StatusServiceUnavailable
	default:
		state, out.status = view.DatabaseUnreadable, http.StatusServiceUnavailable
	}
	out.json(view.HealthOf(v, state, a.Build))
}

// day is how much a timeline shows that does not say from when.
const day = 24 * time.Hour

func (a *api) timeline(out *answer, r *http.Request, profile string) {
	if !montimer.ValidProfileName(profile) {
		out.unknownPath()
		return
	}
	from, to, err := out.query.times(time.Now())
	if err != nil {
		out.fail(http.StatusBadRequest, "bad_request", err.Error())
		return
	}
	v, err := a.Host.Timeline(r.Context(), profile, from, to)
	var unknown *view.UnknownError
	switch {
	case errors.As(err, &unknown):
		out.fail(http.StatusNotFound, "not_found", "profile not found")
	case out.unless(r, err):
		out.json(v)
	}
}

// times reads from, or since, and to. Without them it is the day up to now.
func (q query) times(now time.Time) (from, to time.Time, err error) {
	start, end, err := q.bounds()
	if err != nil {
		return from, to, err
	}
	if to = now; end != "" {
		to, err = time.Parse(stored, end)
	}
	if from = to.Add(-day); start != "" && err == nil {
		from, err = time.Parse(stored, start)
	}
	if err == nil && !from.Before(to) {
		err = badRequest("to must be after from")
	}
	return from, to, err
}

// runStates are those that runs can be filtered by.
var runStates = append([]montimer.RunState{montimer.RunRunning}, view.Ended...)

func (q query) runs() (f store.Filter, err error) {
	if f.Profile = q["profile"]; f.Profile != "" && !montimer.ValidProfileName(f.Profile) {
		return f, badRequest("invalid profile")
	}
	if f.State = montimer.RunState(q["state"]); f.State != "" && !slices.Contains(runStates, f.State) {
		return f, badRequest("invalid state")
	}
	if f.Limit, err = q.limit(); err != nil {
		return f, err
	}
	if f.Before = strings.ToLower(q["cursor"]); f.Before != "" && !montimer.IsRunID(f.Before) {
		return f, badRequest("invalid cursor")
	}
	start, err := q.bound("from", "since")
	if start != "" {
		f.Since, err = time.Parse(stored, start)
	}
	return f, err
}

func (a *api) runs(out *answer, r *http.Request, _ string) {
	f, err := out.query.runs()
	if err != nil {
		out.fail(http.StatusBadRequest, "bad_request", err.Error())
		return
	}
	limit := f.Limit
	f.Limit++
	runs, err := a.Host.Runs(r.Context(), f)
	if errors.Is(err, store.ErrNoRun) {
		out.fail(http.StatusBadRequest, "bad_request", "unknown cursor")
		return
	}
	if !out.unless(r, err) {
		return
	}
	out.text(`{"data":[`)
	n := 0
	for ; n < min(len(runs), limit) && len(out.buf) <= largest; n++ {
		out.comma(n)
		out.json(runs[n])
	}
	out.text(`],"next_cursor":`)
	if n < len(runs) {
		out.json(runs[n-1].ID)
		out.Header().Set("Link", `<`+nextPage(out.rawQuery, runs[n-1].ID)+`>; rel="next"`)
	} else {
		out.text("null")
	}
	out.text(`,"limit":`)
	out.buf = append(strconv.AppendInt(out.buf, int64(limit), 10), '}')
}

func (a *api) run(out *answer, r *http.Request, id string) {
	if !montimer.IsRunID(id) {
		out.unknownPath()
		return
	}
	run, _, err := a.Host.Run(r.Context(), strings.ToLower(id))
	var unknown *view.UnknownError
	switch {
	case errors.As(err, &unknown):
		out.fail(http.StatusNotFound, "not_found", "run not found")
	case out.unless(r, err):
		out.json(run)
	}
}
