package pager

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/safefile"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/taskexec"
)

// An unrecordedIncident is the time in which runs cannot be recorded. Its file
// has the times of the first and the last page about it: each run is another
// process, and one page an hour is enough. It is in memory, since the state
// directory may be what fails. An unusable file means that no page was sent.
type unrecordedIncident struct{ path string }

// repeatUnrecorded is the time between two pages.
const repeatUnrecorded = time.Hour

func incidentOf(stateDir string) unrecordedIncident {
	h := fnv.New32a()
	h.Write([]byte(stateDir))
	return unrecordedIncident{fmt.Sprintf("/dev/shm/montimer-unrecorded-%d-%08x", os.Geteuid(), h.Sum32())}
}

// read returns both times, as the time since boot; ok is false if this user has
// noted no incident in this boot.
func (i unrecordedIncident) read() (since, reported time.Duration, ok bool) {
	text, err := safefile.ReadOwn(i.path, 1024)
	if err != nil {
		return 0, 0, false
	}
	n, err := fmt.Sscanf(string(text), "%d %d\n", &since, &reported)
	now := store.Now().Since
	return since, reported, err == nil && n == 2 && 0 <= since && since <= reported && reported <= now
}

// writeOwn makes such a file, under a temporary name.
func writeOwn(path, text string) (temporary string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), ".montimer-unrecorded-*")
	if err != nil {
		return "", err
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Close()); err != nil {
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

// A reportedDeath is the last run of a profile that was killed, could not be
// recorded and was reported. It is in memory, too.
type reportedDeath struct{ path string }

func deathOf(stateDir, profile string) reportedDeath {
	h := fnv.New32a()
	h.Write([]byte(stateDir + "\x00" + profile))
	return reportedDeath{fmt.Sprintf("/dev/shm/montimer-died-%d-%08x", os.Geteuid(), h.Sum32())}
}

// note records that a run was reported; after an error it is reported twice.
func (d reportedDeath) note(runID string) {
	_ = safefile.Replace(d.path, []byte(runID), 0o600)
}

func (d reportedDeath) is(runID string) bool {
	text, err := safefile.ReadOwn(d.path, 1024)
	return err == nil && runID != "" && string(text) == runID
}

// isReported reports whether a page was sent within the hour.
func (i unrecordedIncident) isReported() bool {
	_, reported, ok := i.read()
	return ok && store.Now().Since-reported < repeatUnrecorded
}

// claim reports whether this process is to report people now: of all that find out at
// the same time, one is. Where that cannot be settled, it is.
func (i unrecordedIncident) claim() bool {
	if i.isReported() {
		return false
	}
	now := store.Now().Since
	since, _, ok := i.read()
	if !ok {
		since = now
	}
	temporary, err := writeOwn(i.path, fmt.Sprintf("%d %d\n", since, now))
	if err != nil {
		return true
	}
	defer os.Remove(temporary)
	if !i.isReported() {
		os.Remove(i.path) // an hour old, or not ours
	}
	return os.Link(temporary, i.path) == nil || !i.isReported()
}

// unclaim ends a claim without a page.
func (i unrecordedIncident) unclaim() { os.Remove(i.path) }

// end ends the incident, and returns how long it lasted; ok is false if there
// was none, or another process has ended it.
func (i unrecordedIncident) end() (lasted time.Duration, ok bool) {
	since, _, ok := i.read()
	if !ok || os.Remove(i.path) != nil {
		return 0, false
	}
	return store.Now().Since - since, true
}

// Recorded makes the pages of a run, and the one that runs are recorded again.
func (p *Pager) Recorded(ctx context.Context, stateDir string, run montimer.Run, pages []string) {
	if p.Records.Err == nil && taskexec.IsService(os.Environ()) {
		if lasted, ok := incidentOf(stateDir).end(); ok {
			p.Page(ctx, "", run.ID, fmt.Sprintf("runs are recorded again; for %v they were not, and the history lacks them", lasted.Round(time.Second)))
		}
	}
	for _, words := range pages {
		p.Page(ctx, "", run.ID, words)
	}
}

// Unrecorded reports that runs cannot be recorded, at most once an hour. Pages
// of the run are part of that page: without a record they would be repeated at
// each run. unclaim is to be called if not all could be sent.
func (p *Pager) Unrecorded(ctx context.Context, stateDir string, run montimer.Run, err error, pages []string) (unclaim func()) {
	incident := incidentOf(stateDir)
	if run.State == montimer.RunOK && run.Reason != "" {
		pages = append(pages, run.Profile+" "+run.Reason)
	}
	var failures []*montimer.Alert
	for _, a := range p.made {
		if a.Kind != montimer.AlertPage || a.ID != 0 {
			failures = append(failures, a)
		}
	}
	p.made = failures
	if !incident.claim() {
		return func() {}
	}
	what := "checks ran"
	if run.Tasks == nil {
		what = "a run"
	}
	words := []string{what + "; not recorded: " + cause(err), "fix: " + recordFix(err, p.host.Instance, stateDir)}
	p.Page(ctx, "", run.ID, strings.Join(append(words, pages...), "; "))
	return incident.unclaim
}

// cause returns why a run could not be recorded, without the prefixes of
// package taskexec and the reason of a refused run.
func cause(err error) string {
	text := err.Error()
	if _, why, ok := strings.Cut(text, taskexec.ErrUnrecorded.Error()+": "); ok {
		return why
	}
	return text
}

// recordFix returns the command that fixes why runs cannot be recorded.
func recordFix(err error, of montimer.Instance, stateDir string) string {
	switch {
	case errors.Is(err, store.ErrReadOnlyFS):
		return fmt.Sprintf("dmesg | tail; mount -o remount,rw \"$(findmnt -n -o TARGET -T %s)\"", stateDir)
	case errors.Is(err, store.ErrFull):
		return "df -h " + stateDir + ", and free space there"
	case errors.Is(err, store.ErrNoInodes):
		return "df -i " + stateDir + ", and remove files there"
	case errors.Is(err, store.ErrBusy):
		return "fuser -v " + stateDir + "/" + store.FileName + ", and end what locks it"
	case errors.Is(err, store.ErrIncomplete):
		return of.Command("db check --repair")
	case errors.Is(err, store.ErrCorrupt):
		return of.Command("db check") + "; then \"The database\" in the runbook: put a copy in its place"
	}
	return "ls -la " + stateDir + "; " + of.Command("db check")
}
