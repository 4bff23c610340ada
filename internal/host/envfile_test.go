package host

import (
	"log/slog"
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/testenv"
)

// TestEnvironment holds what systemd 252 to 257 make of a file.
func TestEnvironment(t *testing.T) {
	t.Parallel()
	const file = "# A=comment\n ; B=comment\n\nplain=1:AB-c_d  \n spaced = two  words \nempty=\nnothing\n" +
		"single='a \"b\" \\n $x'\ndouble=\"a 'b' \\n \\\" \\\\ \\$x \\` #\"\n" +
		"lines=\"one\ntwo\\\nthree\"\ncontinued=one\\\n two\nescaped=\\'a\\ b\\ \nhash=a#b;c\n" +
		"parts='a' \"b\" c\nlate=x\"y\" 'z'\ntwice=1\r\ntwice=2\r\nequals=a=b\nquoted space=' x '  \n=none\nopen='to the\nend=1\n"
	want := map[string]string{
		"plain": "1:AB-c_d", "spaced": "two  words", "empty": "", "single": `a "b" \n $x`, "double": "a 'b' \\n \" \\ $x ` #",
		"lines": "one\ntwothree", "continued": "one two", "escaped": "'a b ", "hash": "a#b;c",
		"parts": "abc", "late": `x"y" 'z'`, "twice": "2", "equals": "a=b", "quoted space": " x ", "": "none", "open": "to the\nend=1\n",
	}
	if diff := cmp.Diff(want, Environment(file)); diff != "" {
		t.Error(diff)
	}
	for _, tail := range []string{"a=", "a=\\", "a='", "a=\"\\", "a", "#", "a=\"x\" "} {
		if v, ok := Environment(tail)["a"]; ok != (len(tail) > 1) || len(v) > 1 {
			t.Errorf("%q: %q, %t", tail, v, ok)
		}
	}
}

func TestEnvironmentMistakes(t *testing.T) {
	t.Parallel()
	const file = `# a comment = 1
export TOKEN=secret
 export	 A = secret
PLAIN=secret
WITH=secret # the old one
QUOTED="secret # no comment"
AFTER="secret" # a comment
PATH=$HOME/secret:$PATH
BRACES=${secret}
LITERAL=se$cret
nothing
two words=secret
LONG="secret
# still secret"
LAST = "secret\\" # x"`
	want := []string{
		"2: export is for a shell, and systemd ignores the line: write TOKEN=…",
		"3: the text before = cannot be the name of a variable, and systemd ignores the line",
		"5: WITH: # begins a comment only at the beginning of a line; here it is part of the value",
		"7: AFTER: # begins a comment only at the beginning of a line; here it is part of the value",
		"8: PATH: variables are not expanded in this file; write the whole value",
		"9: BRACES: variables are not expanded in this file; write the whole value",
		"11: sets no variable and is ignored: write NAME=value",
		"12: the text before = cannot be the name of a variable, and systemd ignores the line",
		"15: LAST: # begins a comment only at the beginning of a line; here it is part of the value",
	}
	for _, text := range []string{file, strings.ReplaceAll(file, "\n", "\r\n")} {
		var got []string
		for _, m := range EnvironmentMistakes(text) {
			got = append(got, m.String())
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if strings.Contains(strings.Join(got, ""), "secret") {
			t.Error("shows a value")
		}
	}
}

func TestByHand(t *testing.T) {
	t.Parallel()
	service := []montimer.EnvVar{{Name: "PATH", Value: "/srv/app/.venv/bin:/usr/bin"}, {Name: "CACHE_DIR", Value: "/var/lib/montimer"}, {Name: "LOG_LEVEL", Value: "INFO"}}
	account := &user.User{Username: "deploy", HomeDir: "/home/deploy"}
	for name, tt := range map[string]struct {
		caller, file, want map[string]string
		account            *user.User
	}{
		"as the service": {
			map[string]string{"PATH": "/opt/tools", "HOME": "/nowhere", "USER": "root"}, map[string]string{"TOKEN": "t"},
			map[string]string{"PATH": "/srv/app/.venv/bin:/usr/bin", "CACHE_DIR": "/var/lib/montimer", "LOG_LEVEL": "INFO", "TOKEN": "t", "HOME": "/home/deploy", "USER": "deploy", "LOGNAME": "deploy"}, account,
		},
		"the environment file wins over the unit": {
			nil, map[string]string{"PATH": "/opt/bin", "CACHE_DIR": "/srv/cache", "HOME": "/srv"},
			map[string]string{"PATH": "/opt/bin", "CACHE_DIR": "/srv/cache", "LOG_LEVEL": "INFO", "HOME": "/srv", "USER": "deploy", "LOGNAME": "deploy"}, account,
		},
		"the caller wins over both": {
			map[string]string{"CACHE_DIR": "/tmp/x", "LOG_LEVEL": "DEBUG", "TOKEN": "mine", "EMPTY": ""}, map[string]string{"TOKEN": "t", "EMPTY": "e"},
			map[string]string{"PATH": "/srv/app/.venv/bin:/usr/bin", "EMPTY": "e", "HOME": "/home/deploy", "USER": "deploy", "LOGNAME": "deploy"}, account,
		},
		"no host of services": {
			map[string]string{"PATH": "/opt/python/bin:/usr/bin", "HOME": "/home/alice"}, nil,
			map[string]string{"PATH": "/srv/app/.venv/bin:/opt/python/bin:/usr/bin", "CACHE_DIR": "/var/lib/montimer", "LOG_LEVEL": "INFO"}, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := ByHand{func(name string) string { return tt.caller[name] }, service, tt.file, tt.account}.Variables()
			if !maps.Equal(got, tt.want) {
				t.Errorf("%v\nwant %v", got, tt.want)
			}
		})
	}
}

// TestTakeSending holds that root's commands send with what the services
// have, and take nothing else from a file, nor anything from one of others.
func TestTakeSending(t *testing.T) {
	testenv.NeedRoot(t) // who alone reads the environment file
	path := filepath.Join(t.TempDir(), "env")
	const file = "TELEGRAM_BOT_TOKEN_DEFAULT='1:A'\nTELEGRAM_CHAT_ID_DEFAULT=-2\nMONTIMER_PLANTED=x\nHTTPS_PROXY=http://127.0.0.1:1\nLOG_LEVEL=DEBUG\n"
	if err := os.WriteFile(path, []byte(file), 0o640); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TELEGRAM_BOT_TOKEN_DEFAULT", "")
	t.Setenv("TELEGRAM_CHAT_ID_DEFAULT", "-1")
	t.Setenv("MONTIMER_PLANTED", "")
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:2")
	t.Setenv("LOG_LEVEL", "info")
	var said strings.Builder
	send := func() error {
		return TakeSending(montimer.Host{EnvFile: path}, slog.New(slog.NewTextHandler(&said, nil)))
	}

	if err := os.Chown(path, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	if err := send(); err == nil || !strings.Contains(err.Error(), "belongs to user 65534") || os.Getenv("TELEGRAM_BOT_TOKEN_DEFAULT") != "" {
		t.Errorf("a file of somebody else: %v", err)
	}
	if err := os.Chown(path, 0, 65534); err != nil {
		t.Fatal(err)
	}
	if err := send(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"TELEGRAM_BOT_TOKEN_DEFAULT": "1:A", "TELEGRAM_CHAT_ID_DEFAULT": "-1", "MONTIMER_PLANTED": "",
		"HTTPS_PROXY": "http://127.0.0.1:1", "LOG_LEVEL": "DEBUG"} {
		if got := os.Getenv(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := said.String(); strings.Count(got, "level=WARN") != 1 || !strings.Contains(got, "TELEGRAM_CHAT_ID_DEFAULT comes from this shell") {
		t.Errorf("not said: %s", got)
	}
	if err := os.WriteFile(path, []byte("TELEGRAM_CHAT_ID_DEFAULT=-1\n"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := send(); err != nil || os.Getenv("LOG_LEVEL") != "" {
		t.Errorf("LOG_LEVEL of the shell: %q, %v", os.Getenv("LOG_LEVEL"), err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := send(); err != nil || !strings.Contains(said.String(), "is missing: services run no task without it") {
		t.Errorf("no file: %v, %s", err, said.String())
	}
}
