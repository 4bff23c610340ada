// Package unitdir brings a unit directory in line with the wanted units. Read
// plan.go (what has to change), directory.go and file.go (reading and replacing
// the files), then override.go and leftover.go (files of others that matter).
package unitdir

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
)

// Directory is a folder of unit files, of which those of one instance count.
type Directory struct {
	Instance montimer.Instance
	Path     string

	root *os.Root
	dir  *os.File // the folder itself

	buffer []byte
}

// Open opens the folder for reading and writing units, and makes it
// when it is missing.
func Open(path string, of montimer.Instance) (*Directory, error) {
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, fmt.Errorf("make the unit directory: %w", err)
	}
	return open(path, of)
}

func open(path string, of montimer.Instance) (*Directory, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("open the unit directory: %w", err)
	}
	dir, err := root.Open(".")
	if err != nil {
		root.Close()
		return nil, fmt.Errorf("open the unit directory: %w", err)
	}
	return &Directory{Instance: of, Path: path, root: root, dir: dir}, nil
}

// Read reads the units of an instance in a folder and changes nothing. A
// folder that does not exist holds none.
func Read(path string, of montimer.Instance) (Installed, error) {
	d, err := open(path, of)
	if errors.Is(err, fs.ErrNotExist) {
		return Installed{Instance: of}, nil
	}
	if err != nil {
		return Installed{}, err
	}
	defer d.Close()
	return d.Installed(nil)
}

// Close releases the folder.
func (d *Directory) Close() error { return errors.Join(d.dir.Close(), d.root.Close()) }

// Installed is what a unit directory holds under the names that an instance uses.
type Installed struct {
	Instance montimer.Instance
	Files    map[string]string // content by name; "" for what is no regular file
	leftover []string          // temporary files of a compile that was killed
}

// Installed reads the units of montimer in the folder. Those that are as wanted
// already take no memory of their own.
func (d *Directory) Installed(want []compiler.Unit) (Installed, error) {
	wanted := make(map[string]string, len(want))
	for _, u := range want {
		wanted[u.Name] = u.Content
	}
	names, err := d.names()
	if err != nil {
		return Installed{}, fmt.Errorf("list the unit directory %s: %w", d.Path, err)
	}
	have := Installed{Instance: d.Instance, Files: make(map[string]string, len(names))}
	buffer := make([]byte, 64<<10)
	for _, name := range names {
		switch {
		case isTemporary(d.Instance, name):
			have.leftover = append(have.leftover, name)
		case isUnitName(d.Instance, name):
			if have.Files[name], err = readFile(d.fd(), name, wanted[name], buffer); err != nil {
				return Installed{}, fmt.Errorf("read unit %s: %w", filepath.Join(d.Path, name), err)
			}
		}
	}
	return have, nil
}

// Profiles names the profiles that have a timer, sorted.
func (i Installed) Profiles() (profiles []string) {
	for name := range i.Files {
		if profile, ok := i.Instance.ProfileOf(name); ok && profile != montimer.GitSync && profile != montimer.Report && i.Instance.IsJobTimer(name) {
			profiles = append(profiles, profile)
		}
	}
	slices.Sort(profiles)
	return profiles
}

// names lists the folder. (ReadDir of an os.Root would look at each entry.)
func (d *Directory) names() ([]string, error) {
	if _, err := d.dir.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	return d.dir.Readdirnames(-1)
}

// umask guards the umask of the process.
var umask sync.Mutex

// Write carries out a plan. New contents are written next to the old files and
// flushed to disk before the first is renamed into place, so an error or a
// crash while writing leaves the old set whole. When a later step fails, what
// was done is undone.
func (d *Directory) Write(have Installed, plan []Change) error {
	umask.Lock()
	defer umask.Unlock()
	defer unix.Umask(unix.Umask(0o022)) // of the process: cheaper than a chmod of each file
	for _, name := range have.leftover {
		if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove temporary files of an interrupted compile: %w", err)
		}
	}
	if !Writes(plan) {
		return nil
	}
	if err := d.stage(plan); err != nil {
		for _, c := range plan {
			d.root.Remove(temporary(c.Name)) // best effort: the next compile removes them, too
		}
		return err
	}
	for i, c := range plan {
		if err := d.commit(c); err != nil {
			return errors.Join(err, d.undo(plan[:i]), d.unstage(plan[i:]))
		}
	}
	return d.sync()
}

// stage writes the new contents under temporary names, and has them on disk.
func (d *Directory) stage(plan []Change) error {
	for _, c := range plan {
		if err := d.create(c); err != nil {
			return err
		}
	}
	return d.sync()
}

// create writes the new content of a change, if it has one, under a temporary name.
func (d *Directory) create(c Change) error {
	if c.New == "" {
		return nil
	}
	var err error
	if d.buffer, err = createFile(d.fd(), temporary(c.Name), c.New, d.buffer); err != nil {
		return fmt.Errorf("write unit %s: %w", c.Name, err)
	}
	return nil
}

// commit makes one staged change visible.
func (d *Directory) commit(c Change) error {
	switch c.Action {
	case Create, Update:
		if err := unix.Renameat(d.fd(), temporary(c.Name), d.fd(), c.Name); err != nil {
			return fmt.Errorf("put unit %s in place: %w", c.Name, err)
		}
	case Remove:
		if err := d.root.Remove(c.Name); err != nil {
			return fmt.Errorf("remove unit: %w", err)
		}
	}
	return nil
}

// undo restores the files of changes that were made.
func (d *Directory) undo(done []Change) error {
	var errs []error
	for _, c := range Revert(done) {
		errs = append(errs, d.create(c), d.commit(c))
	}
	return errors.Join(errs...)
}

// unstage removes the temporary files of changes that were not made.
func (d *Directory) unstage(rest []Change) error {
	var errs []error
	for _, c := range rest {
		if err := d.root.Remove(temporary(c.Name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// sync has everything in the folder's file system on disk: one call is
// cheaper than one for each of thousands of files.
func (d *Directory) sync() error {
	if err := unix.Syncfs(d.fd()); err != nil {
		return fmt.Errorf("flush units to disk: %w", err)
	}
	return nil
}

func (d *Directory) fd() int { return int(d.dir.Fd()) }

func isUnitName(of montimer.Instance, name string) bool {
	_, isPair := of.ProfileOf(name)
	return isPair || name == of.Target() || slices.Contains(compiler.HostUnits(of), name)
}

// temporary is a name that systemd does not take for a unit.
func temporary(name string) string { return "." + name + ".tmp" }

func isTemporary(of montimer.Instance, name string) bool {
	unit, ok := strings.CutSuffix(strings.TrimPrefix(name, "."), ".tmp")
	return ok && strings.HasPrefix(name, ".") && isUnitName(of, unit)
}
