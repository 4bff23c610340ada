package safetext

import (
	"net/url"
	"slices"
	"strings"
)

// Parts of the names of variables. A name with one of secretParts anywhere has
// a secret value; one that ends in a word of maybeSecret has one if the value
// looks like a key.
var (
	secretParts = []string{
		"PASSWORD", "PASSWD", "PASSPHRASE", "SECRET", "CREDENTIAL", "MNEMONIC", "WEBHOOK",
		"APIKEY", "API_KEY", "PRIVKEY", "PRIV_KEY", "PRIVATEKEY", "PRIVATE_KEY", "ACCESSKEY", "ACCESS_KEY",
		"SIGNING_KEY", "ENCRYPTION_KEY", "SEED_PHRASE", "SEEDPHRASE", "RECOVERY_PHRASE",
	}
	secretWords = []string{"TOKEN", "PASS", "PWD", "PAT", "JWT", "BEARER", "COOKIE", "DSN"}
	maybeSecret = []string{"KEY", "KEYS", "AUTH", "SEED", "SALT", "PIN", "SIGNATURE", "LOGIN", "ACCOUNT"}
	places      = []string{"FILE", "PATH", "DIR", "NAME", "ID", "HEADER", "TTL", "LENGTH", "TIMEOUT", "EXPIRY", "TYPE", "POLICY"}
)

// SecretValues returns the secrets among the variables in environ: the values
// of those with a secret name, such as GITHUB_TOKEN, SAFE_API_KEY_2 and
// PGPASSWORD, and of every URL the user, and the parts of its path and query
// that look like keys.
func SecretValues(environ []string) []string {
	var values []string
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		if secretName(name, value) {
			values = append(values, value)
		}
		if strings.Contains(value, "://") {
			values = append(values, secretsOfURL(value)...)
		}
	}
	return values
}

// secretName reports whether the name of a variable says that its value is
// secret. The value counts as well: some names are those of other things too.
func secretName(name, value string) bool {
	name = strings.ToUpper(name)
	words := strings.FieldsFunc(name, func(r rune) bool { return r == '_' || r == '-' || r == '.' })
	for len(words) > 1 && strings.Trim(words[len(words)-1], "0123456789") == "" {
		words = words[:len(words)-1] // SAFE_API_KEY_2
	}
	if len(words) == 0 || name == "PWD" || name == "OLDPWD" || isAddress(value) {
		return false
	}
	last := words[len(words)-1]
	if slices.Contains(places, last) && !looksRandom(value) {
		return false
	}
	ends := func(w string) bool { return strings.HasSuffix(last, w) && w != "PASS" && w != "PAT" }
	switch {
	case slices.ContainsFunc(secretParts, func(part string) bool { return strings.Contains(name, part) }):
		return true
	case slices.ContainsFunc(secretWords, func(w string) bool { return slices.Contains(words, w) || ends(w) }):
		return !strings.HasPrefix(value, "/") // SSH_AUTH…, a place
	}
	return slices.Contains(maybeSecret, last) && looksRandom(value)
}

// secretsOfURL returns what is secret of a URL: the password, the parts of the
// path that look like keys, and such values of the query.
func secretsOfURL(text string) (secrets []string) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return nil
	}
	if password, ok := u.User.Password(); ok {
		secrets = append(secrets, password)
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if looksRandom(segment) && !isAddress(segment) {
			secrets = append(secrets, segment)
		}
	}
	for name, values := range u.Query() {
		for _, value := range values {
			if secretName(name, value) || looksRandom(value) && !isAddress(value) {
				secrets = append(secrets, value)
			}
		}
	}
	return secrets
}

// looksRandom reports whether a text can be a key that a machine has made: of the
// characters of a token, and with 12 letters and digits on end, unlike
// a-name-of-2026.
func looksRandom(s string) bool {
	if len(s) < 16 {
		return false
	}
	random := false
	start, letter, digit := 0, false, false
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			digit = true
		case c == '_' || c == '-' || strings.IndexByte("+/=.~", c) >= 0:
			start, letter, digit = i+1, false, false
		case isTokenByte(c):
			letter = true
		default:
			return false
		}
		random = random || i+1-start >= 12 && letter && digit
	}
	return random
}

// isAddress reports whether a text is that of a contract or an account of
// Ethereum: public, and in variables with names such as USDC_TOKEN.
func isAddress(s string) bool {
	return len(s) == 42 && strings.HasPrefix(s, "0x") && strings.Trim(s[2:], "0123456789abcdefABCDEF") == ""
}
