package doctor

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/serve"
	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/taskexec"
)

// ServeFacts is how the host answers over HTTP, if its settings say that it does.
type ServeFacts struct {
	Listens []string // addresses of TCP that the socket has, or is to have
	Taken   []Taken  // of those, while the socket has none
	Tokens  Tokens
}

// Taken is an address at which another program listens.
type Taken struct {
	Address string
	Program string // "": not known
	Unit    string // of the program; "": not known
}

// Tokens says what is wrong with the list of tokens.
type Tokens struct {
	Wrong string // "": nothing is
	Kind  tokenFault
}

type tokenFault string

const (
	tokensNone   tokenFault = "none"      // no file, or no token in it
	tokensOpen   tokenFault = "open"      // others can read it
	tokensHidden tokenFault = "hidden"    // the server cannot
	tokensOther  tokenFault = "a mistake" // in a line
)

// Units of the server.
const (
	apiSocket  = "api.socket"
	apiService = "api.service"
)

func (r *reader) server(ctx context.Context) error {
	s, of := r.facts.Host.Serve, r.facts.Host.Instance
	if !s.Enabled {
		return nil
	}
	conn, err := systemd.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	units, err := conn.Units(ctx, []string{of.Unit(apiSocket)})
	if err != nil {
		return err
	}
	socket := units[of.Unit(apiSocket)]
	if r.facts.Serve.Listens, err = conn.Listens(ctx, of.Unit(apiSocket)); err != nil || len(r.facts.Serve.Listens) == 0 {
		r.facts.Serve.Listens = []string{s.Listen}
	}
	if !socket.IsActive() {
		if r.facts.Serve.Taken, err = taken(r.facts.Serve.Listens); err != nil {
			return err
		}
	}
	if s.TokenFile == "" {
		return nil
	}
	if host.IsRoot() {
		if err := host.Trusted(s.TokenFile); err != nil {
			r.facts.Serve.Tokens = Tokens{err.Error(), tokensOther}
			return nil
		}
	}
	r.facts.Serve.Tokens, err = checkTokens(s.TokenFile, r.facts.Host.User, r.facts.Host.Group)
	return err
}

// checkTokens looks at a list of tokens that a user of a group is to read.
func checkTokens(file, userName, group string) (Tokens, error) {
	err := serve.CheckTokens(file)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, serve.ErrTokensEmpty):
		return Tokens{err.Error(), tokensNone}, nil
	case errors.Is(err, serve.ErrTokensOpen):
		return Tokens{err.Error(), tokensOpen}, nil
	case errors.Is(err, fs.ErrPermission):
		return Tokens{}, err
	case err != nil:
		return Tokens{err.Error(), tokensOther}, nil
	}
	o, err := statOf(file)
	if err != nil {
		return Tokens{}, err
	}
	id, _ := host.UserID(userName)
	g, err := user.LookupGroup(group)
	if err != nil {
		return Tokens{}, fmt.Errorf("look for the group of the server: %w", err)
	}
	if o.UID == id && o.Mode.Perm()&0o400 != 0 || fmt.Sprint(o.GID) == g.Gid && o.Mode.Perm()&0o040 != 0 {
		return Tokens{}, nil
	}
	return Tokens{fmt.Sprintf("%s cannot read the token file %s", userName, file), tokensHidden}, nil
}

// taken finds those of the addresses at which a program listens (proc(5), /proc/net/tcp).
func taken(addresses []string) (all []Taken, err error) {
	for _, file := range []string{"/proc/net/tcp", "/proc/net/tcp6"} {
		text, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("look for programs that listen: %w", err)
		}
		for line := range strings.Lines(string(text)) {
			fields := strings.Fields(line)
			if len(fields) < 10 || fields[3] != "0A" { // TCP_LISTEN
				continue
			}
			there, ok := kernelAddress(fields[1])
			for _, address := range addresses {
				want, err := netip.ParseAddrPort(address)
				if !ok || err != nil || want.Port() != there.Port() ||
					!want.Addr().IsUnspecified() && !there.Addr().IsUnspecified() && want.Addr().Unmap() != there.Addr().Unmap() {
					continue
				}
				t := Taken{Address: address}
				t.Program, t.Unit = holder(fields[9])
				all = append(all, t)
			}
		}
	}
	return all, nil
}

// kernelAddress reads an address as the kernel writes it: words in the order of the
// machine, in hexadecimal, and the port.
func kernelAddress(text string) (a netip.AddrPort, ok bool) {
	ip, port, _ := strings.Cut(text, ":")
	number, err := strconv.ParseUint(port, 16, 16)
	var raw []byte
	for i := 0; i+8 <= len(ip) && err == nil; i += 8 {
		var word uint64
		word, err = strconv.ParseUint(ip[i:i+8], 16, 32)
		raw = binary.NativeEndian.AppendUint32(raw, uint32(word))
	}
	addr, ok := netip.AddrFromSlice(raw)
	return netip.AddrPortFrom(addr, uint16(number)), ok && err == nil
}

// holder returns the program that has a socket open, and its unit, as far as this
// process may see that.
func holder(inode string) (program, unit string) {
	links, _ := filepath.Glob("/proc/[0-9]*/fd/*") // no error: the pattern is a good one
	for _, link := range links {
		if to, err := os.Readlink(link); err != nil || to != "socket:["+inode+"]" {
			continue
		}
		dir := filepath.Dir(filepath.Dir(link))
		name, _ := os.ReadFile(filepath.Join(dir, "comm"))
		groups, _ := os.ReadFile(filepath.Join(dir, "cgroup"))
		for line := range strings.Lines(string(groups)) {
			if base := filepath.Base(strings.TrimSpace(line)); strings.HasSuffix(base, ".service") {
				unit = base
			}
		}
		return strings.TrimSpace(string(name)), unit
	}
	return "", ""
}

func portTaken(f Facts) (all []found) {
	of := f.Host.Instance
	for _, t := range f.Serve.Taken {
		who, fix := "another program", edit(of.ConfigFile())+" && "+of.Command("apply")
		if t.Program != "" {
			who = t.Program
		}
		if t.Program == "systemd" {
			who = "another socket of systemd (systemctl list-sockets)"
		}
		if t.Unit != "" {
			who += ", of " + t.Unit
			fix = fmt.Sprintf("systemctl stop %s && systemctl reset-failed %s && systemctl restart %[2]s", taskexec.QuoteWord(t.Unit), of.Unit(apiSocket))
		}
		all = append(all, found{text: fmt.Sprintf("%s cannot listen at %s: %s does", of.Unit(apiSocket), t.Address, who), fix: fix})
	}
	return all
}

// startFails finds a server that systemd starts again and again.
func startFails(f Facts) []found {
	of := f.Host.Instance
	s := f.Units.State[of.Unit(apiService)]
	if !strings.HasPrefix(s.Sub, "auto-restart") {
		return nil
	}
	again := "systemctl restart " + of.Unit(apiService)
	fix := of.Command("apply") + " && " + again
	if len(s.DropIns) > 0 {
		fix = setAside(f.culprits(s.DropIns, "Exec", "User=", "MemoryMax="), again)
	}
	return []found{{text: fmt.Sprintf("%s fails whenever it is started: journalctl -u %[1]s", of.Unit(apiService)), fix: fix}}
}

func wrongTokens(f Facts) []found {
	file, group := taskexec.QuoteWord(f.Host.Serve.TokenFile), taskexec.QuoteWord(f.Host.Group)
	var fix string
	switch f.Serve.Tokens.Kind {
	case "":
		return nil
	case tokensNone:
		fix = fmt.Sprintf(`install -m 640 -g %s /dev/null %s && { od -An -N32 -tx1 /dev/urandom | tr -d ' \n'; echo; } >>%[2]s`, group, file)
	case tokensOpen:
		fix = "chmod o= " + file
	case tokensHidden:
		fix = fmt.Sprintf("chgrp %s %s && chmod g+r %[2]s", group, file)
	default:
		fix = edit(f.Host.Serve.TokenFile)
	}
	return []found{{text: f.Serve.Tokens.Wrong, fix: fix}}
}

// public finds a socket that others reach where nobody has a token.
func public(f Facts) (all []found) {
	if f.Host.Serve.TokenFile != "" {
		return nil
	}
	of := f.Host.Instance
	for _, address := range f.Serve.Listens {
		if host.IsLoopback(address) {
			continue
		}
		fix := edit(of.ConfigFile()) + " && " + of.Command("apply")
		if dropIns := f.Units.State[of.Unit(apiSocket)].DropIns; len(dropIns) > 0 {
			fix = setAside(f.culprits(dropIns, "Listen"), "systemctl stop "+of.Unit(apiService), "systemctl restart "+of.Unit(apiSocket))
		}
		all = append(all, found{text: fmt.Sprintf("%s listens at %s, which other machines reach, and there is no token_file", of.Unit(apiSocket), address), fix: fix})
	}
	return all
}

// isTaken reports whether a unit cannot start since its address is taken.
func (f Facts) isTaken(unit string) bool {
	return unit == f.Host.Instance.Unit(apiSocket) && len(f.Serve.Taken) > 0
}

func serveChecks() []Check {
	both := []part{partServe, partUnits}
	return []Check{
		{"serve-port", "address of the server taken by another program", "nobody gets an answer", false, slices.Clone(both), portTaken},
		{"serve-start", "server that does not start", "nobody gets an answer", false, []part{partUnits}, startFails},
		{"serve-tokens", "list of tokens that is missing, empty, readable by all or by nobody, or has mistakes", "over TCP nothing but /healthz is answered", false, []part{partServe}, wrongTokens},
		{"serve-public", "server that other machines reach, without tokens", "nothing but /healthz is answered", false, slices.Clone(both), public},
	}
}
