package safetext

import (
	"bytes"
	"context"
	"encoding/base64"
	"log/slog"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

const (
	minSecret  = 6       // bytes; a shorter value would hide half of all output
	minShort   = 4       // bytes; of one that is hidden where it stands alone
	maxSecret  = 4 << 10 // bytes; a longer one is looked for in parts
	minEncoded = 8       // bytes; a shorter value is not looked for in base64
	minToken   = 30      // characters of a bot token after its colon
)

// Redactor hides secrets: values that are known to be secret, and what has the
// shape of one, such as a bot's token, a JSON Web Token, the password in a URL, or
// the key of a provider in its path (see shape.go).
type Redactor struct {
	secrets [][]byte
	known   map[string]bool // the secrets
	matcher *matcher        // of the secrets; nil: there are none
	short   [][]byte        // hidden where they stand alone
}

// NewRedactor returns a Redactor that knows these values. Those of 4 or 5 bytes are
// hidden where they stand alone and have letters and digits, shorter ones never.
// Each line of a longer text is a secret of its own.
func NewRedactor(secrets []string) *Redactor {
	r := &Redactor{known: map[string]bool{}}
	r.Add(secrets)
	return r
}

// Add adds values, before anybody else uses r.
func (r *Redactor) Add(secrets []string) {
	for _, s := range secrets {
		for line := range strings.FieldsFuncSeq(s, IsLineBreak) {
			if len(line) >= minSecret {
				for _, other := range written(line) {
					for part := range slices.Chunk([]byte(other), maxSecret) {
						r.add(part) // unless it is a short rest
					}
				}
			}
			for part := range slices.Chunk([]byte(line), maxSecret) {
				switch {
				case len(part) >= minSecret:
					r.add(part)
				case len(part) >= minShort && bytes.ContainsAny(part, "0123456789") && bytes.ContainsFunc(part, func(c rune) bool { return c < '0' || c > '9' }):
					r.short = append(r.short, part)
				}
			}
		}
	}
	if r.secrets != nil {
		r.matcher = newMatcher(r.secrets)
	}
}

func (r *Redactor) add(secret []byte) {
	if len(secret) >= minSecret && !r.known[string(secret)] {
		r.known[string(secret)] = true
		r.secrets = append(r.secrets, secret)
	}
}

// written returns how else a secret is written where it is shown: in a URL, quoted
// in JSON, Python or Go, and in base64 (RFC 4648), also as part of a longer text.
// Those that are the secret itself are left out.
func written(secret string) (others []string) {
	quoted := strconv.Quote(secret)
	for _, other := range []string{url.QueryEscape(secret), url.PathEscape(secret), quoted[1 : len(quoted)-1], strings.ReplaceAll(secret, `\`, `\\`)} {
		if other != secret && !slices.Contains(others, other) {
			others = append(others, other)
		}
	}
	if len(secret) < minEncoded {
		return others
	}
	for _, in := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		others = append(others, in.EncodeToString([]byte(secret)))
		in = in.WithPadding(base64.NoPadding)
		others = append(others, in.EncodeToString([]byte(secret)))
		for before := range 3 { // bytes of other text in the first group of three
			text := in.EncodeToString(append(make([]byte, before), secret...))
			end := (before + len(secret)) * 8 / 6 // the character after it has bits of what follows
			others = append(others, text[(before*8+5)/6:end])
		}
	}
	return others
}

// Bytes returns b with *** for each secret; b itself when there is none.
func (r *Redactor) Bytes(b []byte) []byte {
	spans := r.spans(b)
	if spans == nil {
		return b
	}
	var clean []byte
	end := 0
	for _, s := range spans {
		clean = append(clean, b[end:s.start]...)
		clean = append(clean, s.by...)
		end = s.end
	}
	return append(clean, b[end:]...)
}

// String returns s with *** for each secret.
func (r *Redactor) String(s string) string { return string(r.Bytes([]byte(s))) }

// Cut returns a place near n, not 0, where b can be cut and no secret with it.
func (r *Redactor) Cut(b []byte, n int) int {
	for _, s := range r.spans(b) {
		switch {
		case s.end <= n || n <= s.start:
		case s.start > 0:
			return s.start
		default:
			return s.end
		}
	}
	return n
}

// span is a secret in a text, with as much around it as tells that it is one,
// and what is shown in its place.
type span struct {
	start, end int
	by         string
}

// spans returns where the secrets are, in order and apart.
func (r *Redactor) spans(b []byte) []span {
	var found []span
	all := func(secret []byte, ok func(start, end int) bool) {
		for from := 0; ; {
			i := bytes.Index(b[from:], secret)
			if i < 0 {
				return
			}
			if start, end := from+i, from+i+len(secret); ok(start, end) {
				found = append(found, span{start, end, "***"})
			}
			from += i + 1
		}
	}
	if r.matcher != nil {
		r.matcher.find(b, func(start, end int) { found = append(found, span{start, end, "***"}) })
	}
	for _, secret := range r.short {
		all(secret, func(start, end int) bool {
			return (start == 0 || !isTokenByte(b[start-1])) && (end == len(b) || !isTokenByte(b[end]))
		})
	}
	shapes(b, func(s span) { found = append(found, s) })
	return merge(found)
}

// merge sorts spans and makes one of those that overlap.
func merge(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return a.start - b.start })
	merged := spans[:0]
	for _, s := range spans {
		if last := len(merged) - 1; last >= 0 && s.start < merged[last].end {
			merged[last].end = max(merged[last].end, s.end)
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

// shapeAt returns the bot token or the user of a URL that has its colon here.
func shapeAt(b []byte, colon int) (span, bool) {
	rest := b[colon+1:]
	if bytes.HasPrefix(rest, []byte("//")) {
		rest = rest[2:]
		if end := bytes.IndexFunc(rest, endsAuthority); end >= 0 {
			rest = rest[:end]
		}
		at := bytes.LastIndexByte(rest, '@')
		return span{colon, colon + 3 + at + 1, "://***@"}, at > 0
	}
	start := colon
	for start > 0 && b[start-1] >= '0' && b[start-1] <= '9' {
		start--
	}
	if start == colon || start > 0 && isTokenByte(b[start-1]) && !bytes.HasSuffix(b[:start], []byte("bot")) { // sha256:…
		return span{}, false
	}
	n := 0
	for n < len(rest) && isTokenByte(rest[n]) {
		n++
	}
	return span{start, colon + 1 + n, "***"}, n >= minToken
}

func endsAuthority(r rune) bool { return r <= ' ' || strings.ContainsRune(`/?#"'<>\`, r) }

func isTokenByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

// NewHandler returns a handler that passes on to h messages without secrets and
// control characters.
func NewHandler(h slog.Handler, r *Redactor) slog.Handler { return handler{h, r} }

type handler struct {
	slog.Handler
	redactor *Redactor
}

func (h handler) Handle(ctx context.Context, r slog.Record) error {
	r.Message = String(h.redactor.String(r.Message))
	return h.Handler.Handle(ctx, r)
}

func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return handler{h.Handler.WithAttrs(attrs), h.redactor}
}

func (h handler) WithGroup(name string) slog.Handler {
	return handler{h.Handler.WithGroup(name), h.redactor}
}

// A matcher finds many words in one pass. It looks at two neighbouring bytes at a
// time, in steps so long that no word fits between two looks, and compares only the
// words that have these two there.
type matcher struct {
	step  int
	known [pairs]bool
	words map[uint16][]place // by two of their bytes
}

// place is a word, and where in it the second of two bytes is.
type place struct {
	word []byte
	at   int
}

// pairs is a power of two: a table of all pairs of bytes would not fit into the
// processor's first cache.
const pairs = 1 << 13

// pair returns the number of the two bytes that end at i; others may share it.
func pair(b []byte, i int) uint16 { return (uint16(b[i-1])<<5 ^ uint16(b[i])) % pairs }

// newMatcher returns a matcher of words of two bytes at least.
func newMatcher(words [][]byte) *matcher {
	m := &matcher{step: len(words[0]) - 1, words: map[uint16][]place{}}
	for _, w := range words {
		m.step = min(m.step, len(w)-1)
	}
	for _, w := range words {
		for i := 1; i <= m.step; i++ {
			p := pair(w, i)
			m.known[p] = true
			m.words[p] = append(m.words[p], place{w, i})
		}
	}
	return m
}

// find calls found with the place of each word in b.
func (m *matcher) find(b []byte, found func(start, end int)) {
	for i := m.step; i < len(b); i += m.step {
		p := pair(b, i)
		if !m.known[p] {
			continue
		}
		for _, w := range m.words[p] {
			if start := i - w.at; start >= 0 && bytes.HasPrefix(b[start:], w.word) {
				found(start, start+len(w.word))
			}
		}
	}
}
