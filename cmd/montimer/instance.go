package main

import (
	"os"
	"strings"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/host"
)

// leave clears the settings of one instance from the environment, for another
// instance.
func leave(to montimer.Instance) {
	for _, name := range host.Variables() {
		os.Unsetenv(name)
	}
	os.Setenv("MONTIMER_INSTANCE", string(to))
}

// instanceFlag is the name of an instance.
type instanceFlag struct {
	given bool
	of    montimer.Instance
}

// UnmarshalText implements [encoding.TextUnmarshaler].
func (f *instanceFlag) UnmarshalText(text []byte) (err error) {
	f.given = true
	f.of, err = montimer.ParseInstance(string(text))
	return err
}

// splitInstance returns a command line without the flag that selects an instance,
// and the instance: selected, or own.
func splitInstance(args []string, own montimer.Instance) (rest []string, of montimer.Instance) {
	of = own
	choose := func(name string) {
		if i, err := montimer.ParseInstance(name); err == nil {
			of = i
		}
	}
	for i := 0; i < len(args); i++ {
		name, joined := strings.CutPrefix(args[i], "--instance=")
		switch {
		case joined:
			choose(name)
		case args[i] == "--instance":
			if i++; i < len(args) {
				choose(args[i])
			}
		default:
			rest = append(rest, args[i])
		}
	}
	return rest, of
}
