package hostcheck

import (
	"os"
	"strings"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/host"
)

// environment warns of mistakes in the environment file of the services,
// without showing values.
func (f *Findings) environment(h montimer.Host, j montimer.Jobs) {
	if isMissing(h.EnvFile) {
		f.warn("the services need %s, which does not exist (it may be empty): install -m 640 -g %s /dev/null %s", h.EnvFile, h.Group, h.EnvFile)
	}
	text, ok := environmentFile(h)
	if !ok {
		return
	}
	for _, mistake := range host.EnvironmentMistakes(text) {
		f.warn("%s:%s", h.EnvFile, mistake)
	}
	variables := host.Environment(text)
	for _, p := range j.Profiles {
		if p.Enabled && p.Heartbeat != "" && variables[p.Heartbeat] == "" {
			f.warn("profile %s, heartbeat: %s is not set in %s, so nothing is pinged", p.Name, p.Heartbeat, h.EnvFile)
		}
	}
	f.alerts(h, variables)
}

// Alerts warns of alerts that go nowhere, or to the chat for tests.
func Alerts(h montimer.Host) (f Findings) {
	if text, ok := environmentFile(h); ok {
		f.alerts(h, host.Environment(text))
	}
	return f
}

func (f *Findings) alerts(h montimer.Host, variables map[string]string) {
	if strings.EqualFold(variables["LOG_LEVEL"], "debug") {
		f.warn("NO ALERTS are sent: LOG_LEVEL is DEBUG in %s", h.EnvFile)
	} else if variables["TELEGRAM_TEST_CHAT_ID"] != "" {
		f.warn("TEST MODE: all alerts go to the test chat: TELEGRAM_TEST_CHAT_ID is set in %s", h.EnvFile)
	}
}

// environmentFile reads the environment file of the services, as far as the
// caller may; root reads only one that no other user can change.
func environmentFile(h montimer.Host) (text string, ok bool) {
	if host.IsRoot() && host.Trusted(h.EnvFile) != nil {
		return "", false
	}
	if info, err := os.Stat(h.EnvFile); err != nil || !info.Mode().IsRegular() {
		return "", false
	}
	data, err := os.ReadFile(h.EnvFile)
	return string(data), err == nil
}
