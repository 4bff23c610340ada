package host

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer"
)

// TestBackup holds what the setting backup takes, and what it refuses where.
func TestBackup(t *testing.T) {
	for text, want := range map[string]struct {
		backup montimer.Backup
		err    string
	}{
		"":                       {},
		"backup: {dir: /mnt/b/}": {backup: montimer.Backup{Dir: "/mnt/b", Every: time.Hour, Keep: 48}},
		"backup: {every: 10m, dir: /mnt/b, keep: 3}":    {backup: montimer.Backup{Dir: "/mnt/b", Every: 10 * time.Minute, Keep: 3}},
		"backup: {every: 1h}":                           {err: "config.yaml:1:9: backup: dir is missing"},
		"backup: yes":                                   {err: "config.yaml:1:9: backup: \"yes\": write a mapping such as {every: 1h"},
		"backup: {dir: b}":                              {err: `config.yaml:1:15: backup: dir: "b" is a relative path`},
		"backup: {dir: /mnt/b, every: 1s}":              {err: `config.yaml:1:30: backup: every: "1s": must be from 1min to 1w`},
		"backup: {dir: /mnt/b, keep: 0}":                {err: `config.yaml:1:29: backup: keep: "0": write how many`},
		"backup: {dir: /mnt/b, keep: [1]}":              {err: "keep: a list"},
		"backup: {directory: /mnt/b, dir: /b}":          {err: `unknown key "directory"`},
		"backup: {dir: /tmp/b}":                         {err: "a /tmp of their own"},
		"backup: {dir: /var/lib/montimer/backups}":      {err: "is in /var/lib/montimer, where tasks can change"},
		"backup: {dir: /srv/app}":                       {err: "is in /srv/app"},
		"backup: {dir: /srv}":                           {err: "holds /srv/app"},
		"backup: {dir: /mnt/b/c}\nwrite: [/mnt/b]":      {err: "is in /mnt/b"},
		"backup: {dir: /mnt/b}\nwrite: {x: [/mnt/b/c]}": {err: "holds /mnt/b/c"},
		"backup: {dir: /mnt/b}\nwrite: [/mnt/b2/c]\nunit_dir: /u\nbinary: /usr/m": {backup: montimer.Backup{Dir: "/mnt/b", Every: time.Hour, Keep: 48}},
	} {
		path := filepath.Join(t.TempDir(), "config.yaml")
		if err := os.WriteFile(path, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := ReadConfig(path)
		var h montimer.Host
		if err == nil {
			s.Checkout = "/srv/app"
			h, err = Resolve(Process{Root: true, Dir: "/"}, s)
		}
		switch {
		case want.err != "":
			if err == nil || !strings.Contains(err.Error(), want.err) {
				t.Errorf("%s: %v, want %q", text, err, want.err)
			}
		case err != nil || h.Backup != want.backup:
			t.Errorf("%s: %+v, %v", text, h.Backup, err)
		}
	}
}
