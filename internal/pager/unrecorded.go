package pager

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/store"
	"github.com/montimer/montimer/taskexec"
)

// An unrecordedIncident is the time in which runs cannot be recorded. Its file says since when
// that is known to people, and when they were told last: each run is a process of
// its own, and one page an hour is enough. It is in memory, not in the state
// directory, which may be what fails. A file that cannot be used means that
// nobody was told.
type unrecordedIncident struct{ path string }

// repeatUnrecorded is how often people are told again.
const repeatUnrecorded = time.Hour

func incidentOf(stateDir string) unrecordedIncident {
	h := fnv.New32a()
	h.Write([]byte(stateDir))
	return unrecordedIncident{fmt.Sprintf("/dev/shm/montimer-unrecorded-%d-%08x", os.Geteuid(), h.Sum32())}
}

// read returns both moments, as the time since boot; ok is false where there is
// no incident, or none that this user has noted in this boot.
func (i unrecordedIncident) read() (since, told time.Duration, ok bool) {
	text, err := readOwn(i.path)
	if err != nil {
		return 0, 0, false
	}
	n, err := fmt.Sscanf(text, "%d %d\n", &since, &told)
	now := store.Now().Since
	return since, told, err == nil && n == 2 && 0 <= since && since <= told && told <= now
}

// readOwn reads a file of this user that is in memory, where others can plant
// what they like.
func readOwn(path string) (string, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return "", err
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil && (!info.Mode().IsRegular() || info.Sys().(*syscall.Stat_t).Uid != uint32(os.Geteuid())) {
		err = fmt.Errorf("%s is not a regular file of this user", path)
	}
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.LimitReader(f, 1024))
	return string(text), err
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
// recorded and is reported. It is in memory as the incident is.
type reportedDeath struct{ path string }

func deathOf(stateDir, profile string) reportedDeath {
	h := fnv.New32a()
	h.Write([]byte(stateDir + "\x00" + profile))
	return reportedDeath{fmt.Sprintf("/dev/shm/montimer-died-%d-%08x", os.Geteuid(), h.Sum32())}
}

// note says that a run is reported; what fails makes it reported twice.
func (d reportedDeath) note(runID string) {
	if temporary, err := writeOwn(d.path, runID); err == nil {
		if os.Rename(temporary, d.path) != nil {
			os.Remove(temporary)
		}
	}
}

func (d reportedDeath) is(runID string) bool {
	text, err := readOwn(d.path)
	return err == nil && runID != "" && text == runID
}

// quiet reports whether people were told within the hour.
func (i unrecordedIncident) quiet() bool {
	_, told, ok := i.read()
	return ok && store.Now().Since-told < repeatUnrecorded
}

// claim reports whether this process is to tell people now: of all that find out at
// the same time, one is. Where that cannot be settled, it is.
func (i unrecordedIncident) claim() bool {
	if i.quiet() {
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
	if !i.quiet() {
		os.Remove(i.path) // of an hour ago, or none of ours
	}
	return os.Link(temporary, i.path) == nil || !i.quiet()
}

// unclaim ends a claim without an alert.
func (i unrecordedIncident) unclaim() { os.Remove(i.path) }

// end ends the incident, and returns how long it lasted; ok is false where there
// was none, or another process has ended it.
func (i unrecordedIncident) end() (lasted time.Duration, ok bool) {
	since, _, ok := i.read()
	if !ok || os.Remove(i.path) != nil {
		return 0, false
	}
	return store.Now().Since - since, true
}

// Recorded makes the pages of a run, and the one that says that runs are recorded
// again.
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

// Unrecorded reports that runs cannot be recorded, at most once an hour. Pages of
// a run that is not recorded are a part of that: what keeps them from being
// repeated is not recorded either. unclaim is to be called if not all could be sent.
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
	words := []string{what + "; not recorded: " + cause(err), "fix: " + recordFix(err, stateDir)}
	p.Page(ctx, "", run.ID, strings.Join(append(words, pages...), "; "))
	return incident.unclaim
}

// cause is why a run could not be recorded, without what package taskexec says
// around it, and without why the run was refused.
func cause(err error) string {
	text := err.Error()
	if _, why, ok := strings.Cut(text, taskexec.ErrUnrecorded.Error()+": "); ok {
		return why
	}
	return text
}

// recordFix is the command that helps where runs cannot be recorded.
func recordFix(err error, stateDir string) string {
	switch {
	case errors.Is(err, store.ErrReadOnlyFS):
		return fmt.Sprintf("dmesg | tail; mount -o remount,rw \"$(findmnt -n -o TARGET -T %s)\"", stateDir)
	case errors.Is(err, store.ErrFull):
		return "df -h " + stateDir + ", and free space there"
	case errors.Is(err, store.ErrBusy):
		return "fuser -v " + stateDir + "/" + store.FileName + ", and end what locks it"
	case errors.Is(err, store.ErrIncomplete):
		return "montimer db check --repair"
	case errors.Is(err, store.ErrCorrupt):
		return "montimer db check; then \"The database\" in the runbook: put a copy in its place"
	}
	return "ls -la " + stateDir + "; montimer db check"
}

// MemoryFiles are the files in which the pages of a state directory and a profile
// are noted. They are gone with the next boot.
func MemoryFiles(stateDir, profile string) []string {
	return []string{incidentOf(stateDir).path, deathOf(stateDir, profile).path}
}
