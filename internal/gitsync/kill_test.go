package gitsync

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/montimer/montimer"
)

// TestMain is a program that syncs and nothing else when told to.
func TestMain(m *testing.M) {
	if repo := os.Getenv("GITSYNC_REPO"); repo != "" {
		s := Syncer{
			Repo: repo, StateDir: os.Getenv("GITSYNC_STATE"), Environ: os.Environ(),
			Sync: montimer.Sync{Remote: "origin", Branch: "main", Timeout: time.Minute},
			Log:  slog.New(slog.NewTextHandler(io.Discard, nil)),
		}
		if command := os.Getenv("GITSYNC_COMMAND"); command != "" {
			s.OnChange = onChange(command, "uv.lock")
		}
		s.Run(context.Background())
		return
	}
	code := m.Run()
	os.RemoveAll(template.dir)
	os.Exit(code)
}

// helper is a sync in a process of its own.
func (s *site) helper(t *testing.T) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(environ(), "GITSYNC_REPO="+s.syncer.Repo, "GITSYNC_STATE="+s.state)
	return cmd
}

// killTree kills a process and all below it, as systemd does with a service.
func killTree(pid int) {
	syscall.Kill(pid, syscall.SIGSTOP) // it shall have no more children
	children := childrenOf(pid)
	syscall.Kill(pid, syscall.SIGKILL)
	for _, child := range children {
		killTree(child)
	}
}

func childrenOf(pid int) (children []int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		stat, _ := os.ReadFile(path)
		_, rest, _ := strings.Cut(string(stat), ") ")
		var state string
		var parent int
		if n, _ := fmt.Sscan(rest, &state, &parent); n == 2 && parent == pid {
			child, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
			children = append(children, child)
		}
	}
	return children
}
