package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/journal"
	"github.com/montimer/montimer/internal/unitfile"
)

// JournalFacts is how the host keeps its journal.
type JournalFacts struct {
	Storage   string // journald.conf(5), Storage=; "": auto
	Directory bool   // /var/log/journal exists
	Retention string // MaxRetentionSec=; "": no limit
	MaxUse    string // SystemMaxUse=; "": the default
	Used      int64  // bytes of /var/log/journal; only if MaxUse is set
	Oldest    time.Time
}

const journalDir = "/var/log/journal"

func (r *reader) journal(ctx context.Context) error {
	j := &r.facts.Journal
	config, err := exec.CommandContext(ctx, "systemd-analyze", "--no-pager", "cat-config", "systemd/journald.conf").Output()
	if err != nil {
		return fmt.Errorf("read the settings of the journal: systemd-analyze: %w", err)
	}
	for d := range unitfile.Directives(string(config)) {
		if to := map[string]*string{"Storage": &j.Storage, "MaxRetentionSec": &j.Retention, "SystemMaxUse": &j.MaxUse}[d.Key]; to != nil && d.Section == "Journal" {
			*to = d.Value // the last one counts
		}
	}
	_, err = os.Stat(journalDir)
	if j.Directory = err == nil; !j.Directory || parseSize(j.MaxUse) == 0 {
		return nil
	}
	err = filepath.WalkDir(journalDir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) { // a file that was rotated away
			return nil
		}
		if err == nil && info.Mode().IsRegular() {
			j.Used += info.Size()
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("look how much room the journal takes: %w", err)
	}
	if !j.isFull() {
		return nil
	}
	boots, err := journal.Boots(ctx)
	if len(boots) > 0 {
		j.Oldest = boots[0].First
	}
	return err
}

// isFull reports whether journald deletes old entries to make room.
func (j JournalFacts) isFull() bool {
	limit := parseSize(j.MaxUse)
	return limit > 0 && j.Used >= limit/10*9
}

// parseSize reads a size of journald.conf(5) in bytes; 0: none.
func parseSize(text string) int64 {
	digits, unit := strings.TrimRight(text, "KMGTPE"), int64(1)
	for i, suffix := range []string{"K", "M", "G", "T", "P", "E"} {
		if strings.HasSuffix(text, suffix) {
			unit = 1 << (10 * (i + 1))
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n * unit
}

// keep is for how long the journal is to have the log of a run: as long as status and
// history look back.
const keep = 30 * 24 * time.Hour

// setJournal writes a setting of the journal that wins over others, and has it used.
func setJournal(name, setting string) string {
	const dir = "/etc/systemd/journald.conf.d"
	return fmt.Sprintf(`mkdir -p %s && printf '[Journal]\n%%s\n' %s >%[1]s/zzz-montimer-%[3]s.conf && systemctl restart systemd-journald`, dir, setting, name)
}

func journalChecks() []Check {
	parts := []part{partJournal}
	return []Check{
		{"journal-volatile", "journal that is lost at a boot", "after a crash nothing says why", true, parts, func(f Facts) []found {
			j := f.Journal
			auto := j.Storage == "" || j.Storage == "auto"
			if j.Storage == "persistent" || auto && j.Directory {
				return nil
			}
			return []found{{text: "the journal is not kept on disk (Storage=" + j.Storage + ")", fix: "mkdir -p " + journalDir + " && " + setJournal("storage", "Storage=persistent") + " && journalctl --flush"}}
		}},
		{"journal-retention", "journal that is deleted before 30 days", "the log of a run is gone before its record", true, parts, func(f Facts) (all []found) {
			j := f.Journal
			if d, err := calendar.ParseSpan(j.Retention); j.Retention != "" && err == nil && d > 0 && d < keep {
				all = append(all, found{text: "MaxRetentionSec=" + j.Retention + " is less than 30 days", fix: setJournal("retention", "MaxRetentionSec=0")})
			}
			if !j.Oldest.IsZero() && j.isFull() && f.Now.Sub(j.Oldest) < keep {
				all = append(all, found{
					text: fmt.Sprintf("SystemMaxUse=%s is full, and the oldest entry is from %s", j.MaxUse, j.Oldest.Local().Format(time.DateTime)),
					fix:  setJournal("size", fmt.Sprintf("SystemMaxUse=%dM", 4*parseSize(j.MaxUse)>>20)),
				})
			}
			return all
		}},
	}
}
