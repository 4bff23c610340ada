package taskexec

import (
	"bytes"
	"slices"
	"strings"
)

const (
	minSecret = 6       // bytes; a shorter value would hide half of all output
	maxSecret = 4 << 10 // bytes; a longer one is looked for in parts
	minToken  = 30      // characters of a bot token after its colon
)

// Redactor hides secrets: values that are known to be secret, and what looks
// like a Telegram bot token (123456:AAF…) or a user in a URL (://user:pass@).
type Redactor struct{ secrets [][]byte }

// SecretValues returns the values of the variables in environ whose names say
// that they are secret, such as GITHUB_TOKEN and SAFE_API_KEY_2.
func SecretValues(environ []string) []string {
	words := []string{"TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "CREDENTIALS", "APIKEY", "API_KEY", "PRIVATE_KEY", "ACCESS_KEY"}
	var values []string
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		name = "_" + strings.ToUpper(name) + "_"
		if slices.ContainsFunc(words, func(w string) bool { return strings.Contains(name, "_"+w+"_") }) {
			values = append(values, value)
		}
	}
	return values
}

// NewRedactor returns a Redactor that knows these values. Values shorter than
// 6 bytes are not hidden. Each line of a longer text is a secret of its own.
func NewRedactor(secrets []string) *Redactor {
	r := &Redactor{}
	r.hide(secrets)
	return r
}

// hide adds values, before anybody else uses r.
func (r *Redactor) hide(secrets []string) {
	for _, s := range secrets {
		for line := range strings.FieldsFuncSeq(s, isLineBreak) {
			for part := range slices.Chunk([]byte(line), maxSecret) {
				if len(part) >= minSecret {
					r.secrets = append(r.secrets, part)
				}
			}
		}
	}
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

// cut returns a place near n, not 0, where b can be cut and no secret with it.
func (r *Redactor) cut(b []byte, n int) int {
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
	for _, secret := range r.secrets {
		for from := 0; ; {
			i := bytes.Index(b[from:], secret)
			if i < 0 {
				break
			}
			found = append(found, span{from + i, from + i + len(secret), "***"})
			from += i + 1
		}
	}
	for colon := bytes.IndexByte(b, ':'); colon >= 0; {
		if s, ok := shapeAt(b, colon); ok {
			found = append(found, s)
		}
		next := bytes.IndexByte(b[colon+1:], ':')
		if next < 0 {
			break
		}
		colon += 1 + next
	}
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
	if start == colon {
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
