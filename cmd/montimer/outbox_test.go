package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/montimer/montimer/internal/testenv"
)

// TestSendAsServices holds that root's commands send with what the services
// have, and take nothing else from a file, nor anything from one of others.
func TestSendAsServices(t *testing.T) {
	testenv.NeedRoot(t) // who alone reads the environment file
	path := filepath.Join(t.TempDir(), "env")
	const file = "TELEGRAM_BOT_TOKEN_DEFAULT='1:A'\nTELEGRAM_CHAT_ID_DEFAULT=-2\nMONTIMER_PLANTED=x\n"
	if err := os.WriteFile(path, []byte(file), 0o640); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TELEGRAM_BOT_TOKEN_DEFAULT", "")
	t.Setenv("TELEGRAM_CHAT_ID_DEFAULT", "-1")
	t.Setenv("MONTIMER_PLANTED", "")
	e := env{stdout: io.Discard, stderr: io.Discard, getenv: os.Getenv}
	send := func() error { return sendAsServices(hostFlags{EnvFile: path}, e) }

	if err := os.Chown(path, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	if err := send(); err == nil || !strings.Contains(err.Error(), "belongs to user 65534") || os.Getenv("TELEGRAM_BOT_TOKEN_DEFAULT") != "" {
		t.Errorf("a file of somebody else: %v", err)
	}
	if err := os.Chown(path, 0, 65534); err != nil {
		t.Fatal(err)
	}
	if err := send(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"TELEGRAM_BOT_TOKEN_DEFAULT": "1:A", "TELEGRAM_CHAT_ID_DEFAULT": "-1", "MONTIMER_PLANTED": ""} {
		if got := os.Getenv(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := send(); err != nil {
		t.Errorf("no file: %v", err)
	}
}
