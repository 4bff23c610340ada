package safetext

import (
	"bytes"
	"strings"
)

// A prefix begins a secret that has this many characters more, at least.
type prefix struct {
	text string
	more int
}

// prefixes are the beginnings of keys that say what they are, by their last
// character.
var prefixes = map[byte][]prefix{
	'_': {
		{"ghp_", 30}, {"gho_", 30}, {"ghu_", 30}, {"ghs_", 30}, {"ghr_", 30}, {"github_pat_", 20},
		{"npm_", 30}, {"hf_", 30}, {"sk_live_", 16}, {"rk_live_", 16}, {"sk_test_", 16}, {"dop_v1_", 32}, {"shpat_", 30},
	},
	'-': {
		{"glpat-", 20}, {"xoxb-", 20}, {"xoxp-", 20}, {"xoxa-", 20}, {"xoxr-", 20}, {"xoxs-", 20}, {"xapp-", 20},
		{"sk-ant-", 20}, {"sk-proj-", 20}, {"sk-", 40}, {"pypi-", 60},
	},
}

// paths are what stands before the key in the URL of a provider or of a webhook.
var paths = []string{
	"hooks.slack.com/services/", "/api/webhooks/", "/webhookb2/",
	".alchemy.com/v2/", ".infura.io/v3/", ".quiknode.pro/", ".blastapi.io/", ".chainstack.com/", ".nodereal.io/v1/", ".getblock.io/",
	"rpc.ankr.com/eth/",
}

// sure and maybe are the ends of the names of what is assigned a secret in a
// text: password=…, "apikey": "…". A value of maybe has to look like a key.
var (
	sure  = []string{"password", "passwd", "passphrase", "apikey", "accesstoken", "refreshtoken", "clientsecret", "privatekey", "secretkey", "accesskey", "mnemonic"}
	maybe = []string{"token", "key", "auth", "authorization", "secret", "jwt", "pwd", "pass"}
)

const keyFollows = "-----BEGIN "

// triggers are the characters that a shape can be recognised by.
var triggers = func() (is [256]bool) {
	for _, c := range []byte(":_-./=A") {
		is[c] = true
	}
	return is
}()

// shapes calls found with what looks like a secret in b.
func shapes(b []byte, found func(span)) {
	for i := 0; i < len(b); i++ {
		if !triggers[b[i]] {
			continue
		}
		s, ok := span{}, false
		switch c := b[i]; c {
		case ':':
			if s, ok = shapeAt(b, i); !ok {
				s, ok = assigned(b, i)
			}
		case '=':
			s, ok = assigned(b, i)
		case '_', '-':
			if s, ok = prefixed(b, i, prefixes[c]); !ok && c == '-' {
				s, ok = privateKey(b, i)
			}
		case '.':
			s, ok = webToken(b, i)
		case '/':
			s, ok = inPath(b, i)
		case 'A':
			s, ok = cloudKey(b, i)
		}
		if ok {
			found(s)
			i = max(i, s.end-1)
		}
	}
}

// tokenEnd returns where the characters of a token that begin at from end.
func tokenEnd(b []byte, from int) int {
	for from < len(b) && isTokenByte(b[from]) {
		from++
	}
	return from
}

// prefixed returns the key with the prefix that ends at i.
func prefixed(b []byte, i int, of []prefix) (span, bool) {
	for _, p := range of {
		start := i + 1 - len(p.text)
		if start < 0 || b[start] != p.text[0] || string(b[start:i+1]) != p.text || start > 0 && isTokenByte(b[start-1]) {
			continue
		}
		if end := tokenEnd(b, i+1); end-i-1 >= p.more {
			return span{start, end, "***"}, true
		}
	}
	return span{}, false
}

// privateKey returns the private key in PEM (RFC 7468) that begins at i; without
// its end, all that follows.
func privateKey(b []byte, i int) (span, bool) {
	if !bytes.HasPrefix(b[i:], []byte(keyFollows)) {
		return span{}, false
	}
	line := b[i+len(keyFollows):]
	if n := bytes.IndexByte(line, '\n'); n >= 0 {
		line = line[:n]
	}
	if !bytes.Contains(line, []byte("PRIVATE KEY-----")) {
		return span{}, false
	}
	end := len(b)
	if n := bytes.Index(b[i:], []byte("-----END ")); n >= 0 {
		end = i + n + len("-----END ")
		if n := bytes.Index(b[end:], []byte("-----")); n >= 0 {
			end += n + len("-----")
		}
	} else if b[end-1] == '\n' {
		end--
	}
	return span{i, end, "***"}, true
}

// webToken returns the JSON Web Token (RFC 7519) with its first dot at i, or a
// key of SendGrid.
func webToken(b []byte, i int) (span, bool) {
	start := i
	for start > 0 && isTokenByte(b[start-1]) {
		start--
	}
	second := tokenEnd(b, i+1)
	switch {
	case second >= len(b) || b[second] != '.':
	case i-start == 2 && string(b[start:i]) == "SG" && second-i > 16:
		return span{start, tokenEnd(b, second+1), "***"}, true
	case i-start >= 10 && string(b[start:start+3]) == "eyJ" && second-i > 8:
		if end := tokenEnd(b, second+1); end-second > 8 {
			return span{start, end, "***"}, true
		}
	}
	return span{}, false
}

// inPath returns the key that follows a slash of a URL: in that of a known
// provider, or straight after the version of an API (/v2/KEY).
func inPath(b []byte, i int) (span, bool) {
	for _, p := range paths {
		if start := i + 1 - len(p); start >= 0 && b[start] == p[0] && string(b[start:i+1]) == p {
			end := i + 1
			for end < len(b) && (isTokenByte(b[end]) || b[end] == '/' || b[end] == '@' || b[end] == '.' || b[end] == '%') {
				end++
			}
			return span{i + 1, end, "***"}, end-i-1 >= 16
		}
	}
	if i < 3 || b[i-3] != '/' || b[i-2] != 'v' || b[i-1] < '1' || b[i-1] > '9' {
		return span{}, false
	}
	end := tokenEnd(b, i+1)
	n := end - i - 1
	if n < 24 || n > 63 || n == 40 || !looksRandom(string(b[i+1:end])) || isUUID(b[i+1:end]) || isAddress(string(b[i+1:end])) {
		return span{}, false
	}
	return span{i + 1, end, "***"}, true
}

// cloudKey returns the key of Amazon (AKIA, ASIA) or Google (AIza) that begins
// at i.
func cloudKey(b []byte, i int) (span, bool) {
	if len(b)-i < 20 || i > 0 && isTokenByte(b[i-1]) {
		return span{}, false
	}
	end := tokenEnd(b, i)
	switch string(b[i : i+4]) {
	case "AKIA", "ASIA":
		return span{i, end, "***"}, end-i == 20 && bytes.Equal(bytes.ToUpper(b[i:end]), b[i:end])
	case "AIza":
		return span{i, end, "***"}, end-i == 39
	}
	return span{}, false
}

// afterScheme returns where the credentials begin that may follow the name of their
// scheme, in any case (RFC 9110, section 11.1).
func afterScheme(b []byte, from int) int {
	for _, scheme := range []string{"bearer ", "basic ", "token "} {
		if len(b)-from >= len(scheme) && strings.EqualFold(string(b[from:from+len(scheme)]), scheme) {
			from += len(scheme)
		}
	}
	return from
}

// valueAt returns where the value that begins at i is, without its quotes.
func valueAt(b []byte, i int) (from, end int) {
	if i < len(b) && (b[i] == '"' || b[i] == '\'') {
		i++
	}
	end = i
	for end < len(b) && b[end] > ' ' && !strings.ContainsRune("&\"'`,;()<>{}[]|\\", rune(b[end])) {
		end++
	}
	return i, end
}

// nameBefore returns the name that ends before i, and whether a quote does.
func nameBefore(b []byte, i int) (name []byte, quoted bool) {
	end := i
	if quoted = i > 0 && (b[i-1] == '"' || b[i-1] == '\''); quoted {
		end--
	}
	start := end
	for start > 0 && isTokenByte(b[start-1]) && end-start < 64 {
		start--
	}
	return b[start:end], quoted
}

// assigned returns the secret after the = or : at i, by the name before it.
func assigned(b []byte, i int) (span, bool) {
	name, quoted := nameBefore(b, i)
	if len(name) == 0 {
		return span{}, false
	}
	certain, known := whatIsAssigned(name)
	if !known {
		return span{}, false
	}
	from := i + 1
	if b[i] == ':' {
		for from < len(b) && b[from] == ' ' {
			from++
		}
		certain = certain && quoted // "password: wrong" says something else
		from = afterScheme(b, from)
	}
	from, end := valueAt(b, from)
	value := string(b[from:end])
	switch {
	case strings.HasPrefix(value, "***"), strings.HasPrefix(value, "/"), strings.HasPrefix(value, "$"), isAddress(value), isUUID(b[from:end]):
		return span{}, false
	case certain:
		return span{from, end, "***"}, len(value) >= minSecret
	}
	return span{from, end, "***"}, looksRandom(value) && !isHash(value)
}

// whatIsAssigned reports whether a name ends in one of sure, or has one of maybe
// for its last word.
func whatIsAssigned(name []byte) (certain, known bool) {
	last := name[len(name)-1] | 0x20
	if strings.IndexByte("dekyhnctsc", last) < 0 { // the last letters of all of them
		return false, false
	}
	var plain [64]byte
	n := 0
	for _, c := range name {
		if c != '_' && c != '-' && n < len(plain) {
			plain[n] = lower(c)
			n++
		}
	}
	for _, end := range sure {
		if bytes.HasSuffix(plain[:n], []byte(end)) {
			return true, true
		}
	}
	for _, end := range maybe {
		if !bytes.HasSuffix(plain[:n], []byte(end)) || len(name) < len(end) {
			continue
		}
		if at := len(name) - len(end); at == 0 || !isLetter(name[at-1]) || isLower(name[at-1]) && !isLower(name[at]) || end == "token" {
			return false, true
		}
	}
	return false, false
}

func isLower(c byte) bool { return c >= 'a' && c <= 'z' }

func isLetter(c byte) bool { return isLower(lower(c)) }

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// isHash reports whether a text is the hexadecimal number of a commit, a
// transaction or a digest.
func isHash(s string) bool {
	digest := strings.TrimPrefix(strings.TrimPrefix(s, "sha256:"), "0x")
	return (len(digest) == 40 || len(digest) == 64) && strings.Trim(digest, "0123456789abcdefABCDEF") == ""
}

func isUUID(b []byte) bool {
	return len(b) == 36 && b[8] == '-' && b[13] == '-' && b[18] == '-' && b[23] == '-'
}
