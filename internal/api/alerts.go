package api

import (
	"cmp"
	"database/sql"
	"errors"
	"math/big"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/montimer/montimer/internal/jobs"
	"github.com/montimer/montimer/internal/store"
)

const (
	defaultLimit = 100
	mostLimit    = 500
)

// filter reads the parameters of /v1/alerts, in the order in which the first
// mistake counts.
func (q query) filter() (f store.EventFilter, err error) {
	f.Protocol, f.Source, f.Channel, f.Status = q.value("protocol"), q.value("source"), q.value("channel"), q.value("delivery_status")
	if f.Severity = q.value("severity"); f.Severity != nil && !slices.Contains(jobs.Severities, *f.Severity) {
		return f, badRequest("invalid severity")
	}
	if f.Limit, err = q.limit(); err != nil {
		return f, err
	}
	before, err := q.number("cursor", 0)
	if err != nil {
		return f, err
	}
	if !before.IsInt64() {
		return f, badRequest("invalid cursor")
	}
	f.Before = before.Int64()
	f.From, f.To, err = q.bounds()
	return f, err
}

// limit returns how many are wanted at most.
func (q query) limit() (int, error) {
	n, err := q.number("limit", defaultLimit)
	if err != nil || n.Cmp(big.NewInt(mostLimit)) > 0 {
		return mostLimit, err
	}
	return int(n.Int64()), nil
}

// bounds returns from, or since, and to; "": not given.
func (q query) bounds() (from, to string, err error) {
	if from, err = q.bound("from", "since"); err != nil {
		return from, to, err
	}
	if to, err = q.bound("to"); err == nil && from != "" && to != "" && to <= from {
		err = badRequest("to must be after from")
	}
	return from, to, err
}

// value returns a parameter; nil: it is not given.
func (q query) value(name string) *string {
	if v, ok := q[name]; ok {
		return &v
	}
	return nil
}

// number returns a parameter that is 1 or more.
func (q query) number(name string, without int64) (*big.Int, error) {
	if q[name] == "" {
		return big.NewInt(without), nil
	}
	n, ok := parseInt(q[name])
	if !ok || n.Sign() < 1 {
		return nil, badRequest("invalid " + name)
	}
	return n, nil
}

// bound returns the first timestamp of these names that is not empty.
func (q query) bound(names ...string) (string, error) {
	for _, name := range names {
		if q[name] == "" {
			continue
		}
		at, err := parseTimestamp(q[name])
		switch err {
		case nil:
			return at, nil
		case errNoZone:
			return "", badRequest(names[0] + " timestamp must include timezone")
		}
		return "", badRequest("invalid " + names[0] + " timestamp")
	}
	return "", nil
}

func (a *api) alerts(out *answer, r *http.Request, _ string) {
	f, err := out.query.filter()
	if err != nil {
		out.fail(http.StatusBadRequest, "bad_request", err.Error())
		return
	}
	limit := f.Limit
	f.Limit++ // whether more follows is in Link
	out.text(`{"data":[`)
	n, last, more := 0, int64(0), false
	err = a.Events.Page(r.Context(), f, func(e store.Event) error {
		if n == limit || len(out.buf) > largest {
			more = true
			return errEnough
		}
		out.comma(n)
		n, last = n+1, e.ID
		out.buf = appendEvent(out.buf, e)
		return nil
	})
	if err != errEnough && !out.unless(r, err) {
		return
	}
	out.text(`],"next_cursor":`)
	if more || n == limit {
		out.buf = append(strconv.AppendInt(append(out.buf, '"'), last, 10), '"')
	} else {
		out.text("null")
	}
	out.text(`,"limit":`)
	out.buf = append(strconv.AppendInt(out.buf, int64(limit), 10), '}')
	if more {
		out.Header().Set("Link", `<`+nextPage(out.rawQuery, strconv.FormatInt(last, 10))+`>; rel="next"`)
	}
}

// errEnough ends a query whose rows are enough.
var errEnough = errors.New("enough")

// nextPage is the reference to the page of the same query after a cursor, relative
// to the present one (RFC 3986 section 4.2): it holds below any path.
func nextPage(raw, cursor string) string {
	b := []byte{'?'}
	for pair := range strings.SplitSeq(raw, "&") {
		if name, _, _ := strings.Cut(pair, "="); pair == "" || unescape(name) == "cursor" {
			continue
		}
		for _, c := range []byte(pair) {
			if c <= ' ' || c >= 0x7F || strings.IndexByte(`"<>\^`+"`{|}", c) >= 0 {
				b = append(b, '%', "0123456789ABCDEF"[c>>4], "0123456789ABCDEF"[c&15])
			} else {
				b = append(b, c)
			}
		}
		b = append(b, '&')
	}
	return string(b) + "cursor=" + cursor
}

// latest answers with the newest alert of each protocol: one request in place of one
// for each.
func (a *api) latest(out *answer, r *http.Request, _ string) {
	out.text(`{"data":[`)
	n := 0
	err := a.Events.Latest(r.Context(), time.Now(), out.query.value("source"), func(l store.LatestEvent) error {
		if len(out.buf) > largest {
			return errEnough
		}
		out.comma(n)
		n++
		out.string(`{"protocol":`, l.Protocol)
		out.text(`,"latest":`)
		out.buf = appendEvent(out.buf, l.Event)
		out.text(`,"counts":`)
		out.counts(`{"24h":{`, l.Day)
		out.counts(`},"7d":{`, l.Week)
		out.text("}}}")
		return nil
	})
	if err != errEnough && !out.unless(r, err) {
		return
	}
	out.count(n)
}

func (a *answer) counts(before string, of [5]int64) {
	a.text(before)
	for i, n := range of {
		a.comma(i)
		a.string("", cmp.Or(store.EventSeverities[i], "none"))
		a.buf = strconv.AppendInt(append(a.buf, ':'), n, 10)
	}
}

func (a *api) alert(out *answer, r *http.Request, id string) {
	n, ok := parseInt(id)
	if !ok {
		out.unknownPath()
		return
	}
	if n.Sign() > 0 && !n.IsInt64() {
		out.fail(http.StatusBadRequest, "bad_request", "invalid id")
		return
	}
	found := false
	if n.Sign() > 0 {
		err := a.Events.Event(r.Context(), n.Int64(), func(e store.Event) error {
			found = true
			out.buf = appendEvent(out.buf, e)
			return nil
		})
		if !out.unless(r, err) {
			return
		}
	}
	if !found {
		out.fail(http.StatusNotFound, "not_found", "alert not found")
	}
}

// appendEvent appends an alert. Its names and their order are those of the API
// before montimer; metadata_error is only there where metadata is not JSON alone.
func appendEvent(b []byte, e store.Event) []byte {
	b = strconv.AppendInt(append(b, `{"id":`...), e.ID, 10)
	b = appendString(append(b, `,"created_at":`...), e.Created)
	b = appendString(append(b, `,"source":`...), e.Source)
	b = appendString(append(b, `,"protocol":`...), e.Protocol)
	b = appendString(append(b, `,"channel":`...), e.Channel)
	b = appendNull(append(b, `,"severity":`...), e.Severity)
	b = appendString(append(b, `,"message":`...), e.Message)
	b = strconv.AppendBool(append(b, `,"plain_text":`...), e.PlainText)
	b = strconv.AppendBool(append(b, `,"silent":`...), e.Silent)
	b = appendString(append(b, `,"delivery_status":`...), e.Status)
	b = appendNull(append(b, `,"delivered_at":`...), e.Delivered)
	b = appendNull(append(b, `,"delivery_error":`...), e.Error)
	b = append(b, `,"metadata":`...)
	b, err := appendMetadata(b, e.Metadata.String)
	if err != nil {
		b = appendString(append(b, `,"metadata_error":`...), err.Error())
	}
	return append(b, '}')
}

func appendNull(b []byte, s sql.NullString) []byte {
	if !s.Valid {
		return append(b, "null"...)
	}
	return appendString(b, s.String)
}
