package apply

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/systemd"
	"github.com/montimer/montimer/internal/timer"
	"github.com/montimer/montimer/internal/unitdir"
)

// On is Apply on a host with the running systemd, for an operator: stdout gets a
// line for each step, stderr the notes.
func (a Applier) On(ctx context.Context, conn *systemd.Conn, h montimer.Host, want []compiler.Unit, stdout, stderr io.Writer) error {
	dir, err := unitdir.Open(h.UnitDir, h.Instance)
	if err != nil {
		return err
	}
	defer dir.Close()
	booted, err := conn.BootedAt()
	if err != nil {
		return err
	}
	a.Dir, a.State, a.Control, a.Boot = dir, conn, conn, conn
	a.Stamps = Stamps{Instance: dir.Instance, Dir: "/var/lib/systemd/timers", DropIns: "/run/systemd/system"}
	a.Clock = timer.Clock{Now: time.Now(), Boot: booted, Local: time.Local}
	steps := 0
	a.Done = func(verb, unit string) {
		steps++
		fmt.Fprintf(stdout, "%-6s  %s\n", verb, unit)
	}
	a.Say = func(message string) { fmt.Fprintln(stderr, "note:", message) }
	err = a.Apply(ctx, want)
	if err == nil && steps == 0 {
		fmt.Fprintln(stderr, "nothing changed")
	}
	return err
}

// oldest is the oldest systemd with all directives of the units.
const oldest = 252

// ErrNotRead says that systemd does not read units in a directory.
var ErrNotRead = errors.New("systemd does not read units")

// Connect connects to the running systemd, and calls warn if it does not know all
// directives of the units. The error is ErrNotRead if it does not read the unit
// directory of a host.
func Connect(ctx context.Context, h montimer.Host, warn func(string)) (*systemd.Conn, error) {
	conn, err := systemd.Connect(ctx)
	if err != nil {
		return nil, err
	}
	version, err := conn.Version()
	if err == nil {
		if version < oldest {
			warn(fmt.Sprintf("this is systemd %d; the units need %d or newer", version, oldest))
		}
		err = checkRead(conn, h)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
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
