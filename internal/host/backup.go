package host

import (
	"cmp"
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
)

func (c *config) backupKeys(b *montimer.Backup) []Key {
	return []Key{
		{Name: "dir", Type: "absolute path", Example: "/mnt/backup/montimer", Variables: []string{"MONTIMER_BACKUP_DIR"},
			Doc:   "The directory for the backups, best on another disk or machine. Required.",
			value: &b.Dir,
			read: func(n *yaml.Node) {
				if c.text(n, "backup: dir", &b.Dir) && !filepath.IsAbs(b.Dir) {
					c.wrong(n, "backup: dir: %q %s", b.Dir, notAbsolute(b.Dir))
				}
			}},
		{Name: "every", Type: "time span", Default: calendar.FormatSpan(defaultBackupEvery), Example: "1h",
			Doc: "From one backup to the next: from 1m to 7d.",
			read: func(n *yaml.Node) {
				var every string
				if !c.text(n, "backup: every", &every) {
					return
				}
				var err error
				if b.Every, err = span("every", every, time.Minute, 7*24*time.Hour); err != nil {
					c.wrong(n, "backup: %v", err)
				}
			}},
		{Name: "keep", Type: "number", Default: strconv.Itoa(defaultBackupKeep), Example: "48",
			Doc: fmt.Sprintf("How many backups stay, from 1 to %d; older ones are removed.", maxKeep),
			read: func(n *yaml.Node) {
				keep, err := strconv.Atoi(n.Value)
				if n.Kind != yaml.ScalarNode || err != nil || keep < 1 || keep > maxKeep {
					c.wrong(n, "backup: keep: %s: write how many backups stay, from 1 to %d", describe(n), maxKeep)
				}
				b.Keep = keep
			}},
	}
}

// backup reads when and where the database is backed up.
func (c *config) backup(n *yaml.Node, b *montimer.Backup, keys []Key) {
	c.mapping(n, "backup", "{every: 1h, dir: /mnt/backup/montimer, keep: 48}", keys)
	if b.Dir == "" && len(c.mistakes) == 0 {
		c.wrong(n, "backup: dir is missing: write the directory for the backups, best on another disk or machine: {dir: /mnt/backup/montimer}")
	}
}

// maxKeep is how many backups can stay: one of each minute for a week.
const maxKeep = 10_080

// The backups of a host that says only where they are.
const (
	defaultBackupEvery = time.Hour
	defaultBackupKeep  = 48
)

// resolveBackup fills in the defaults.
func resolveBackup(b montimer.Backup) montimer.Backup {
	if b.Dir == "" {
		return montimer.Backup{}
	}
	return montimer.Backup{Dir: filepath.Clean(b.Dir), Every: cmp.Or(b.Every, defaultBackupEvery), Keep: cmp.Or(b.Keep, defaultBackupKeep)}
}

// checkBackup refuses directories in which tasks can change the backups, or that the
// unit cannot see (systemd.exec(5), PrivateTmp=).
func checkBackup(h montimer.Host) error {
	dir := h.Backup.Dir
	if dir == "" {
		return nil
	}
	for _, private := range []string{"/tmp", "/var/tmp"} {
		if within(dir, private) {
			return fmt.Errorf("backup: %s: the services have a %s of their own: use a directory such as /var/backups/%s", dir, private, h.Instance.Prefix())
		}
	}
	places := []string{h.StateDir, h.Checkout}
	for _, paths := range h.Writable {
		places = append(places, paths...)
	}
	for _, place := range places {
		if within(dir, place) {
			return fmt.Errorf("backup: %s is in %s, where tasks can change the backups: use a directory such as /var/backups/%s", dir, place, h.Instance.Prefix())
		}
		if within(place, dir) {
			return fmt.Errorf("backup: %s holds %s, which tasks can change: use a directory such as /var/backups/%s", dir, place, h.Instance.Prefix())
		}
	}
	return nil
}

// orBackup fills the missing settings of b from t.
func orBackup(b, t montimer.Backup) montimer.Backup {
	return montimer.Backup{Dir: cmp.Or(b.Dir, t.Dir), Every: cmp.Or(b.Every, t.Every), Keep: cmp.Or(b.Keep, t.Keep)}
}
