package apply

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/internal/timer"
	"github.com/montimer/montimer/internal/unitdir"
)

// OnSystemd returns an Applier for the running systemd, which has no Done and
// no Say yet.
func OnSystemd(conn *systemd.Conn, dir *unitdir.Directory) (Applier, error) {
	booted, err := conn.BootedAt()
	return Applier{
		Dir:     dir,
		State:   conn,
		Control: conn,
		Boot:    conn,
		Stamps:  Stamps{Instance: dir.Instance, Dir: "/var/lib/systemd/timers", DropIns: "/run/systemd/system"},
		Clock:   timer.Clock{Now: time.Now(), Boot: booted, Local: time.Local},
	}, err
}

// oldest is the oldest systemd with all directives of the units.
const oldest = 252

// ErrNotRead says that systemd does not read units in a directory.
var ErrNotRead = errors.New("systemd does not read units")

// CheckSystemd returns a warning about a systemd that does not know all
// directives of the units, and ErrNotRead if it does not read the unit directory
// of a host.
func CheckSystemd(conn *systemd.Conn, h montimer.Host) (warning string, err error) {
	version, err := conn.Version()
	if err != nil {
		return "", err
	}
	if version < oldest {
		warning = fmt.Sprintf("this is systemd %d; the units need %d or newer", version, oldest)
	}
	return warning, checkRead(conn, h)
}

func checkRead(conn *systemd.Conn, h montimer.Host) error {
	path, err := conn.UnitPath()
	if err != nil {
		return err
	}
	if !holds(path, h.UnitDir) {
		return fmt.Errorf("%w in %s: set unit_dir in %s, or $MONTIMER_UNIT_DIR, to one of %s",
			ErrNotRead, h.UnitDir, h.Instance.ConfigFile(), strings.Join(lasting(path), ", "))
	}
	return nil
}

// lasting omits directories that a boot empties, and those of systemd itself,
// such as system.control.
func lasting(unitPath []string) []string {
	return slices.DeleteFunc(unitPath, func(dir string) bool {
		return strings.HasPrefix(dir, "/run/") || filepath.Ext(dir) != ""
	})
}

// holds reports whether a folder is in the list, perhaps by another name.
func holds(list []string, dir string) bool {
	return slices.ContainsFunc(list, func(d string) bool { return resolved(d) == resolved(dir) })
}

// resolved follows symbolic links, as far as there is something to follow.
func resolved(dir string) string {
	if path, err := filepath.EvalSymlinks(dir); err == nil {
		return path
	}
	return filepath.Clean(dir)
}
