package journal

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/montimer/montimer"
)

// Query selects entries of the services of a profile: what their processes logged,
// and what systemd said of them. Other processes can add none, whatever fields
// they write: journalctl's -u compares fields that the journal itself sets
// (systemd.journal-fields(7)). The tasks of a profile can write what they want, also
// in the name of each other.
type Query struct {
	Units        []string
	Run          string   // the invocation of one run; "": all
	Tasks        []string // only entries of these; none: all
	Since, Until time.Time
	Most         int  // the newest so many; 0: all
	Follow       bool // go on with those to come
}

// args are the arguments to journalctl. Matches of different fields are joined by
// "and", those of one field by "or"; "+" is "or" (journalctl(1)).
func (q Query) args() (args []string) {
	for _, unit := range q.Units {
		args = append(args, "--unit="+unit)
	}
	for _, bound := range []struct {
		name string
		at   time.Time
	}{{"--since", q.Since}, {"--until", q.Until}} {
		if !bound.at.IsZero() {
			args = append(args, bound.name+"="+bound.at.UTC().Format("2006-01-02 15:04:05.000000 UTC"))
		}
	}
	if q.Most > 0 {
		args = append(args, fmt.Sprintf("--lines=%d", q.Most))
	}
	if q.Follow {
		args = append(args, "--follow")
		if q.Most == 0 {
			args = append(args, "--no-tail")
		}
	}
	var tasks []string
	for _, task := range q.Tasks {
		tasks = append(tasks, "MONTIMER_TASK="+task)
	}
	switch {
	case q.Run == "":
		return append(args, tasks...)
	case len(tasks) > 0: // of which systemd says nothing
		return append(append(args, "_SYSTEMD_INVOCATION_ID="+q.Run), tasks...)
	}
	return append(args, Run{Invocation: q.Run}.matches()...)
}

// Read calls show for each entry, the oldest first. Its error is one of show, of
// ctx, or says in journalctl's own words why the journal cannot be read.
func (q Query) Read(ctx context.Context, show func(Entry) error) error {
	return read(ctx, q.args(), func(e Entry, _ string) error { return show(e) })
}

// errEnough ends the reading of a journal of which enough has been read.
var errEnough = errors.New("enough")

// UnitOf returns the service of an instance that a run is of; "" if the journal
// does not have the run. A user's own systemd can claim any invocation, but none of
// its entries is of such a unit.
func UnitOf(ctx context.Context, of montimer.Instance, run string) (unit string, err error) {
	err = read(ctx, Run{Invocation: run}.matches(), func(e Entry, _ string) error {
		if _, ok := of.ProfileOf(e.Unit); ok && strings.HasSuffix(e.Unit, ".service") {
			unit = e.Unit
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return unit, err
}

// idFailure is the MESSAGE_ID of the entry by which systemd reports that a unit has
// failed (sd-messages.h).
const idFailure = "d9b373ed55a64feb8242e02dbe79a49c"

// LastFailed returns the last run of a service that failed, as systemd says, within
// a time; "" if the journal has none. It may never have begun.
func LastFailed(ctx context.Context, unit string, since, until time.Time) (run string, err error) {
	q := Query{Units: []string{unit}, Since: since, Until: until}
	err = read(ctx, append(q.args(), "--reverse", "_PID=1", "MESSAGE_ID="+idFailure), func(e Entry, _ string) error {
		run = e.Invocation
		return errEnough
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return run, err
}

// System is what is to be known of the journal of system services.
type System struct {
	Exists   bool
	Readable bool      // by this process
	Volatile bool      // it is in memory only (journald.conf(5), Storage=)
	Begins   time.Time // the oldest entry; zero: not known
}

// Inspect looks at the journal of system services.
func Inspect(ctx context.Context) (s System, err error) {
	id, err := os.ReadFile("/etc/machine-id")
	if err != nil {
		return s, fmt.Errorf("find the journal: %w", err)
	}
	s.Volatile = true
	for _, dir := range []string{"/run/log/journal", "/var/log/journal"} {
		path := filepath.Join(dir, strings.TrimSpace(string(id)), "system.journal")
		err := unix.Faccessat(unix.AT_FDCWD, path, unix.R_OK, unix.AT_EACCESS)
		switch {
		case errors.Is(err, unix.ENOENT):
			continue
		case err == nil:
			s.Readable = true
		}
		s.Exists = true
		if strings.HasPrefix(dir, "/var") {
			s.Volatile = false
		}
	}
	if !s.Readable {
		return s, nil
	}
	boots, err := Boots(ctx)
	if len(boots) > 0 {
		s.Begins = boots[0].First
	}
	return s, err
}
