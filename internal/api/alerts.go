package api

import (
	"database/sql"
	"math/big"
	"net/http"
	"slices"
	"strconv"

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
	limit, err := q.number("limit", defaultLimit)
	if err != nil {
		return f, err
	}
	if f.Limit = mostLimit; limit.Cmp(big.NewInt(mostLimit)) < 0 {
		f.Limit = int(limit.Int64())
	}
	before, err := q.number("cursor", 0)
	if err != nil {
		return f, err
	}
	if !before.IsInt64() {
		return f, badRequest("invalid cursor")
	}
	f.Before = before.Int64()
	from := q["from"]
	if from == "" {
		from = q["since"]
	}
	if f.From, err = bound("from", from); err != nil {
		return f, err
	}
	if f.To, err = bound("to", q["to"]); err != nil {
		return f, err
	}
	if f.From != "" && f.To != "" && f.To <= f.From {
		return f, badRequest("to must be after from")
	}
	return f, nil
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

func bound(name, text string) (string, error) {
	if text == "" {
		return "", nil
	}
	at, err := parseTimestamp(text)
	switch err {
	case nil:
		return at, nil
	case errNoZone:
		return "", badRequest(name + " timestamp must include timezone")
	}
	return "", badRequest("invalid " + name + " timestamp")
}

func (a *api) alerts(out *answer, r *http.Request, _ string) {
	f, err := out.query.filter()
	if err != nil {
		out.fail(http.StatusBadRequest, "bad_request", err.Error())
		return
	}
	out.text(`{"data":[`)
	n, last := 0, int64(0)
	err = a.Events.Page(r.Context(), f, func(e store.Event) error {
		if n > 0 {
			out.text(",")
		}
		n, last = n+1, e.ID
		out.buf = appendEvent(out.buf, e)
		return out.room()
	})
	if !out.unless(r, err) {
		return
	}
	out.text(`],"next_cursor":`)
	if n == f.Limit {
		out.buf = append(strconv.AppendInt(append(out.buf, '"'), last, 10), '"')
	} else {
		out.text("null")
	}
	out.text(`,"limit":`)
	out.buf = append(strconv.AppendInt(out.buf, int64(f.Limit), 10), '}')
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
