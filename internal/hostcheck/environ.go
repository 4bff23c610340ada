package hostcheck

import (
	"fmt"
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
	f.Warnings = append(f.Warnings, unsetHeartbeats(h, j, func(name string) string { return variables[name] })...)
	f.alerts(h, variables)
}

// Alerts warns of alerts that go nowhere, or to the chat for tests.
func Alerts(h montimer.Host) (f Findings) {
	if text, ok := environmentFile(h); ok {
		f.alerts(h, host.Environment(text))
	}
	return f
}

// Silence is Alerts, and also warns of heartbeats that are not sent. ok is false if
// this user may not read the environment file, which says both.
func Silence(h montimer.Host, j montimer.Jobs) (f Findings, ok bool) {
	text, ok := environmentFile(h)
	if ok {
		variables := host.Environment(text)
		f.alerts(h, variables)
		f.Warnings = append(f.Warnings, Heartbeats(h, j, func(name string) string { return variables[name] })...)
	}
	return f, ok
}

// Heartbeats says which heartbeats are not sent, as their variable is not set in the
// environment file. One of any kind tells when the host is down.
func Heartbeats(h montimer.Host, j montimer.Jobs, get func(variable string) string) (unset []string) {
	beats := get(montimer.GlobalHeartbeat) != ""
	for _, p := range j.Profiles {
		beats = beats || p.Enabled && p.Heartbeat != "" && get(p.Heartbeat) != ""
	}
	if !beats {
		unset = append(unset, fmt.Sprintf("there is no heartbeat, so nobody is told when this host is down: %s is not set in %s", montimer.GlobalHeartbeat, h.EnvFile))
	}
	return append(unset, unsetHeartbeats(h, j, get)...)
}

func unsetHeartbeats(h montimer.Host, j montimer.Jobs, get func(variable string) string) (unset []string) {
	for _, p := range j.Profiles {
		if p.Enabled && p.Heartbeat != "" && get(p.Heartbeat) == "" {
			unset = append(unset, fmt.Sprintf("profile %s, heartbeat: %s is not set in %s, so nothing is pinged", p.Name, p.Heartbeat, h.EnvFile))
		}
	}
	return unset
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
