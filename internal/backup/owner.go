package backup

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/safefile"
	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/taskexec"
)

// Owner says which host's state is the one that runs, of those that see a directory of
// backups.
type Owner struct {
	Host    string    `json:"host"`    // its name, for people
	ID      string    `json:"id"`      // see MachineID
	Since   time.Time `json:"since"`   // when it became that
	Retired bool      `json:"retired"` // it has stopped for good, and no host runs
}

// OwnerFile is the name of the owner's file in a directory of backups.
const OwnerFile = "owner.json"

// maxOwner is more than any owner file has, in bytes.
const maxOwner = 4096

// ReadOwner reads the owner of a directory; fs.ErrNotExist: it has none. On a network
// file system it can take any time.
func ReadOwner(dir string) (Owner, error) {
	path := filepath.Join(dir, OwnerFile)
	data, err := safefile.Read(path, maxOwner)
	if info, missing := os.Lstat(path); err != nil && (missing != nil || info.Mode().IsRegular() && info.Size() <= maxOwner) {
		return Owner{}, fmt.Errorf("read the owner of the backups: %w", err) // it may be a good one
	}
	var o Owner
	if err == nil {
		err = json.Unmarshal(data, &o)
	}
	if err == nil && (o.ID == "" || o.Host == "" || o.Since.IsZero()) { // half of one stops no host
		err = errors.New(`"id", "host" or "since" is missing`)
	}
	if err != nil {
		return Owner{}, &BadOwnerError{path, err}
	}
	o.Host = safetext.String(o.Host) // of another machine, and shown
	return o, nil
}

// BadOwnerError says that what stands in the place of an owner file is none.
type BadOwnerError struct {
	Path string
	err  error
}

// Fix removes it. Jobs run on a host whose owner file is none.
func (e *BadOwnerError) Fix() string { return "rm -r " + taskexec.QuoteWord(e.Path) }

func (e *BadOwnerError) Error() string {
	return fmt.Sprintf("read the owner of the backups: %s: %v: where this host is the one that runs the jobs: %s", e.Path, e.err, e.Fix())
}

func (e *BadOwnerError) Unwrap() error { return e.err }

// Namesake returns the name of the host in a directory's owner file if it has the id of
// this machine and another name: a copy of this machine, or this host before it was
// renamed. "": there is none, as far as can be read.
func Namesake(dir, name string) string {
	id, err := MachineID()
	if err != nil {
		return ""
	}
	owner, late := within(checkTime, dir, func() Owner {
		owner, _ := ReadOwner(dir) // Elsewhere says what is wrong with it
		return owner
	})
	if late != nil || owner.ID != id || owner.Host == name {
		return ""
	}
	return owner.Host
}

// WriteOwner writes the owner of a directory, which must exist, as a whole or not at all.
func WriteOwner(dir string, o Owner) error {
	o.Since = o.Since.UTC().Truncate(time.Second)
	data, err := json.MarshalIndent(o, "", "  ")
	if err == nil {
		err = safefile.Replace(filepath.Join(dir, OwnerFile), append(data, '\n'), 0o644)
	}
	if err == nil {
		err = safefile.SyncDir(dir)
	}
	if err != nil {
		return fmt.Errorf("write the owner of the backups: %w", err)
	}
	return nil
}

// application is the id of montimer for sd_id128_get_machine_app_specific(3).
var application = [16]byte{0x5e, 0x1c, 0x8b, 0x0d, 0x6f, 0x4a, 0x47, 0x39, 0x9c, 0x52, 0x2b, 0xe8, 0x71, 0x03, 0xd4, 0xa6}

// MachineID identifies this machine to montimer alone, as
// sd_id128_get_machine_app_specific(3) does: machine-id(5) is not to be passed on.
func MachineID() (string, error) { return machineID("/etc/machine-id") }

func machineID(path string) (string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("identify this machine: %w: systemd-machine-id-setup makes one", err)
	}
	machine, err := hex.DecodeString(string(bytes.TrimSpace(data)))
	if err != nil || len(machine) != 16 {
		return "", fmt.Errorf("identify this machine: %s has no id: systemd-machine-id-setup makes one", path)
	}
	mac := hmac.New(sha256.New, machine)
	mac.Write(application[:])
	id := mac.Sum(nil)[:16]
	id[6], id[8] = id[6]&0x0f|0x40, id[8]&0x3f|0x80 // a UUID of version 4
	return hex.EncodeToString(id), nil
}

// checkTime bounds how long a run waits for a directory: a network file system may hang.
const checkTime = 5 * time.Second

// Elsewhere returns a [*NotOwnerError] if the jobs run on another host, or on none any
// more, according to a directory; nil if they run here, or nobody has said where. Any
// other error says why that is not known, after some seconds at the latest.
func Elsewhere(dir string) error {
	err, late := within(checkTime, dir, func() error { return elsewhere(dir) })
	if late != nil {
		return fmt.Errorf("read the owner of the backups: %w", late)
	}
	return err
}

// within returns the answer about a directory. When it takes too long, as on a network
// file system whose server is down, that is the error.
func within[T any](limit time.Duration, dir string, ask func() T) (answer T, late error) {
	answers := make(chan T, 1)
	go func() { answers <- ask() }() // which hangs where the directory does
	select {
	case answer = <-answers:
		return answer, nil
	case <-time.After(limit):
		return answer, fmt.Errorf("%s does not answer within %s", dir, limit)
	}
}

func elsewhere(dir string) error {
	id, err := MachineID()
	if err != nil {
		return err
	}
	owner, err := ReadOwner(dir)
	if errors.Is(err, fs.ErrNotExist) {
		_, err = os.ReadDir(dir) // there may be no directory
		return err
	}
	if err != nil {
		return err
	}
	return owner.check(dir, id)
}

// check returns a [*NotOwnerError] unless it is this machine that runs the jobs.
func (o Owner) check(dir, id string) error {
	if o.ID == id && !o.Retired {
		return nil
	}
	return &NotOwnerError{Dir: dir, Owner: o, Here: o.ID == id}
}

// NotOwnerError says that this host's state is not the one that runs.
type NotOwnerError struct {
	Dir   string
	Owner Owner
	Here  bool // it is this host that was retired
}

// Fix says what brings the jobs to this host.
func (e *NotOwnerError) Fix(of montimer.Instance) string {
	fix := of.Command("takeover " + e.Dir)
	if e.Owner.Retired {
		return fix
	}
	return fmt.Sprintf("%s on %s, then here %s", of.Command("retire"), e.Owner.Host, fix)
}

func (e *NotOwnerError) Error() string {
	since := e.Owner.Since.UTC().Format("2006-01-02 15:04 UTC")
	switch {
	case e.Here:
		return fmt.Sprintf("this host was retired at %s: %s says so", since, filepath.Join(e.Dir, OwnerFile))
	case e.Owner.Retired:
		return fmt.Sprintf("the backups in %s are of the host %s, which was retired at %s", e.Dir, e.Owner.Host, since)
	}
	return fmt.Sprintf("the jobs of this host run on the host %s since %s: %s says so", e.Owner.Host, since, filepath.Join(e.Dir, OwnerFile))
}
