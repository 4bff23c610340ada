package serve

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
)

// The guards: each returns why a request is refused, nil if it is not.

// refuse applies them all. What ends the connection comes first.
func (s *Server) refuse(r *http.Request) *problem {
	for _, guard := range []func(*http.Request) *problem{wrongMethod, withBody, s.wrongHost, s.withoutToken} {
		if p := guard(r); p != nil {
			return p
		}
	}
	return nil
}

// wrongHost refuses names that this machine is not known by: a page of another site
// can have its own name lead here, and would then read the answers (DNS rebinding).
// Addresses are not names, and a client that sends none is no browser.
func (s *Server) wrongHost(r *http.Request) *problem {
	name := hostOf(r.Host)
	if s.knows(name, r) {
		return nil
	}
	text := fmt.Sprintf("this server is not known as %.100s: add that name to serve: {hosts: [...]} in %s, then run %s",
		strconv.QuoteToASCII(name), s.Config, s.Apply)
	return &problem{http.StatusMisdirectedRequest, "misdirected_request", text, nil}
}

func (s *Server) knows(name string, r *http.Request) bool {
	if name == "" && r.ProtoMinor == 0 || name == "localhost" || slices.Contains(s.Settings.Hosts, name) || name != "" && name == s.publicHost() {
		return true
	}
	ip, err := netip.ParseAddr(name)
	if err != nil {
		return false
	}
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	tcp, ok := local.(*net.TCPAddr)
	return ip.Unmap().IsLoopback() || ok && tcp.AddrPort().Addr().Unmap().WithZone("") == ip.Unmap()
}

// publicHost is the name in the public address.
func (s *Server) publicHost() string {
	_, rest, _ := strings.Cut(s.Settings.PublicURL, "://")
	authority, _, _ := strings.Cut(rest, "/")
	return hostOf(authority)
}

// hostOf returns a Host header without port, brackets and the dot of the root, in
// lower case; what is none as it is.
func hostOf(authority string) string {
	name := authority
	if host, port, err := net.SplitHostPort(authority); err == nil && strings.Trim(port, "0123456789") == "" {
		name = host
	} else if strings.HasPrefix(name, "[") && strings.HasSuffix(name, "]") {
		name = name[1 : len(name)-1]
	}
	return strings.ToLower(strings.TrimSuffix(name, "."))
}

// wrongMethod refuses all but GET and HEAD: there is nothing to change here.
func wrongMethod(r *http.Request) *problem {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return nil
	case http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete:
		return &problem{http.StatusMethodNotAllowed, "method_not_allowed", "only GET is supported", [][2]string{closes}}
	}
	return &problem{http.StatusNotImplemented, "not_implemented", "only GET is supported", [][2]string{closes}}
}

// withBody refuses requests that announce a body, and ends the connection: what
// follows on it could pass for another request.
func withBody(r *http.Request) *problem {
	if r.ContentLength == 0 && len(r.TransferEncoding) == 0 {
		return nil
	}
	return &problem{http.StatusRequestEntityTooLarge, "bad_request", "a request has no body here", [][2]string{closes}}
}

// protected reports whether what comes by TCP needs a token.
func (s *Server) protected() bool { return s.public || s.Settings.TokenFile != "" }

// withoutToken refuses requests without a token, where they need one. The Unix socket
// needs none: its mode says who may use it.
func (s *Server) withoutToken(r *http.Request) *problem {
	local, _ := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if _, unix := local.(*net.UnixAddr); unix || !s.protected() || s.withoutBase(r).URL.Path == healthz {
		return nil
	}
	known, err := s.tokens.read()
	if err != nil {
		return &problem{http.StatusServiceUnavailable, "no_tokens", "this server has no list of tokens that it can use: run montimer doctor on its host", nil}
	}
	if given := tokenOf(r); given != "" && known.has(given) {
		return nil
	}
	return &problem{http.StatusUnauthorized, "unauthorized", "a token is needed: Authorization: Bearer TOKEN, or any user name and the token as the password",
		[][2]string{{"WWW-Authenticate", `Bearer realm="montimer"`}, {"WWW-Authenticate", `Basic realm="montimer", charset="UTF-8"`}}}
}

// tokenOf returns the token of a request: of a program as a bearer token (RFC 6750),
// of a browser as the password of any user (RFC 7617).
func tokenOf(r *http.Request) string {
	if _, password, ok := r.BasicAuth(); ok {
		return password
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// plain shows what a client has sent as one word of ASCII.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r >= 0x7f || r == '"' || r == '\\' {
			return '?'
		}
		return r
	}, s)
}
