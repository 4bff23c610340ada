package doctor

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/backup"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/taskexec"
)

// BackupFacts is what the user of the tasks knows of the backups.
type BackupFacts struct {
	Place backup.Place `json:"place"`
	State backup.State `json:"state"`

	Elsewhere string `json:"elsewhere"` // which host runs the jobs in place of this one; "": none, as far as is known
	Fix       string `json:"fix"`       // what brings them here
	Unknown   string `json:"unknown"`   // why that is not known
	Remove    string `json:"remove"`    // what removes the owner file that is none
	Namesake  string `json:"namesake"`  // the host that has the id of this machine and another name; "": none
}

func backups(h montimer.Host) (b BackupFacts, err error) {
	if h.Backup.Dir != "" {
		b.Place = backup.Look(h.Backup.Dir, h.StateDir, networkTime)
		b.State, err = backup.ReadState(h.StateDir)
		var other *backup.NotOwnerError
		switch owner := backup.Elsewhere(h.Backup.Dir); {
		case errors.As(owner, &other):
			b.Elsewhere, b.Fix = other.Error(), h.Instance.Command("takeover "+taskexec.QuoteWord(h.Backup.Dir))
		case owner != nil && !b.Place.Missing:
			b.Unknown = owner.Error()
			var bad *backup.BadOwnerError
			if errors.As(owner, &bad) {
				b.Unknown, b.Remove = errors.Unwrap(bad).Error(), bad.Fix()
			}
		}
		b.Namesake = backup.Namesake(h.Backup.Dir, host.Hostname())
	}
	return b, err
}

func backupChecks() []Check {
	part := []part{partBackup}
	return []Check{
		{"owner", "other host that runs the jobs in place of this one", "this host runs no task and sends no alert", false, part, func(f Facts) []found {
			switch b := f.User.Backup; {
			case b.Elsewhere != "":
				return []found{{text: b.Elsewhere, fix: b.Fix}}
			case b.Unknown != "":
				return []found{{text: "whether another host runs the jobs is not known, so they run here: " + b.Unknown, mild: true, fix: cmp.Or(b.Remove, "ls -l "+taskexec.QuoteWord(f.Host.Backup.Dir))}}
			}
			return nil
		}},
		{"machine-id", "other host with the machine id of this one", "each takes the backups of the other for its own, and both run the jobs", true, part, func(f Facts) []found {
			b := f.User.Backup
			if b.Namesake == "" {
				return nil
			}
			file := filepath.Join(f.Host.Backup.Dir, backup.OwnerFile)
			return []found{{
				text: fmt.Sprintf("%s names the host %s, which has the machine id of this one: give one of the two another, and reboot it; or, if this host was only renamed: rm %s", file, b.Namesake, taskexec.QuoteWord(file)),
				fix:  "rm -f /etc/machine-id /var/lib/dbus/machine-id && systemd-machine-id-setup",
			}}
		}},
		{"backup-dir", "directory of backups missing, or not writable for the user of the tasks", "no backup is made", false, part, func(f Facts) []found {
			dir, place := taskexec.QuoteWord(f.Host.Backup.Dir), f.User.Backup.Place
			owner := taskexec.QuoteWord(f.Host.User)
			switch {
			case f.Host.Backup.Dir == "":
				return nil
			case place.Missing:
				return []found{{text: place.Wrong, fix: fmt.Sprintf("install -d -m 750 -o %s -g %s %s", owner, taskexec.QuoteWord(f.Host.Group), dir)}}
			case place.Wrong != "":
				return []found{{text: place.Wrong, fix: fmt.Sprintf("chown %s %s && chmod u+rwx %[2]s", owner, dir)}}
			case place.Same:
				return []found{{note: f.Host.Backup.Dir + " is on the file system of the state directory: a disk that fails takes both"}}
			}
			return nil
		}},
		{"backup-late", "backups that fail or are late", "what has happened since is lost with the disk", false, part, func(f Facts) []found {
			why := f.User.Backup.State.Trouble(f.Host.Backup, f.Now)
			if why == "" {
				return nil
			}
			return []found{{text: why, fix: "systemctl start " + f.Host.Instance.Unit("backup.service"), mild: f.User.Backup.State.None()}}
		}},
	}
}
