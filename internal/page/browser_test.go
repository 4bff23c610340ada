package page

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/montimer/montimer/internal/testenv"
)

// browser is a session of Chromium that WebDriver controls
// (https://www.w3.org/TR/webdriver2/).
type browser struct {
	t   *testing.T
	url string // of the session
}

// patience bounds each wait; a test that passes does not wait for it.
const patience = time.Minute

// newBrowser starts Debian's chromium without a screen.
func newBrowser(t *testing.T) *browser {
	t.Helper()
	testenv.Need(t, "chromium", "chromedriver")
	// Not t.TempDir: processes of the browser may still write when it has ended.
	profile, err := os.MkdirTemp("", "chromium")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(profile) })
	cmd := exec.Command("chromedriver", "--port=0")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // with its browser
		_ = cmd.Wait()
	})
	port := ""
	lines := bufio.NewScanner(out)
	for port == "" && lines.Scan() {
		if _, rest, ok := strings.Cut(lines.Text(), "successfully on port "); ok {
			port = strings.TrimRight(rest, ".")
		}
	}
	if port == "" {
		t.Fatal("chromedriver did not say where it listens")
	}
	go io.Copy(io.Discard, out)
	b := &browser{t: t, url: "http://127.0.0.1:" + port + "/session"}
	var session struct{ SessionID string }
	b.call("POST", "", object{"capabilities": object{"alwaysMatch": object{
		"browserName": "chrome", "goog:loggingPrefs": object{"browser": "ALL"},
		"goog:chromeOptions": object{
			"binary": "/usr/bin/chromium",
			"args":   []string{"--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars", "--user-data-dir=" + profile},
		},
	}}}, &session)
	b.url += "/" + session.SessionID
	b.call("POST", "/timeouts", object{"script": patience.Milliseconds(), "pageLoad": patience.Milliseconds()}, nil)
	t.Cleanup(func() { b.call("DELETE", "", nil, nil) })
	return b
}

type object map[string]any

// call asks the driver for something, and reads the value of the answer.
func (b *browser) call(method, path string, body, value any) {
	b.t.Helper()
	var in io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			b.t.Fatal(err)
		}
		in = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.url+path, in)
	if b.t.Context().Err() != nil { // while the test is cleaned up
		r, err = http.NewRequest(method, b.url+path, in)
	}
	if err != nil {
		b.t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	answer := struct{ Value any }{value}
	data, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode == http.StatusOK {
		err = json.Unmarshal(data, &answer)
	}
	if err != nil || resp.StatusCode != http.StatusOK {
		b.t.Fatalf("%s %s: %s %.1000s %v", method, path, resp.Status, data, err)
	}
}

// open loads a page.
func (b *browser) open(url string) { b.t.Helper(); b.call("POST", "/url", object{"url": url}, nil) }

// js runs a script in the page and reads what it returns.
func (b *browser) js(value any, script string, args ...any) {
	b.t.Helper()
	if args == nil {
		args = []any{}
	}
	b.call("POST", "/execute/sync", object{"script": script, "args": args}, value)
}

// text returns what a script returns, as text.
func (b *browser) text(script string, args ...any) string {
	b.t.Helper()
	var value any
	b.js(&value, script, args...)
	return fmt.Sprint(value)
}

// until waits until a script returns true.
func (b *browser) until(script string, args ...any) {
	b.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(10 * time.Millisecond) {
		ok := false
		if b.js(&ok, script, args...); ok {
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("not true within %v: %s", patience, script)
		}
	}
}

// cdp sends a command of the DevTools protocol.
func (b *browser) cdp(command string, params object, value any) {
	b.t.Helper()
	b.call("POST", "/goog/cdp/execute", object{"cmd": command, "params": params}, value)
}

// screen sets the size, and whether colours are dark.
func (b *browser) screen(width, height int, dark bool) {
	b.t.Helper()
	b.cdp("Emulation.setDeviceMetricsOverride", object{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}, nil)
	scheme := map[bool]string{false: "light", true: "dark"}[dark]
	b.cdp("Emulation.setEmulatedMedia", object{"features": []object{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// picture returns what is on the screen, as PNG.
func (b *browser) picture() []byte {
	b.t.Helper()
	var text string
	b.call("GET", "/screenshot", nil, &text)
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		b.t.Fatal(err)
	}
	return data
}

// tabs presses the tabulator key so many times.
func (b *browser) tabs(times int) {
	b.t.Helper()
	var keys []object
	for range times {
		keys = append(keys, object{"type": "keyDown", "value": "\uE004"}, object{"type": "keyUp", "value": "\uE004"})
	}
	b.call("POST", "/actions", object{"actions": []object{{"type": "key", "id": "keyboard", "actions": keys}}}, nil)
}

// complaints returns what the browser had to say: errors, and what the policy of
// the page forbade.
func (b *browser) complaints() (all []string) {
	b.t.Helper()
	var entries []struct{ Level, Source, Message string }
	b.call("POST", "/se/log", object{"type": "browser"}, &entries)
	for _, e := range entries {
		all = append(all, fmt.Sprintf("%s %s: %s", e.Level, e.Source, e.Message))
	}
	return all
}
