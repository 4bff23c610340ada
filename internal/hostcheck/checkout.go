package hostcheck

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/backup"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/jobs"
	"github.com/montimer/montimer/internal/jobsfile"
)

// Checkout returns the lines that [Inspect] writes: root has the user of the
// tasks look.
func Checkout(ctx context.Context, h montimer.Host, j montimer.Jobs) ([]byte, error) {
	args := []string{"inspect", "--checkout", h.Checkout, "--jobs", h.JobsFile, "--state-dir", h.StateDir, "--run-as", h.User + ":" + h.Group}
	args = append(args, h.Instance.Flags()...)
	if Syncs(h.Sync, j) {
		args = append(args, "--synced")
	}
	return host.RunAsUser(ctx, h.User, h.Group, args...)
}

// Inspect writes a warning for each thing in the checkout, and about the state
// directory, that would fail for this user at every run.
func Inspect(ctx context.Context, w io.Writer, h montimer.Host, synced bool) error {
	found, err := jobsfile.MissingScripts(h)
	if err != nil {
		return err
	}
	if err := jobs.WriteText(w, found, false); err != nil {
		return err
	}
	if synced && exists(filepath.Join(h.Checkout, ".git")) {
		// Only git knows: by the owner, and by safe.directory of its settings.
		ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		cmd := exec.CommandContext(ctx, "git", "-C", h.Checkout, "rev-parse", "--git-dir")
		cmd.Env = append(os.Environ(), "LC_ALL=C")
		if out, err := cmd.CombinedOutput(); err != nil && strings.Contains(string(out), "dubious ownership") {
			fmt.Fprintf(w, "warning: the checkout %s belongs to another user, so git refuses every sync: chown -R %s: %[1]s\n", h.Checkout, h.User)
		}
	}
	if exists(h.StateDir) && !strings.HasPrefix(h.StateDir, "/var/lib/") && unix.Access(h.StateDir, unix.W_OK|unix.X_OK) != nil {
		fmt.Fprintf(w, "warning: %s cannot write the state directory %s: chown -R %[1]s: %[2]s\n", h.User, h.StateDir)
	}
	if h.Backup.Dir == "" {
		return nil
	}
	switch place := backup.Look(h.Backup.Dir, h.StateDir, 5*time.Second); {
	case place.Missing:
		fmt.Fprintf(w, "warning: no backup can be made: %s: install -d -m 750 -o %s -g %s %s\n", place.Wrong, h.User, h.Group, h.Backup.Dir)
	case place.Wrong != "":
		fmt.Fprintf(w, "warning: no backup can be made as %s: %s\n", h.User, place.Wrong)
	case place.Same:
		fmt.Fprintf(w, "note: the backups in %s are on the file system of the state directory: a disk that fails takes both\n", h.Backup.Dir)
	}
	return nil
}

// Sync returns a note that nothing syncs the git checkout; "": something does,
// or it is none. Root does not look whether it is one.
func Sync(h montimer.Host, j montimer.Jobs) string {
	if Syncs(h.Sync, j) || !host.IsRoot() && !exists(filepath.Join(h.Checkout, ".git")) {
		return ""
	}
	return fmt.Sprintf("nothing pulls the checkout: no profile that runs has sync_before_run, and %s has no sync.every", h.Instance.ConfigFile())
}

// settle is how long a sync may take to succeed before that is worth a note: the
// first attempts may meet a network that is down for a moment.
const settle = time.Hour

// SyncedBy returns the latest time at which a sync was due that has had an hour
// since: a checkout whose last good sync is older is not kept up to date. Zero: none
// was, or that is not known. Schedules without a zone are in local.
func SyncedBy(of montimer.Sync, j montimer.Jobs, now time.Time, local *time.Location) (due time.Time) {
	if of.Every > 0 {
		due = now.Add(-max(settle, 3*of.Every))
	}
	for _, p := range j.Profiles {
		if !p.Enabled || !p.SyncBeforeRun {
			continue
		}
		at, _ := calendar.Prev(p.Schedule.Events, now.Add(-settle), local)
		if n := len(p.Schedule.Every); n > 0 {
			at = now.Add(-max(settle, 3*p.Schedule.Every[n-1]))
		}
		if at.After(due) {
			due = at
		}
	}
	return due
}

// Syncs reports whether anything syncs the checkout: an enabled profile or the
// sync timer.
func Syncs(of montimer.Sync, j montimer.Jobs) bool {
	for _, p := range j.Profiles {
		if p.Enabled && p.SyncBeforeRun {
			return true
		}
	}
	return of.Every > 0
}
