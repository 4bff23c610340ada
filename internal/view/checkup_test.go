package view

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestCheckup(t *testing.T) {
	t.Parallel()
	ok := Finding{ID: "log-debug", Status: CheckOK, Text: "no LOG_LEVEL=DEBUG"}
	fault := Finding{
		ID: "unit-masked", Status: CheckFault, Text: "montimer-job-hourly.timer is masked\x1b[2J", Why: "it never starts",
		Fix: "systemctl unmask montimer-job-hourly.timer && systemctl start montimer-job-hourly.timer",
	}
	warning := Finding{ID: "git-dirty", Status: CheckWarning, Text: "edited in /srv/app: " + strings.Repeat("protocols/aave/main.py, ", 4) + "x", Why: "the next sync drops it", Fix: "montimer sync"}
	missing := Finding{ID: "unit-missing", Status: CheckFault, Text: "a.timer is not in /usr/local/lib/systemd/system", Why: "the profile never runs", Fix: "montimer apply"}
	dropped := Finding{ID: "unit-edited", Status: CheckWarning, Text: "b.timer was edited", Why: "the next compile drops it", Fix: "montimer apply"}
	unseen := func(id string) Finding {
		return Finding{ID: id, Status: NotChecked, Text: "/etc/montimer/env: permission denied"}
	}
	for _, tt := range []struct {
		name     string
		findings []Finding
		strict   bool
		ok       bool
		text     string
	}{
		{"all well", []Finding{ok}, false, true, "all well: 1 check\n"},
		{"a warning", []Finding{ok, warning}, false, true, `warning  git-dirty: edited in /srv/app: protocols/aave/main.py,
         protocols/aave/main.py, protocols/aave/main.py, protocols/aave/main.py,
         x
         the next sync drops it
         fix: montimer sync
1 warning: 2 checks
`},
		{"a warning, strictly", []Finding{warning}, true, false, ""},
		{"the worst first", []Finding{ok, unseen("env-crlf"), warning, unseen("env-line"), fault, fault}, false, false,
			`fault    unit-masked: montimer-job-hourly.timer is masked\x1b[2J
fault    unit-masked: montimer-job-hourly.timer is masked\x1b[2J
         it never starts
         fix: systemctl unmask montimer-job-hourly.timer && systemctl start montimer-job-hourly.timer
warning  git-dirty: edited in /srv/app: protocols/aave/main.py,
         protocols/aave/main.py, protocols/aave/main.py, protocols/aave/main.py,
         x
         the next sync drops it
         fix: montimer sync
not checked: /etc/montimer/env: permission denied: env-crlf, env-line
2 faults, 1 warning: 5 checks, 2 of them not done
`},
		{"many of one cause", append(slices.Repeat([]Finding{missing}, 8), dropped), false, false, `fault    unit-missing: a.timer is not in /usr/local/lib/systemd/system
fault    unit-missing: a.timer is not in /usr/local/lib/systemd/system
fault    unit-missing: a.timer is not in /usr/local/lib/systemd/system
fault    unit-missing: a.timer is not in /usr/local/lib/systemd/system
fault    unit-missing: a.timer is not in /usr/local/lib/systemd/system
         unit-missing: and 3 more, which -o json has
         the profile never runs
warning  unit-edited: b.timer was edited
         the next compile drops it
         fix: montimer apply
8 faults, 1 warning: 2 checks
`},
		{"not all can be seen", []Finding{ok, unseen("env-crlf")}, true, true, `not checked: /etc/montimer/env: permission denied: env-crlf
nothing wrong, as far as can be seen: 2 checks, 1 of them not done
`},
	} {
		c := CheckupOf("", "h", time.Now(), tt.findings, tt.strict)
		if got := c.Text(false); c.OK != tt.ok || tt.text != "" && got != tt.text {
			t.Errorf("%s: ok %t\n%s", tt.name, c.OK, got)
		}
		for line := range strings.Lines(c.Text(false)) {
			if len(line) > checkupWidth+1 && !strings.HasPrefix(line, "         fix: ") {
				t.Errorf("%s: %d columns: %s", tt.name, len(line), line)
			}
		}
	}
	c := CheckupOf("two", "h", at("12:30"), []Finding{ok, fault}, false)
	if text := c.Text(true); !strings.HasPrefix(text, "\x1b[31mfault    \x1b[0munit-masked: ") {
		t.Errorf("in colour: %q", text)
	}
	text, err := json.Marshal(c)
	want := `{"instance":"two","host":"h","at":"2026-05-01T12:30:00Z","ok":false,"verdict":"1 fault: 2 checks","checks":[` +
		`{"id":"unit-masked","status":"fault","text":"montimer-job-hourly.timer is masked\u001b[2J","why":"it never starts",` +
		`"fix":"systemctl unmask montimer-job-hourly.timer \u0026\u0026 systemctl start montimer-job-hourly.timer","needs_attention":true},` +
		`{"id":"log-debug","status":"ok","text":"no LOG_LEVEL=DEBUG","needs_attention":false}]}`
	if string(text) != want || err != nil {
		t.Errorf("%v\n%s\nwant\n%s", err, text, want)
	}
}
