package host

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/testenv"
)

// TestTakeSending holds that root's commands send with what the services
// have, and take nothing else from a file, nor anything from one of others.
func TestTakeSending(t *testing.T) {
	testenv.NeedRoot(t) // who alone reads the environment file
	path := filepath.Join(t.TempDir(), "env")
	const file = "TELEGRAM_BOT_TOKEN_DEFAULT='1:A'\nTELEGRAM_CHAT_ID_DEFAULT=-2\nMONTIMER_PLANTED=x\nHTTPS_PROXY=http://127.0.0.1:1\nLOG_LEVEL=DEBUG\n"
	if err := os.WriteFile(path, []byte(file), 0o640); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TELEGRAM_BOT_TOKEN_DEFAULT", "")
	t.Setenv("TELEGRAM_CHAT_ID_DEFAULT", "-1")
	t.Setenv("MONTIMER_PLANTED", "")
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:2")
	t.Setenv("LOG_LEVEL", "info")
	var said strings.Builder
	send := func() error {
		return TakeSending(montimer.Host{EnvFile: path}, slog.New(slog.NewTextHandler(&said, nil)))
	}

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
	for name, want := range map[string]string{"TELEGRAM_BOT_TOKEN_DEFAULT": "1:A", "TELEGRAM_CHAT_ID_DEFAULT": "-1", "MONTIMER_PLANTED": "",
		"HTTPS_PROXY": "http://127.0.0.1:1", "LOG_LEVEL": "DEBUG"} {
		if got := os.Getenv(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if got := said.String(); strings.Count(got, "level=WARN") != 1 || !strings.Contains(got, "TELEGRAM_CHAT_ID_DEFAULT comes from this shell") {
		t.Errorf("not said: %s", got)
	}
	if err := os.WriteFile(path, []byte("TELEGRAM_CHAT_ID_DEFAULT=-1\n"), 0o640); err != nil {
		t.Fatal(err)
	}
	if err := send(); err != nil || os.Getenv("LOG_LEVEL") != "" {
		t.Errorf("LOG_LEVEL of the shell: %q, %v", os.Getenv("LOG_LEVEL"), err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := send(); err != nil || !strings.Contains(said.String(), "is missing: services run no task without it") {
		t.Errorf("no file: %v, %s", err, said.String())
	}
}
