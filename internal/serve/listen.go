package serve

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"

	"github.com/coreos/go-systemd/v22/activation"

	"github.com/montimer/montimer"
)

// Activated returns the listeners that systemd has passed (sd_listen_fds(3)); none if
// this process was started in another way.
func Activated() (all []net.Listener, err error) {
	files := activation.Files(true)
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	for _, f := range files {
		l, err := net.FileListener(f)
		if err != nil {
			return nil, fmt.Errorf("listen at %s, which systemd has passed: %w", f.Name(), err)
		}
		all = append(all, l)
	}
	return all, nil
}

// ByHand listens where a server that is started by hand does: as $MONITORING_API_HOST
// and $MONITORING_API_PORT say, else as the settings do.
func ByHand(s montimer.Serve, lookup func(string) (string, bool)) ([]net.Listener, error) {
	at, err := address(s, lookup)
	if err != nil {
		return nil, err
	}
	l, err := listen(at)
	return []net.Listener{l}, err
}

func address(s montimer.Serve, lookup func(string) (string, bool)) (string, error) {
	host, port, err := net.SplitHostPort(cmp.Or(s.Listen, montimer.DefaultListen))
	if err != nil {
		return "", fmt.Errorf("serve: listen: %w", err)
	}
	if given, ok := lookup("MONITORING_API_HOST"); ok {
		if _, err := netip.ParseAddr(given); err != nil && given != "localhost" {
			return "", fmt.Errorf("MONITORING_API_HOST: %.40q is not an IP address: write one such as 127.0.0.1", given)
		}
		host = given
	}
	if given, ok := lookup("MONITORING_API_PORT"); ok {
		if n, err := strconv.ParseUint(given, 10, 16); err != nil || n == 0 {
			return "", fmt.Errorf("MONITORING_API_PORT: %.40q is not a port: write a number from 1 to 65535", given)
		}
		port = given
	}
	return net.JoinHostPort(host, port), nil
}

func listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("listen at %s: %w: ss -ltnp shows the program that does; MONITORING_API_PORT chooses another port", address, err)
	}
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	return l, nil
}
