package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/montimer/montimer/internal/host"
)

// TestSecrets plants secrets in the environment of a run of the timer, and has
// them said by a task, by a Bot API, by a redirect and by what is no URL: none
// of them is in the log or in any file of the state directory.
func TestSecrets(t *testing.T) {
	t.Parallel()
	api := http.NewServeMux()
	api.HandleFunc("/echo/", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if bytes.Contains(body, []byte("planted")) {
			t.Errorf("sent: %s", body)
		}
		w.WriteHeader(http.StatusNotFound)
		io.WriteString(w, `{"ok":false,"error_code":404,"description":"no `+r.URL.Path+` for planted-password"}`)
	})
	api.HandleFunc("/redirect/", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/planted-landed"+r.URL.Path, http.StatusMovedPermanently)
	})
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	binary := build(t)

	for name, env := range map[string][]string{
		"echo":          {"TELEGRAM_API_BASE=" + server.URL + "/echo", "MONTIMER_HEARTBEAT=" + server.URL + "/redirect/planted-uuid"},
		"redirect":      {"TELEGRAM_API_BASE=" + server.URL + "/redirect", "MONTIMER_HEARTBEAT=http://user:planted-in-url@127.0.0.1:1/"},
		"not a URL":     {"TELEGRAM_API_BASE=https://user:planted-in-url@%zz", "MONTIMER_HEARTBEAT=planted-heartbeat"},
		"a proxy":       {"TELEGRAM_API_BASE=https://planted.invalid", "HTTPS_PROXY=http://user:planted-in-url@127.0.0.1:1", "MONTIMER_HEARTBEAT=https://planted.invalid/planted-uuid"},
		"a wrong proxy": {"TELEGRAM_API_BASE=https://planted.invalid", "HTTPS_PROXY=http://user:planted-in-url@:port", "MONTIMER_HEARTBEAT=https://planted.invalid/planted-uuid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := copyForAll(t, "testdata/recorded")
			stateDir := filepath.Join(dir, "state")
			jobs := "profiles: {leak: {cron: '1 * * * *', tasks: [{name: env, command: 'env; env >&2; exit 1'}]}}\n"
			if err := os.WriteFile(filepath.Join(dir, "jobs.yaml"), []byte(jobs), 0o644); err != nil {
				t.Fatal(err)
			}
			var said bytes.Buffer
			cmd := exec.CommandContext(t.Context(), "sh", "-c", `SYSTEMD_EXEC_PID=$$ TRIGGER_UNIT=montimer-job-leak.timer exec "$0" exec leak`, binary)
			cmd.Dir = dir
			cmd.Stderr = &watched{t: t, text: "next attempt in", found: func() { cmd.Process.Signal(syscall.SIGKILL) }, all: &said}
			cmd.Stdout = cmd.Stderr
			cmd.Env = append(env, "PATH=/usr/local/bin:/usr/bin:/bin", "HOME="+dir, "MONTIMER_CHECKOUT="+dir, "MONTIMER_STATE_DIR="+stateDir,
				"MONTIMER_JOBS="+filepath.Join(dir, "jobs.yaml"), "TELEGRAM_CHAT_ID_DEFAULT=-1",
				"TELEGRAM_BOT_TOKEN_DEFAULT=123456:AAF-planted_token_0123456789012345678", "DB_PASSWORD=planted-password")
			if host.IsRoot() {
				cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: nobody, Gid: nobody}}
			}
			cmd.Run()
			// What names a host is no secret, nor is what is no secret by its name.
			clean := func(b []byte) string { return strings.ReplaceAll(string(b), "planted.invalid", "") }
			if strings.Contains(clean(said.Bytes()), "planted") || !strings.Contains(said.String(), "FAIL env") {
				t.Errorf("said: %s", said.String())
			}
			files, err := filepath.Glob(filepath.Join(stateDir, "*"))
			if err != nil || len(files) < 2 {
				t.Fatalf("%v, %v", files, err)
			}
			for _, file := range files {
				if data, err := os.ReadFile(file); err == nil && strings.Contains(clean(data), "planted") {
					i := bytes.Index(data, []byte("planted"))
					t.Errorf("%s: …%q…", file, data[max(0, i-60):min(len(data), i+60)])
				}
			}
		})
	}
}
