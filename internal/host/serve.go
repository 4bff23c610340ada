package host

import (
	"cmp"
	"net/netip"
	"net/url"
	"path"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/lazy"
)

func (c *config) serveKeys(s *montimer.Serve) []Key {
	key := func(to *string, wrong func(string) string, k Key) Key {
		k.value = to
		k.read = func(n *yaml.Node) {
			var given string
			if !c.text(n, "serve: "+k.Name, &given) {
				return
			}
			if why := wrong(given); why != "" {
				c.wrong(n, "serve: %s: %s %s", k.Name, describe(n), why)
				return
			}
			*to = given
		}
		return k
	}
	return []Key{
		key(&s.Listen, notAnAddress, Key{Name: "listen", Type: "address:port", Default: montimer.DefaultListen, Example: montimer.DefaultListen,
			Doc: "Where to listen. What other machines reach needs a token_file."}),
		{Name: "hosts", Type: "name, or list of names", Default: "the names of this machine", Example: "[status.example.org]", Variables: []string{"MONTIMER_SERVE_HOSTS"},
			Doc:  "Names that requests may be for, beside those of this machine: what a proxy passes on.",
			set:  func(v string) { s.Hosts = fields(v) },
			read: func(n *yaml.Node) { s.Hosts = c.serveHosts(n) }},
		key(&s.BasePath, notABasePath, Key{Name: "base_path", Type: "path", Default: "none", Example: "/jobs", Variables: []string{"MONTIMER_SERVE_BASE_PATH"},
			Doc: "What all paths begin with, as behind a proxy."}),
		key(&s.PublicURL, notAPublicURL, Key{Name: "public_url", Type: "URL", Default: "none", Example: "https://status.example.org/jobs", Variables: []string{"MONTIMER_SERVE_PUBLIC_URL"},
			Doc: "The address of the page. With it alerts link to their run."}),
		key(&s.CommitURL, notACommitURL, Key{Name: "commit_url", Type: "URL", Default: "none", Example: "https://git.example.org/app/commit/{commit}", Variables: []string{"MONTIMER_SERVE_COMMIT_URL"},
			Doc: "The address of a commit, with {commit} in place of its id. With it the page links commits."}),
		key(&s.TokenFile, notAbsolute, Key{Name: "token_file", Type: "absolute path", Default: "none", Example: path.Join(path.Dir(montimer.Instance("").ConfigFile()), "tokens"), Variables: []string{"MONTIMER_SERVE_TOKEN_FILE"},
			Doc: "A file with one token on each line. With it a request needs one of them."}),
		key(&s.SocketGroup, notAGroup, Key{Name: "socket_group", Type: "group", Default: "that of the services", Example: "www-data",
			Doc: "The group that may use the Unix socket, which takes no token."}),
	}
}

// serve reads how the host answers over HTTP; all of it may be left out.
func (c *config) serve(n *yaml.Node, s *montimer.Serve, keys []Key) {
	*s = montimer.Serve{Enabled: true, Listen: montimer.DefaultListen}
	if isNull(n) {
		return
	}
	c.mapping(n, "serve", "{hosts: [status.example.org]}", keys)
	s.PublicURL = strings.TrimRight(s.PublicURL, "/")
	if u, err := url.Parse(s.PublicURL); err == nil && u.Path != s.BasePath {
		if s.BasePath != "" && s.PublicURL != "" {
			c.wrong(valueOf(n, "public_url"), "serve: public_url: its path is %q and base_path is %q: write the same path in both, or only public_url", u.Path, s.BasePath)
		} else if why := notABasePath(u.Path); u.Path != "" && why != "" {
			c.wrong(valueOf(n, "public_url"), "serve: public_url: its path %q %s", u.Path, why)
		} else if s.PublicURL != "" {
			s.BasePath = u.Path
		}
	}
	if s.TokenFile == "" && !IsLoopback(s.Listen) {
		c.wrong(valueOf(n, "listen"), "serve: listen: %s is reachable from other machines: write a token_file too, or listen at %s behind a proxy", s.Listen, montimer.DefaultListen)
	}
}

// valueOf returns the value of a key in a mapping, and the mapping where it has no
// such key.
func valueOf(n *yaml.Node, key string) *yaml.Node {
	mapping := target(n)
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if target(mapping.Content[i]).Value == key {
			return target(mapping.Content[i+1])
		}
	}
	return n
}

// serveHosts reads a list of names.
func (c *config) serveHosts(n *yaml.Node) (hosts []string) {
	list := []*yaml.Node{n}
	switch {
	case isNull(n):
		return nil
	case n.Kind == yaml.SequenceNode:
		list = n.Content
	}
	for _, n := range list {
		n = target(n)
		name := strings.ToLower(n.Value)
		if _, err := netip.ParseAddr(name); n.Kind != yaml.ScalarNode || err != nil && !hostName().MatchString(name) {
			c.wrong(n, "serve: hosts: %s is not the name of a host: write it without scheme, port and path, such as status.example.org", describe(n))
			continue
		}
		hosts = append(hosts, name)
	}
	return hosts
}

var (
	hostName  = lazy.Regexp(`^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*$`)
	basePath  = lazy.Regexp(`^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$`)
	groupName = lazy.Regexp(`^[A-Za-z0-9_][A-Za-z0-9_.@-]*$`)
)

// The functions below say what is wrong with a text, as the end of a sentence; "":
// nothing is.

func notAnAddress(s string) string {
	a, err := netip.ParseAddrPort(s)
	if err != nil || a.Port() == 0 || a.Addr().Zone() != "" {
		return "is not an IP address and a port: write " + montimer.DefaultListen + ", [::1]:8923 or 0.0.0.0:8923"
	}
	return ""
}

func notABasePath(s string) string {
	if !basePath().MatchString(s) {
		return "is not a path such as /jobs: write it with a slash at its beginning and none at its end"
	}
	return ""
}

func notAPublicURL(s string) string {
	u, err := url.Parse(s)
	if err != nil || !isWeb(u) || u.RawQuery != "" || u.Fragment != "" || u.ForceQuery {
		return "is not the address of a page such as https://status.example.org/jobs"
	}
	return ""
}

func notACommitURL(s string) string {
	u, err := url.Parse(strings.ReplaceAll(s, "{commit}", "0123abcd"))
	if err != nil || !isWeb(u) || !strings.Contains(s, "{commit}") {
		return "is not the address of a commit: write {commit} in place of its id, as in https://git.example.org/app/commit/{commit}"
	}
	return ""
}

// isWeb reports whether a URL is one that a browser opens, without credentials.
func isWeb(u *url.URL) bool {
	plain := strings.IndexFunc(u.String(), func(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune("\"'<>\\`", r) }) < 0
	return plain && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil
}

func notAbsolute(s string) string {
	if !strings.HasPrefix(s, "/") {
		return "is a relative path, and the services run in another directory: write an absolute path"
	}
	return ""
}

func notAGroup(s string) string {
	if !groupName().MatchString(s) {
		return "is not the name of a group"
	}
	return ""
}

// IsLoopback reports whether only this machine reaches an ADDRESS:PORT.
func IsLoopback(listen string) bool {
	a, err := netip.ParseAddrPort(listen)
	return err == nil && a.Addr().Unmap().IsLoopback()
}

// orServe fills the missing settings of s from t.
func orServe(s, t montimer.Serve) montimer.Serve {
	s.Enabled = s.Enabled || t.Enabled
	s.Listen = cmp.Or(s.Listen, t.Listen)
	s.BasePath = cmp.Or(s.BasePath, t.BasePath)
	s.PublicURL = cmp.Or(s.PublicURL, t.PublicURL)
	s.CommitURL = cmp.Or(s.CommitURL, t.CommitURL)
	s.TokenFile = cmp.Or(s.TokenFile, t.TokenFile)
	s.SocketGroup = cmp.Or(s.SocketGroup, t.SocketGroup)
	if s.Hosts == nil {
		s.Hosts = slices.Clone(t.Hosts)
	}
	return s
}
