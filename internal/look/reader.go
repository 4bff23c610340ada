package look

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"sync"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/journal"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/internal/timeline"
	"github.com/montimer/montimer/internal/view"
	"github.com/montimer/montimer/taskexec"
)

// Reader reads the state of one host again and again, as what serves it needs. It
// is safe for use by several goroutines.
type Reader struct {
	Host  montimer.Host
	Units host.Source // says for which host units are made

	boots struct { // of the journal: the past ones do not change
		sync.Once
		all []journal.Boot
		err error
	}
	judging turn // the past of one profile at a time: it may take some 40 MiB

	boards struct { // of all profiles, by span: many readers cost no more than one
		turn
		of map[string]view.Board
	}
	overview kept[view.Overview]
	counted  kept[counted]
}

// turn is a lock that nobody waits for longer than for the answer: a request whose client
// has gone takes no turn. The zero value is free.
type turn struct {
	once sync.Once
	held chan struct{}
}

func (t *turn) take(ctx context.Context) error {
	t.once.Do(func() { t.held = make(chan struct{}, 1) })
	if ctx.Err() != nil {
		return ctx.Err()
	}
	select {
	case t.held <- struct{}{}:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("wait for another request: %w", ctx.Err())
	}
}

func (t *turn) give() { <-t.held }

// fresh is for how long what was read is returned again. It says as of when it holds.
const fresh = time.Second

// kept is what was read last: many who ask at once cost no more than one.
type kept[T any] struct {
	turn
	at  time.Time
	was T
}

func (k *kept[T]) get(ctx context.Context, read func() (T, error)) (is T, err error) {
	if err := k.take(ctx); err != nil {
		return is, err
	}
	defer k.give()
	if time.Since(k.at) < fresh {
		return k.was, nil
	}
	if is, err = read(); err == nil {
		k.at, k.was = time.Now(), is
	}
	return is, err
}

// Overview reads the state of the host and all its profiles.
func (r *Reader) Overview(ctx context.Context) (view.Overview, error) {
	return r.overview.get(ctx, func() (view.Overview, error) {
		f, err := Host(ctx, r.Host, r.Units, "")
		return view.Of(f), errors.Join(err, ctx.Err()) // which part is missing then, is not of the host
	})
}

// Board reads the state of the host and the past of a profile, or of all ("").
// span names how much of it; "": as much as fits the profile.
func (r *Reader) Board(ctx context.Context, profile, span string) (view.Board, error) {
	if profile != "" {
		if err := r.judging.take(ctx); err != nil {
			return view.Board{}, err
		}
		defer r.judging.give()
		return r.board(ctx, profile, span)
	}
	if err := r.boards.take(ctx); err != nil {
		return view.Board{}, err
	}
	defer r.boards.give()
	if b, ok := r.boards.of[span]; ok && time.Since(b.At) < fresh {
		return b, nil
	}
	b, err := r.board(ctx, "", span)
	if err == nil && (span == "" || span == view.Day || span == view.Month) {
		if r.boards.of == nil {
			r.boards.of = map[string]view.Board{}
		}
		r.boards.of[span] = b
	}
	return b, err
}

func (r *Reader) board(ctx context.Context, profile, span string) (view.Board, error) {
	var past map[string]timeline.History // stays nil where nothing has run yet
	var spans map[string]view.Span
	var came map[string]*view.Change
	var failed error
	f, unread, err := read(ctx, r.Host, r.Units, profile, func(s *store.Store, f view.Facts) {
		if past, spans, failed = r.recent(ctx, s, f, span); failed == nil {
			came, failed = changes(ctx, s, f)
		}
	})
	var unknown *taskexec.UnknownError
	if errors.As(err, &unknown) {
		err = &view.UnknownError{Err: err, Known: unknown.Known}
	}
	if err != nil {
		return view.Board{}, err
	}
	switch {
	case failed != nil:
		return view.Board{}, failed
	case unread != nil || past == nil: // which the overview says, if it is not that nothing has run yet
		return view.BoardOf(f, nil, spansOf(f, span, nil), nil), nil
	}
	return view.BoardOf(f, past, spans, came), nil
}

// spansOf returns how much is drawn of each profile; recent are the runs of the
// last day.
func spansOf(f view.Facts, name string, recent map[string][]montimer.Run) map[string]view.Span {
	day, month := view.SpanOf(view.Day, f.Now), view.SpanOf(view.Month, f.Now)
	spans := map[string]view.Span{}
	for _, p := range f.Profiles {
		switch {
		case name == view.Month, name != view.Day && !p.Often(f.Now, len(recent[p.Name])):
			spans[p.Name] = month
		default:
			spans[p.Name] = day
		}
	}
	return spans
}

// recent reads what is known of the time that is drawn of each profile, and no more.
func (r *Reader) recent(ctx context.Context, s *store.Store, f view.Facts, name string) (map[string]timeline.History, map[string]view.Span, error) {
	runs := map[string][]montimer.Run{} // by profile, the oldest first
	read := func(since time.Time, profiles []string) error {
		found, err := s.ByProfile(ctx, store.Filter{Profiles: profiles, Since: since})
		maps.Copy(runs, found) // each has those that it had, and more
		return err
	}
	day, month := view.SpanOf(view.Day, f.Now), view.SpanOf(view.Month, f.Now)
	since := day.From
	if name == view.Month {
		since = month.From
	}
	var only []string
	if len(f.Profiles) == 1 {
		only = []string{f.Profiles[0].Name}
	}
	if err := read(since, only); err != nil {
		return nil, nil, err
	}
	spans := spansOf(f, name, runs)
	var rare []string
	for _, p := range f.Profiles {
		if spans[p.Name].From.Before(since) {
			rare = append(rare, p.Name)
		}
	}
	if rare != nil {
		since = month.From
		if err := read(since, rare); err != nil {
			return nil, nil, err
		}
	}
	tables, err := s.Timetables(ctx, "", time.Local)
	if err != nil {
		return nil, nil, err
	}
	proven, err := s.BootRuns(ctx, since, time.Time{})
	if err != nil {
		return nil, nil, err
	}
	up := timeline.Boots(joinBoots(r.pastBoots(ctx), proven, f.Now)...)
	past := map[string]timeline.History{}
	for _, p := range f.Profiles {
		h := timeline.History{Timetables: tables[p.Name], Runs: runs[p.Name], Boots: up, Most: mostJudged}
		if !p.Pause.Until.IsZero() {
			h.Pauses = []timeline.Pause{{From: p.Pause.Since, Until: p.Pause.Until}}
		}
		past[p.Name] = h
	}
	return past, spans, nil
}

// changes reads what came into the checkout before the profiles that fail began to.
func changes(ctx context.Context, s *store.Store, f view.Facts) (map[string]*view.Change, error) {
	of := map[string]*view.Change{}
	known := map[[2]string]*view.Change{} // most began with the same one
	for _, p := range f.Profiles {
		good, bad := p.Incident.LastGood.Commit, p.Incident.First.Commit
		if p.Incident.Count == 0 || good == "" || bad == "" {
			continue
		}
		c := known[[2]string{good, bad}]
		if c == nil {
			var err error
			if c, err = change(ctx, s, good, bad); err != nil {
				return nil, err
			}
			known[[2]string{good, bad}] = c
		}
		of[p.Name] = c
	}
	return of, nil
}

// change reads what came between two commits of the checkout.
func change(ctx context.Context, s *store.Store, from, to string) (*view.Change, error) {
	if from == to {
		return &view.Change{From: from, To: to}, nil
	}
	subjects, err := s.Subjects(ctx, from, to, view.MostSubjects+1)
	few := subjects[:min(len(subjects), view.MostSubjects)]
	return &view.Change{From: from, To: to, Subjects: few, More: len(subjects) > len(few)}, err
}

// History reads how the ticks and the runs of a profile ended.
func (r *Reader) History(ctx context.Context, profile string, f view.Filter) (entries []view.Entry, more int, notes []string, err error) {
	if err := r.judging.take(ctx); err != nil {
		return nil, 0, nil, err
	}
	defer r.judging.give()
	boots := r.pastBoots(ctx)
	if r.boots.err != nil {
		notes = []string{"not seen: " + r.boots.err.Error()}
	}
	entries, more, others, err := history(ctx, r.Host, profile, f, boots, mostJudged)
	return entries, more, append(notes, others...), err
}

// Run reads a run, and what came into the checkout since the good run before it;
// nil: it is not known.
func (r *Reader) Run(ctx context.Context, id string) (_ *view.Run, _ *view.Change, err error) {
	run, err := Run(ctx, r.Host, id)
	if errors.Is(err, store.ErrNoRun) || errors.Is(err, fs.ErrNotExist) {
		err = &view.UnknownError{Err: err}
	}
	if err != nil {
		return nil, nil, err
	}
	s, err := store.Open(ctx, r.Host.StateDir, store.Options{ReadOnly: true, Instance: r.Host.Instance})
	if err != nil {
		return nil, nil, err
	}
	defer closing(s, &err)
	good, err := s.GoodBefore(ctx, id)
	if err != nil || good.Commit == "" || run.Commit == "" {
		return run, nil, err
	}
	c, err := change(ctx, s, good.Commit, run.Commit)
	return run, c, err
}

// bootsTime bounds the reading of the boots, which a large journal makes slow.
const bootsTime = 10 * time.Second

// pastBoots returns the boots of the journal, which this process reads once: those
// before the present one do not change.
func (r *Reader) pastBoots(ctx context.Context) []journal.Boot {
	r.boots.Do(func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), bootsTime)
		defer cancel()
		r.boots.all, r.boots.err = journal.Boots(ctx)
	})
	return r.boots.all
}

// Alerts reads alerts, the newest first.
func (r *Reader) Alerts(ctx context.Context, ask view.AlertAsk) (all []view.Alert, err error) {
	given := func(text string) *string {
		if text == "" {
			return nil
		}
		return &text
	}
	events := store.NewEvents(r.Host.StateDir, r.Host.Instance)
	defer events.Close()
	err = events.Page(ctx, store.EventFilter{
		Protocol: given(ask.Protocol), Severity: given(ask.Severity), Source: given(ask.Source), Channel: given(ask.Channel), Status: given(ask.Status),
		Before: ask.Before, Limit: ask.Most,
	}, func(e store.Event) error {
		all = append(all, view.Alert{
			ID: e.ID, Created: e.Created, Source: e.Source, Protocol: e.Protocol, Channel: e.Channel, Severity: e.Severity.String,
			Text: e.Message, Status: montimer.DeliveryStatus(e.Status), Error: e.Error.String,
		})
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) { // nothing has run yet
		err = nil
	}
	return all, err
}
