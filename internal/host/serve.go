package host

import (
	"cmp"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/lazy"
)

// serve reads how the host answers over HTTP; all of it may be left out.
func (c *config) serve(n *yaml.Node) montimer.Serve {
	s := montimer.Serve{Enabled: true, Listen: montimer.DefaultListen}
	if isNull(n) {
		return s
	}
	var listen, base, public *yaml.Node
	key := func(name string, to *string, wrong func(string) string) setting {
		return setting{name, func(n *yaml.Node) {
			var given string
			if !c.text(n, "serve: "+name, &given) {
				return
			}
			if why := wrong(given); why != "" {
				c.wrong(n, "serve: %s: %s %s", name, describe(n), why)
				return
			}
			*to = given
		}}
	}
	at := func(s setting, node **yaml.Node) setting {
		return setting{s.name, func(n *yaml.Node) { *node = n; s.read(n) }}
	}
	c.mapping(n, "serve", "{hosts: [status.example.org]}", []setting{
		at(key("listen", &s.Listen, notAnAddress), &listen),
		{"hosts", func(n *yaml.Node) { s.Hosts = c.serveHosts(n) }},
		at(key("base_path", &s.BasePath, notABasePath), &base),
		at(key("public_url", &s.PublicURL, notAPublicURL), &public),
		key("commit_url", &s.CommitURL, notACommitURL),
		key("token_file", &s.TokenFile, notAbsolute),
		key("socket_group", &s.SocketGroup, notAGroup),
	})
	s.PublicURL = strings.TrimRight(s.PublicURL, "/")
	if u, err := url.Parse(s.PublicURL); err == nil && u.Path != s.BasePath {
		if s.BasePath != "" && s.PublicURL != "" {
			c.wrong(public, "serve: public_url: its path is %q and base_path is %q: write the same path in both, or only public_url", u.Path, s.BasePath)
		} else if why := notABasePath(u.Path); u.Path != "" && why != "" {
			c.wrong(public, "serve: public_url: its path %q %s", u.Path, why)
		} else if s.PublicURL != "" {
			s.BasePath = u.Path
		}
	}
	if s.TokenFile == "" && !IsLoopback(s.Listen) {
		c.wrong(cmp.Or(listen, n), "serve: listen: %s is reachable from other machines: write a token_file too, or listen at %s behind a proxy", s.Listen, montimer.DefaultListen)
	}
	return s
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
