package safetext

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
)

const botToken = "123456789:AAFabcdefghijklmnopqrstuvwxyz_-0123"

func TestRedact(t *testing.T) {
	t.Parallel()
	known := []string{"hunter22", "hunter22-and-more", "short", "-----BEGIN-----\nline-of-key\r\nx\n"}
	tests := []struct{ name, in, want string }{
		{"nothing", "all fine", "all fine"},
		{"a known value", "say hunter22!", "say ***!"},
		{"twice", "hunter22 hunter22", "*** ***"},
		{"side by side", "hunter22hunter22", "******"},
		{"the longer of two that start alike", "hunter22-and-more", "***"},
		{"a value too short to be one", "short", "short"},
		{"each line of a long text", "line-of-key", "***"},
		{"bot token", "token " + botToken + ".", "token ***."},
		{"bot token in a URL", "https://api.telegram.org/bot" + botToken + "/sendMessage", "https://api.telegram.org/bot***/sendMessage"},
		{"bot token, 30 characters", "1:" + strings.Repeat("a", 30), "***"},
		{"29 are none", "1:" + strings.Repeat("a", 29), "1:" + strings.Repeat("a", 29)},
		{"no number before it", "a:" + strings.Repeat("a", 30), "a:" + strings.Repeat("a", 30)},
		{"time of day", "12:30:15 started", "12:30:15 started"},
		{"user and password in a URL", "https://me:pa%20ss@host/x", "https://***@host/x"},
		{"a password with @ and :", "https://me:p@ss:w@host/x", "https://***@host/x"},
		{"only a user", "https://ghp_token@github.com", "https://***@github.com"},
		{"no user", "https://host/x@y", "https://host/x@y"},
		{"an address after a URL", "see https://host, or a@b", "see https://host, or a@b"},
		{"at the end", "x://a@", "x://***@"},
		{"empty user", "x://@host", "x://@host"},
		{"known value in a URL user", "https://me:hunter22@host", "https://***@host"},
	}
	r := NewRedactor(known)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := r.String(tt.in); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			if again := r.String(tt.want); again != tt.want {
				t.Errorf("again: %q", again)
			}
		})
	}
}

// A secret is hidden also as a URL, JSON, Python and Go write it.
func TestSecretsWrittenOtherwise(t *testing.T) {
	t.Parallel()
	r := NewRedactor([]string{`p@ss w/rd"\x`})
	for in, want := range map[string]string{
		`url: /login?pw=p%40ss+w%2Frd%22%5Cx&a=b`: `url: /login?pw=***&a=b`,
		`url: /login/p@ss%20w%2Frd%22%5Cx/b`:      `url: /login/***/b`,
		`{"x": "p@ss w/rd\"\\x"}`:                 `{"x": "***"}`,
		`'p@ss w/rd"\\x'`:                         `'***'`,
		`p@ss w/rd"\x`:                            `***`,
	} {
		if got := r.String(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

// TestShapes holds what is hidden although no setting says that it is secret.
func TestShapes(t *testing.T) {
	t.Parallel()
	const (
		alnum = "q1W2e3R4t5Y6u7I8o9P0a1S2d3F4g5H6" // 32 characters
		hex   = "8f14e45fceea467fa0c41b2c3d4e5f6a"
	)
	jwt := "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
	pem := "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\n-----END OPENSSH PRIVATE KEY-----"
	r := NewRedactor(nil)
	for _, tt := range [][2]string{
		{jwt, "***"}, {"Cookie: s=" + jwt + "; x", "Cookie: s=***; x"},
		{"ghp_" + alnum + "abcd", "***"}, {"github_pat_11ABCDEFG0_" + alnum, "***"}, {"glpat-" + alnum, "***"}, {"xoxb-1234567890-" + alnum, "***"},
		{"npm_" + alnum + "abcd", "***"}, {"sk_live_" + alnum, "***"}, {"sk-ant-api03-" + alnum, "***"}, {"SG." + alnum + "." + alnum, "***"},
		{"key AKIAIOSFODNN7EXAMPLE.", "key ***."}, {"AIza" + alnum + "abc", "***"},
		{pem, "***"}, {"a\n" + pem + "\nb", "a\n***\nb"}, {"-----BEGIN PRIVATE KEY-----\nMIIEvQ\n", "***\n"},
		{"https://hooks.slack.com/services/T000/B000/" + alnum, "https://hooks.slack.com/services/***"},
		{"https://discord.com/api/webhooks/1234567890/" + alnum + " x", "https://discord.com/api/webhooks/*** x"},
		{"Max retries exceeded with url: /v2/" + alnum + " (Caused", "Max retries exceeded with url: /v2/*** (Caused"},
		{"https://mainnet.infura.io/v3/" + hex, "https://mainnet.infura.io/v3/***"}, {"url: /v3/" + hex, "url: /v3/***"},
		{"https://x-y.quiknode.pro/" + hex + "deadbeef/", "https://x-y.quiknode.pro/***"},
		{"/api?module=gas&apikey=" + alnum + "&x=1", "/api?module=gas&apikey=***&x=1"},
		{`{"apiKey": "s3cret", "a": 1}`, `{"apiKey": "***", "a": 1}`}, {`'access_token': 'abcdef'`, `'access_token': '***'`},
		{"PGPASSWORD=hunter2", "PGPASSWORD=***"}, {"aws_secret_access_key = x", "aws_secret_access_key = x"}, {"AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "AWS_SECRET_ACCESS_KEY=***"},
		{"Authorization: Bearer " + alnum, "Authorization: Bearer ***"}, {"X-Api-Key: " + alnum, "X-Api-Key: ***"},
		{"AUTHORIZATION: basic " + alnum, "AUTHORIZATION: basic ***"}, {"authorization: TOKEN " + alnum, "authorization: TOKEN ***"},
	} {
		if got := r.String(tt[0]); got != tt[1] {
			t.Errorf("%s: %s, want %s", tt[0], got, tt[1])
		}
		if again := r.String(tt[1]); again != tt[1] {
			t.Errorf("again: %s", again)
		}
	}
}

// TestReadable measures what is hidden without need, in output as tasks print it:
// commits, transactions, addresses, UUIDs, images, certificates and more.
func TestReadable(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/output.txt")
	if err != nil {
		t.Fatal(err)
	}
	r := NewRedactor(nil)
	lines, hidden := 0, 0
	for line := range strings.Lines(string(text)) {
		lines++
		if got := r.String(line); got != line {
			hidden++
			t.Errorf("%s%s", line, got)
		}
	}
	if got := r.String(string(text)); got != string(text) {
		t.Error("the whole text is hidden in part")
	}
	t.Logf("%d of %d lines, %d bytes", hidden, lines, len(text))
}

func TestShortSecrets(t *testing.T) {
	t.Parallel()
	r := NewRedactor([]string{"a1b2", "12345", "word", "x1"})
	for in, want := range map[string]string{
		"pin a1b2.": "pin ***.", "xa1b2 a1b2y": "xa1b2 a1b2y", "12345 word x1": "12345 word x1", "a1b2": "***",
	} {
		if got := r.String(in); got != want {
			t.Errorf("%s: %s, want %s", in, got, want)
		}
	}
}

func TestSecretValues(t *testing.T) {
	t.Parallel()
	const key = "q1W2e3R4t5Y6u7I8o9P0a1S2d3F4g5H6"
	secret := []string{
		"TELEGRAM_BOT_TOKEN_DEFAULT=a", "telegram_bot_token=b", "LIQUIDITY_WEBHOOK_SECRET=c", "SAFE_API_KEY_2=d=e", "DB_PASSWORD=f",
		"PGPASSWORD=g", "MYSQL_PWD=h", "ETHERSCAN_KEY=" + key, "SLACK_WEBHOOK_URL=i", "AUTH=" + key, "JWT=j", "GH_PAT=k", "SMTP_PASS=l",
		"PASSPHRASE=m", "MNEMONIC=n o p", "PRIVKEY=q", "SHORT_TOKEN=r1", "SENTRY_DSN=s", "GITHUBTOKEN=t", "aws.secret.access-key=u",
		"DEPLOYER_PRIVATE_KEY=0x" + strings.Repeat("ab", 32), "SECRET",
	}
	var want []string
	for _, kv := range secret {
		_, value, _ := strings.Cut(kv, "=")
		want = append(want, value)
	}
	if got := SecretValues(secret); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := SecretValues([]string{
		"PATH=/bin", "MAX_TOKENS=100000", "SORT_KEY=created_at", "TOKENIZERS_PARALLELISM=false", "PWD=/srv/app", "OLDPWD=/srv", "KEYBOARD=us", "PATTERN=x",
		"USDC_TOKEN=0x" + strings.Repeat("aB", 20), "DB_PASSWORD_FILE=/run/secrets/db", "SSH_AUTH_SOCK=/run/user/1/agent", "PASSENGERS=12", "COMPASS=north", "AUTH=basic",
		"RPC=https://eth.llamarpc.com/v1/chain", "EXPLORER=https://etherscan.io/address/0x" + strings.Repeat("aB", 20), "CACHE_DIR=/srv/cache", "LOG_LEVEL=DEBUG",
	}); got != nil {
		t.Errorf("not secret: %q", got)
	}
	if got := SecretValues([]string{"PROVIDER_URL=https://eth-mainnet.g.alchemy.com/v2/" + key + "?a=b", "MAINNET=wss://me:hidden@x.example/ws?dkey=" + key}); !slices.Equal(got, []string{key, "hidden", key}) {
		t.Errorf("in URLs: %q", got)
	}
}

// Spans are in order, apart, and inside the text.
func FuzzSpans(f *testing.F) {
	f.Add([]byte("x://a:b@c 1:" + strings.Repeat("k", 40) + " known-secret"))
	f.Add([]byte("known-secretknown-secret://known-secret@"))
	f.Add([]byte("-----BEGIN PRIVATE KEY-----eyJ0123456789.0123456789.0123456789 password=:'\"x /v2/ AKIA glpat- SG.a.b"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r := NewRedactor([]string{"known-secret", "secretkn"})
		end := 0
		for _, s := range r.spans(text) {
			if s.start < end || s.end <= s.start || s.end > len(text) {
				t.Fatalf("%v after %d of %d", s, end, len(text))
			}
			end = s.end
		}
		if bytes.Contains(r.Bytes(text), []byte("known-secret")) {
			t.Fatalf("%q", r.Bytes(text))
		}
	})
}

// BenchmarkRedact reads output as tasks print it, with as many secrets known as
// a host has.
// A secret is hidden in base64, too: by itself and within other text, wherever that
// begins, in both alphabets. At most the characters at its ends are left, which it
// shares with what is before and after it.
func TestBase64(t *testing.T) {
	t.Parallel()
	const secret = "tr\xffub?~d\xfb4Dor"
	r := NewRedactor([]string{secret, "1234567"})
	for _, in := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding, base64.RawStdEncoding, base64.RawURLEncoding} {
		if got := r.String("is " + in.EncodeToString([]byte(secret)) + " it"); got != "is *** it" {
			t.Errorf("%q", got)
		}
		for before := range 4 {
			for after := range 4 {
				text := in.EncodeToString([]byte("user:"[:before] + secret + "@host"[:after]))
				got := r.String(text)
				if most := (before+2)/3*4 + (after+2)/3*4 + 3 + 4; !strings.Contains(got, "***") || len(got) > most {
					t.Errorf("%s: %s", text, got)
				}
			}
		}
	}
	for _, harmless := range []string{"MTIzNDU2Nw==", "dHLdYnVi", base64.StdEncoding.EncodeToString([]byte("tr ub do 4Dor"))} {
		if got := r.String(harmless); got != harmless {
			t.Errorf("%s: %s", harmless, got)
		}
	}
}

// The matcher finds what a search for each word finds.
func TestMatcher(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	some := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = "abc"[random.IntN(3)]
		}
		return b
	}
	for range 300 {
		words := make([][]byte, 1+random.IntN(5))
		for i := range words {
			words[i] = some(2 + random.IntN(6))
		}
		slices.SortFunc(words, bytes.Compare)
		words = slices.CompactFunc(words, bytes.Equal)
		text := some(random.IntN(60))
		var got, want []string
		newMatcher(words).find(text, func(start, end int) { got = append(got, fmt.Sprint(start, " ", end)) })
		for _, w := range words {
			for start := range text {
				if bytes.HasPrefix(text[start:], w) {
					want = append(want, fmt.Sprint(start, " ", start+len(w)))
				}
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Fatalf("%q in %q: %q, want %q", words, text, got, want)
		}
	}
}

func BenchmarkRedact(b *testing.B) {
	text, err := os.ReadFile("testdata/output.txt")
	if err != nil {
		b.Fatal(err)
	}
	for _, n := range []int{1, 3, 20} {
		b.Run(fmt.Sprint(n, " secrets"), func(b *testing.B) {
			var secrets []string
			for i := range n {
				secrets = append(secrets, strings.Repeat(string(rune('a'+i)), 5)+"-secret-value")
			}
			r := NewRedactor(secrets)
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				r.Bytes(text)
			}
		})
	}
}
