package main

import (
	"os/exec"
	"syscall"
	"testing"
	"time"
)

// A signal ends a command that waits for its standard input.
func TestSignalEndsReading(t *testing.T) {
	t.Parallel()
	binary := build(t)
	for _, args := range [][]string{{"compile", "--check", "-"}, {"explain", "-"}} {
		for _, with := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
			cmd := exec.Command(binary, args...)
			in, err := cmd.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			select {
			case err := <-ended:
				t.Errorf("%v ended before its input did: %v", args, err)
				continue
			case <-time.After(200 * time.Millisecond):
			}
			if err := cmd.Process.Signal(with); err != nil {
				t.Fatal(err)
			}
			select {
			case <-ended:
			case <-time.After(time.Minute):
				cmd.Process.Kill()
				t.Errorf("%v goes on after %v", args, with)
			}
		}
	}
}
