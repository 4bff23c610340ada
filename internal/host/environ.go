package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strings"

	"github.com/montimer/montimer"
)

// ByHand has the environment of a service, for a process started by hand.
type ByHand struct {
	Getenv  func(string) string
	Service []montimer.EnvVar // Environment= of the services
	File    map[string]string // their environment file, which wins over it
	Account *user.User        // of the tasks; nil: this is no host of services
}

// Variables returns the variables to set. A variable of the caller keeps its
// value, for trials, except those that every shell sets: on a host of services
// PATH, HOME, USER and LOGNAME are as in a service (systemd.exec(5),
// "Environment Variables in Spawned Processes"), else a task could work by hand
// only. On any other machine the caller's PATH stays, after the virtual
// environment of the checkout.
func (b ByHand) Variables() map[string]string {
	all := map[string]string{}
	for _, v := range b.Service {
		all[v.Name] = v.Value
	}
	for name, value := range b.File {
		all[name] = value
	}
	if b.Account == nil {
		venv, _, _ := strings.Cut(all["PATH"], ":")
		all["PATH"] = strings.TrimSuffix(venv+":"+b.Getenv("PATH"), ":")
	}
	for name := range all {
		if name != "PATH" && b.Getenv(name) != "" {
			delete(all, name)
		}
	}
	if b.Account != nil {
		for name, value := range map[string]string{"HOME": b.Account.HomeDir, "USER": b.Account.Username, "LOGNAME": b.Account.Username} {
			if _, ok := b.File[name]; !ok {
				all[name] = value
			}
		}
	}
	return all
}

// ReadEnvironment reads an environment file. A file that is missing has no
// variables; the error is then [fs.ErrNotExist].
func ReadEnvironment(path string) (map[string]string, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fs.ErrNotExist
	}
	if err != nil {
		return nil, fmt.Errorf("read the environment file of the services: %w", err)
	}
	return Environment(string(data)), nil
}
