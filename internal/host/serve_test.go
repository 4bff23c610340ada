package host

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/montimer/montimer"
)

// TestServe: the setting serve is read, and each mistake has its place and the way
// to write it.
func TestServe(t *testing.T) {
	t.Parallel()
	usual := montimer.Serve{Enabled: true, Listen: "127.0.0.1:8923"}
	with := func(change func(*montimer.Serve)) montimer.Serve {
		s := usual
		change(&s)
		return s
	}
	for text, tc := range map[string]struct {
		want    montimer.Serve
		mistake string
	}{
		"checkout: /srv/app": {montimer.Serve{}, ""},
		"serve:":             {usual, ""},
		"serve: {}":          {usual, ""},
		"serve: {listen: '[::1]:80', hosts: A.example.org, commit_url: 'https://git.example.org/c/{commit}', socket_group: www-data}": {with(func(s *montimer.Serve) {
			s.Listen, s.Hosts, s.CommitURL, s.SocketGroup = "[::1]:80", []string{"a.example.org"}, "https://git.example.org/c/{commit}", "www-data"
		}), ""},
		"serve: {listen: '0.0.0.0:1', hosts: [10.0.0.7, b], token_file: /etc/montimer/tokens}": {with(func(s *montimer.Serve) {
			s.Listen, s.Hosts, s.TokenFile = "0.0.0.0:1", []string{"10.0.0.7", "b"}, "/etc/montimer/tokens"
		}), ""},
		"serve: {public_url: 'https://a.example.org/jobs/'}": {with(func(s *montimer.Serve) {
			s.PublicURL, s.BasePath = "https://a.example.org/jobs", "/jobs"
		}), ""},
		"serve: {public_url: 'https://a.example.org/', base_path: }": {with(func(s *montimer.Serve) { s.PublicURL = "https://a.example.org" }), ""},
		"serve: {base_path: /a/b, public_url: 'http://x/a/b'}":       {with(func(s *montimer.Serve) { s.BasePath, s.PublicURL = "/a/b", "http://x/a/b" }), ""},

		"serve: yes":                                       {montimer.Serve{}, `:1:8: serve: "yes": write a mapping such as {hosts: [status.example.org]}`},
		"serve: {host: a}":                                 {montimer.Serve{}, `:1:9: serve: unknown key "host"; did you mean hosts?`},
		"serve: {listen: 8923}":                            {montimer.Serve{}, `:1:17: serve: listen: "8923" is not an IP address and a port: write 127.0.0.1:8923, [::1]:8923 or 0.0.0.0:8923`},
		"serve: {listen: 'localhost:1'}":                   {montimer.Serve{}, ":1:17: "},
		"serve: {listen: '127.0.0.1:0'}":                   {montimer.Serve{}, ":1:17: "},
		"serve: {listen: '[fe80::1%eth0]:1'}":              {montimer.Serve{}, ":1:17: "},
		"serve: {listen: '0.0.0.0:8923'}":                  {montimer.Serve{}, ":1:17: serve: listen: 0.0.0.0:8923 is reachable from other machines: write a token_file too, or listen at 127.0.0.1:8923 behind a proxy"},
		"serve:\n  hosts: ['https://a/']":                  {montimer.Serve{}, `:2:11: serve: hosts: "https://a/" is not the name of a host: write it without scheme, port and path, such as status.example.org`},
		"serve: {hosts: ['a:80']}":                         {montimer.Serve{}, ":1:17: "},
		"serve: {hosts: ['']}":                             {montimer.Serve{}, ":1:17: "},
		"serve: {hosts: [{}]}":                             {montimer.Serve{}, ":1:17: serve: hosts: a mapping is not"},
		"serve: {hosts: ['*.example.org']}":                {montimer.Serve{}, ":1:17: "},
		"serve: {base_path: jobs}":                         {montimer.Serve{}, `:1:20: serve: base_path: "jobs" is not a path such as /jobs: write it with a slash at its beginning and none at its end`},
		"serve: {base_path: /}":                            {montimer.Serve{}, ":1:20: "},
		"serve: {base_path: /a/../b}":                      {montimer.Serve{}, ":1:20: "},
		"serve: {base_path: '//evil.example'}":             {montimer.Serve{}, ":1:20: "},
		"serve: {public_url: status.example.org}":          {montimer.Serve{}, `:1:21: serve: public_url: "status.example.org" is not the address of a page such as https://status.example.org/jobs`},
		"serve: {public_url: 'https://u:p@a/'}":            {montimer.Serve{}, ":1:21: "},
		"serve: {public_url: 'https://a/?x=1'}":            {montimer.Serve{}, ":1:21: "},
		"serve: {public_url: 'javascript:alert(1)'}":       {montimer.Serve{}, ":1:21: "},
		"serve: {public_url: 'https://a/b c'}":             {montimer.Serve{}, ":1:21: "},
		"serve: {base_path: /a, public_url: 'https://x'}":  {montimer.Serve{}, `:1:36: serve: public_url: its path is "" and base_path is "/a": write the same path in both, or only public_url`},
		"serve: {commit_url: 'https://git.example.org/c'}": {montimer.Serve{}, ":1:21: serve: commit_url: \"https://git.example.org/c\" is not the address of a commit: write {commit} in place of its id, as in https://git.example.org/app/commit/{commit}"},
		"serve: {token_file: tokens}":                      {montimer.Serve{}, ":1:21: serve: token_file: \"tokens\" is a relative path"},
		"serve: {socket_group: 'a b'}":                     {montimer.Serve{}, ":1:23: serve: socket_group: \"a b\" is not the name of a group"},
		"serve: {listen: [a]}":                             {montimer.Serve{}, ":1:17: serve: listen: a list: write one text"},
	} {
		path := filepath.Join(t.TempDir(), "config.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := ReadConfig(path)
		if tc.mistake != "" {
			if err == nil || !strings.HasPrefix(err.Error(), path+tc.mistake) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: got %v, want one line %s", text, err, tc.mistake)
			}
			continue
		}
		if diff := cmp.Diff(tc.want, got.Serve); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", text, err, diff)
		}
	}
}

// TestServeFrozen: a service has the settings from its unit.
func TestServeFrozen(t *testing.T) {
	t.Parallel()
	environ := map[string]string{
		"MONTIMER_SERVE_HOSTS": "a b", "MONTIMER_SERVE_BASE_PATH": "/p", "MONTIMER_SERVE_PUBLIC_URL": "https://a/p",
		"MONTIMER_SERVE_COMMIT_URL": "https://g/{commit}", "MONTIMER_SERVE_TOKEN_FILE": "/t",
	}
	want := montimer.Serve{Hosts: []string{"a", "b"}, BasePath: "/p", PublicURL: "https://a/p", CommitURL: "https://g/{commit}", TokenFile: "/t"}
	given := FromEnvironment(func(name string) string { return environ[name] })
	if diff := cmp.Diff(want, given.Serve); diff != "" {
		t.Error(diff)
	}
	want.Enabled, want.Listen = true, "[::1]:1"
	if diff := cmp.Diff(want, given.Or(Settings{Serve: montimer.Serve{Enabled: true, Listen: "[::1]:1", Hosts: []string{"c"}, BasePath: "/q"}}).Serve); diff != "" {
		t.Error(diff)
	}
}
