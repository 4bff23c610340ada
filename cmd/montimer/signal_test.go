package main

import (
	"bytes"
	"errors"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
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

// TestSignalShowsNothing: who is stopped while systemd does not answer says nothing
// of the host.
func TestSignalShowsNothing(t *testing.T) {
	t.Parallel()
	defer defaultSignals(syscall.SIGTERM)()
	binary := build(t)
	dir, err := os.MkdirTemp("", "signal") // open to others: root is no user of tasks
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "bus")
	bus, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	jobs := []byte("profiles: { a: { cron: '0 * * * *', tasks: [{ name: t, command: 'true' }] } }\n")
	err = errors.Join(os.Chmod(dir, 0o755), os.Chmod(path, 0o777), bus.SetDeadline(time.Now().Add(time.Minute)), os.WriteFile(filepath.Join(dir, "jobs.yaml"), jobs, 0o644))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		cmd := exec.Command(binary, "status", "--checkout", dir, "--state-dir", dir)
		if os.Geteuid() == 0 {
			cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		}
		cmd.Env = append(os.Environ(), "DBUS_SYSTEM_BUS_ADDRESS=unix:path="+path, "GOMAXPROCS=1") // one thread: what is woken first runs first
		var out bytes.Buffer
		cmd.Stdout = &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		conn, err := bus.Accept() // it waits for an answer
		if err == nil {
			defer conn.Close()
			err = cmd.Process.Signal(syscall.SIGTERM)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _ = cmd.Wait(); cmd.ProcessState.ExitCode() != exitInterrupted || out.Len() > 0 {
			t.Errorf("%v: %s", cmd.ProcessState, &out)
		}
	}
}
