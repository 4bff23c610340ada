package main

import (
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"testing"
	"time"
)

// defaultSignals has children started with the default action for signals that
// this process may ignore, as below nohup(1) or in the background of a shell, until
// restore is called.
func defaultSignals(which ...os.Signal) (restore func()) {
	caught := make(chan os.Signal, 1) // exec(2) resets what is caught
	signal.Notify(caught, which...)
	return func() { signal.Stop(caught) }
}

// A signal ends a command that waits for its standard input.
func TestSignalEndsReading(t *testing.T) {
	t.Parallel()
	defer defaultSignals(syscall.SIGINT, syscall.SIGTERM)()
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
