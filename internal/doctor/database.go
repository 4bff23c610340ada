package doctor

import (
	"fmt"
	"path/filepath"

	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/taskexec"
)

// A database that is larger slows its readers down; of one that has so much unused,
// the rest can be given back to the file system.
const (
	maxDatabase = 2 << 30  // bytes
	maxUnused   = 64 << 20 // bytes, if that is more than half of it
)

// asUser is a command as the user of the tasks.
func (f Facts) asUser(command string) string {
	return "runuser -u " + taskexec.QuoteWord(f.Host.User) + " -- " + command
}

func (f Facts) databaseFile() string { return filepath.Join(f.Host.StateDir, store.FileName) }

// problems makes a check of the problems of some kinds.
func problems(fix func(Facts, store.Problem) string, kinds ...store.ProblemKind) func(Facts) []found {
	return func(f Facts) (all []found) {
		for _, p := range f.User.Database.Problems {
			for _, kind := range kinds {
				if p.Kind == kind {
					all = append(all, found{text: p.Text, fix: fix(f, p)})
				}
			}
		}
		return all
	}
}

// restore goes back to the last good backup, or begins again where there is none.
func (f Facts) restore() string {
	if f.Host.Backup.Dir != "" {
		return f.Host.Instance.Command("db restore")
	}
	return f.Host.Instance.Command("db restore --empty")
}

func newerSchema(f Facts) []found {
	d := f.User.Database
	if d.Version <= d.Known {
		return nil
	}
	return []found{{
		text: fmt.Sprintf("%s has schema %d, and this version knows %d", f.databaseFile(), d.Version, d.Known),
		fix:  fmt.Sprintf(`read -rp 'file of the newer montimer: ' NEW && install -m 755 "$NEW" %s`, taskexec.QuoteWord(f.Host.Binary)),
	}}
}

func largeDatabase(f Facts) []found {
	d := f.User.Database
	if d.Size < maxDatabase && (d.Free < maxUnused || d.Free < d.Size/2) {
		return nil
	}
	return []found{{
		text: fmt.Sprintf("%s has %d MiB, %d MiB of them unused", f.databaseFile(), d.Size>>20, d.Free>>20),
		fix:  f.asUser(fmt.Sprintf("sqlite3 -cmd '.timeout 60000' %s VACUUM", taskexec.QuoteWord(f.databaseFile()))),
	}}
}

func lockedDatabase(f Facts) []found {
	pid := f.User.Database.Writer
	if pid <= 0 {
		return nil
	}
	return []found{{
		text: fmt.Sprintf("process %d has held the lock of %s for seconds", pid, f.databaseFile()),
		fix:  f.asUser(fmt.Sprintf("kill %d", pid)),
	}}
}

func damaged(f Facts) []found {
	all := problems(func(f Facts, _ store.Problem) string { return f.restore() }, store.Damaged)(f)
	if why := f.User.Database.Damage; why != "" && all == nil {
		all = []found{{text: why, fix: f.restore()}}
	}
	return all[:min(len(all), 1)] // one fix for all
}

func databaseChecks() []Check {
	database := []part{partDatabase}
	return []Check{
		{"db-owner", "database files of the wrong owner", "runs are not recorded", false, database, problems(func(f Facts, _ store.Problem) string {
			return fmt.Sprintf("chown -h %s: %s*", taskexec.QuoteWord(f.Host.User), taskexec.QuoteWord(f.databaseFile()))
		}, store.WrongOwner)},
		{"db-mode", "database that all users can write", "others decide what has run", false, database,
			problems(func(f Facts, _ store.Problem) string {
				return f.asUser(fmt.Sprintf("chmod o-w %s %s*", taskexec.QuoteWord(f.Host.StateDir), taskexec.QuoteWord(f.databaseFile())))
			}, store.WrongMode)},
		{"db-damaged", "damaged database", "runs are not recorded, and alerts may be lost", false, database, damaged},
		{"db-schema", "tables, columns or indexes of montimer missing, or triggers of others on them", "runs are not recorded as they were", false, database,
			problems(func(f Facts, p store.Problem) string {
				if p.Path != "" { // no table at all
					return f.Host.Instance.Command("db init")
				}
				return f.Host.Instance.Command("db check --repair")
			}, store.WrongShape)},
		{"db-trigger", "triggers on the tables shared with the tasks", "one can change or delete what is recorded", true, database,
			problems(func(f Facts, _ store.Problem) string {
				const drops = `SELECT printf('DROP TRIGGER "%w";', name) FROM sqlite_master WHERE type = 'trigger' AND tbl_name IN ('alert_events', 'monitor_state')`
				file := taskexec.QuoteWord(f.databaseFile())
				return fmt.Sprintf("%s | %s", f.asUser("sqlite3 "+file+" "+taskexec.QuoteWord(drops)), f.asUser("sqlite3 -cmd '.timeout 60000' "+file))
			}, store.TaskTrigger)},
		{"db-rows", "rows that cannot be read", "a command that comes upon one stops", false, database,
			problems(func(f Facts, _ store.Problem) string { return f.Host.Instance.Command("db check --repair") }, store.WrongRows)},
		{"db-index", "index of the alerts API missing", "its answers become slow", true, database,
			problems(func(f Facts, _ store.Problem) string { return f.Host.Instance.Command("db init") }, store.NoIndex, store.NoLog)},
		{"db-newer", "schema newer than this version", "a newer montimer has used it: this one ignores what that added", true, database, newerSchema},
		{"db-size", "large database", "each read of the history takes longer", true, database, largeDatabase},
		{"db-log", "write-ahead log that grows", "the disk fills up, and each read takes longer", true, database,
			problems(func(f Facts, _ store.Problem) string {
				return f.asUser(fmt.Sprintf("sqlite3 -cmd '.timeout 60000' %s 'PRAGMA wal_checkpoint(TRUNCATE)'", taskexec.QuoteWord(f.databaseFile())))
			}, store.LargeLog)},
		{"db-locked", "database that another program keeps locked", "runs are not recorded until it ends", false, database, lockedDatabase},
	}
}
