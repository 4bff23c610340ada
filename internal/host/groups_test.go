package host

import (
	"slices"
	"strings"
	"testing"

	"github.com/montimer/montimer"
)

func TestRefusedGroups(t *testing.T) {
	t.Parallel()
	for command, want := range map[string]string{
		"chgrp www-data out":              "www-data",
		"/bin/chgrp -R www-data out":      "www-data",
		"chown deploy:www-data out":       "www-data",
		"chown :www-data out":             "www-data",
		"install -d -g www-data out":      "www-data",
		"install --group=www-data a b":    "www-data",
		"chgrp deploy out":                "",
		"chown deploy out":                "",
		"chgrp --reference=a b":           "",
		"install -d out":                  "",
		"echo chgrp www-data out":         "",
		"chgrp":                           "",
		"python checks/chgrp.py www-data": "",
	} {
		p := montimer.Profile{Name: "p", Enabled: true, Tasks: []montimer.Task{{Name: "t", Enabled: true, Command: montimer.Command{Argv: strings.Fields(command)}}}}
		h := montimer.Host{Group: "deploy", Sandboxes: map[string]montimer.Sandbox{"p": montimer.SandboxStrict}}
		got := RefusedGroups(h, []montimer.Profile{p})
		if (want == "") != (len(got) == 0) || !slices.ContainsFunc(append(got, ""), func(s string) bool { return strings.Contains(s, want) }) {
			t.Errorf("%s: %q", command, got)
		}
		h.Sandboxes = nil
		p.Enabled = false
		if got := RefusedGroups(h, []montimer.Profile{p}); got != nil {
			t.Errorf("%s: not strict: %q", command, got)
		}
	}
}
