package gitsync

import (
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/safefile"
)

// State is kept from one sync to the next, and shown by commands.
type State struct {
	Tried    time.Time `json:"tried,omitzero"`  // the last sync
	OK       time.Time `json:"ok,omitzero"`     // the last that brought the checkout to the remote's commit
	Failures int       `json:"failures"`        // in a row
	Error    string    `json:"error,omitempty"` // of the last of them
	Behind   time.Time `json:"behind,omitzero"` // since when the remote is known to have newer commits

	// Paged has the time of the last page of each kind that still holds.
	Paged map[string]time.Time `json:"paged,omitempty"`

	// Done has, by a digest of each command after changes, the commit that it last
	// succeeded for.
	Done map[string]string `json:"settled,omitempty"`

	// Pending has, by the same, the commands that have to run: those that failed,
	// and those that a killed sync was about to run.
	Pending map[string]PendingCommand `json:"due,omitempty"`

	// Since is the commit before the first change whose commands are not known:
	// jobs.yaml is broken, or the sync was killed.
	Since string `json:"since,omitempty"`

	// Resetting is the commit that a sync is moving the working tree to. After
	// a sync it means that the tree is partly of another commit.
	Resetting string `json:"resetting,omitempty"`

	// Blocked counts the syncs since Tried that could not begin because of the
	// lock of another.
	Blocked int `json:"blocked,omitempty"`
}

// PendingCommand is a command that has to run.
type PendingCommand struct {
	Command string   `json:"command"` // as shown in messages
	Paths   []string `json:"paths"`
}

const (
	stateFile = "sync-state.json"
	unborn    = "0000000000000000000000000000000000000000" // for git, no commit

	maxState    = 1 << 20 // bytes
	maxBehind   = time.Hour
	maxFailures = 3
	repeatPages = 6 * time.Hour
)

// ReadState reads the state from the state directory. If that fails it is
// empty: all of it is about the past.
func ReadState(stateDir string) State {
	var s State
	data, err := safefile.Read(filepath.Join(stateDir, stateFile), maxState)
	if err != nil || json.Unmarshal(data, &s) != nil {
		return State{}
	}
	return s
}

func (s State) write(stateDir string) error {
	data, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encode the state of syncs: %w", err)
	}
	if err := safefile.Replace(filepath.Join(stateDir, stateFile), append(data, '\n'), 0o600); err != nil {
		return fmt.Errorf("keep the state of syncs: %w", err)
	}
	return nil
}

// note records the result of a sync.
func (s *State) note(o Outcome, now time.Time) {
	s.Tried = now
	switch {
	case o.PutOff:
		s.Failures, s.Error = 0, ""
	case o.Err != nil:
		s.Failures++
		s.Error = o.Err.Error()
	default:
		s.OK, s.Failures, s.Error, s.Behind = now, 0, "", time.Time{}
	}
}

// overdue reports whether the checkout has been behind for so long that it is
// changed even while tasks use it. A time in the future comes from a wrong
// clock.
func (s State) overdue(now time.Time) bool {
	return !s.Behind.IsZero() && (now.Sub(s.Behind) > maxBehind || now.Before(s.Behind))
}

// blockedTooLong reports whether syncs have been blocked for as long as the
// checkout may be behind. A command after a sync may hold the lock for some
// time, so a single blocked sync does not count.
func (s State) blockedTooLong(now time.Time) bool {
	return s.Blocked >= maxFailures && (now.Sub(s.Tried) > maxBehind || now.Before(s.Tried))
}

// blockedPage says that another process holds the lock of syncs; "" while that
// is normal.
func (s State) blockedPage(lock string, now time.Time) string {
	if s.Blocked < maxFailures {
		return ""
	}
	since := "no sync has ended yet"
	if !s.Tried.IsZero() {
		since = "the last sync ended at " + s.Tried.Format(time.DateTime)
	}
	return fmt.Sprintf("git sync: %d syncs in a row could not begin, since another process holds %s; %s. fuser -v %[2]s names it", s.Blocked, lock, since)
}

// Page returns the page about failing syncs; "" is none.
func (s State) Page(of montimer.Sync, now time.Time) string {
	upstream := of.Remote + "/" + of.Branch
	switch {
	case s.overdue(now):
		return fmt.Sprintf("git sync: the checkout has been older than %s since %s: %s", upstream, s.Behind.Format(time.DateTime), s.Error)
	case s.Failures >= maxFailures && s.OK.IsZero():
		return fmt.Sprintf("git sync of %s keeps failing, and never worked: %s", upstream, s.Error)
	case s.Failures >= maxFailures:
		return fmt.Sprintf("git sync of %s keeps failing, the last good one was %s: %s", upstream, s.OK.Format(time.DateTime), s.Error)
	}
	return ""
}

// newPages returns the pages that are new, or were last sent long ago.
func (s *State) newPages(pages map[string]string, now time.Time) (due []string) {
	paged := maps.Clone(s.Paged)
	if paged == nil {
		paged = map[string]time.Time{}
	}
	for _, kind := range slices.Sorted(maps.Keys(pages)) {
		if pages[kind] == "" {
			delete(paged, kind)
			continue
		}
		if since := now.Sub(paged[kind]); since >= repeatPages || since < 0 {
			paged[kind] = now
			due = append(due, pages[kind])
		}
	}
	s.Paged = paged
	return due
}
