// Package systemd calls the system's service manager over D-Bus
// (org.freedesktop.systemd1(5)). Read conn.go first, then unit.go, timer.go and
// run.go (states), and notify.go (sd_notify).
package systemd

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/dbus"
	godbus "github.com/godbus/dbus/v5"
	"golang.org/x/sys/unix"
)

// Conn is a connection to systemd.
type Conn struct{ bus *dbus.Conn }

// callTimeout is how long one call may take. A reload of ten thousand units takes
// some seconds.
const callTimeout = time.Minute

// answerTimeout is how long systemd and the bus may take to answer who only asks: a
// person, or a run that waits. It is no constant for the tests' sake.
var answerTimeout = 20 * time.Second

// answering returns a context that ends when an answer has taken too long.
func answering(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, answerTimeout, fmt.Errorf("no answer within %v", answerTimeout))
}

// dial connects, and gives up where nobody answers: a bus that is stopped accepts
// connections all the same. The connection ends with ctx.
func dial[C any](ctx context.Context, connect func(context.Context) (C, error)) (C, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	late := time.AfterFunc(answerTimeout, func() { cancel(fmt.Errorf("no answer within %v", answerTimeout)) })
	c, err := connect(ctx)
	if late.Stop(); err != nil {
		err = fmt.Errorf("connect to systemd: %w", cmp.Or(context.Cause(ctx), err))
		cancel(nil)
	}
	return c, err
}

// dialBus connects to the system bus.
func dialBus(ctx context.Context) (*godbus.Conn, error) {
	return dial(ctx, func(ctx context.Context) (*godbus.Conn, error) {
		return godbus.ConnectSystemBus(godbus.WithContext(ctx))
	})
}

// Connect connects to systemd: as root by its private socket, which also exists
// without a bus, else by the system bus.
func Connect(ctx context.Context) (*Conn, error) {
	if os.Geteuid() == 0 {
		if bus, err := dial(ctx, dbus.NewSystemdConnectionContext); err == nil {
			return &Conn{bus}, nil
		}
	}
	bus, err := dial(ctx, dbus.NewSystemConnectionContext)
	if err != nil {
		return nil, err
	}
	return &Conn{bus}, nil
}

// Close ends the connection.
func (c *Conn) Close() { c.bus.Close() }

// Version returns the number of systemd's release, such as 252.
func (c *Conn) Version() (int, error) {
	value, err := c.bus.GetManagerProperty("Version")
	if err != nil {
		return 0, fmt.Errorf("ask systemd for its version: %w", err)
	}
	return release(value)
}

// release reads a version such as "252.38-1~deb12u1", quoted as it comes.
func release(version string) (int, error) {
	digits := strings.TrimLeft(version, `"v`)
	if end := strings.IndexFunc(digits, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		digits = digits[:end]
	}
	n, err := strconv.Atoi(digits)
	if err != nil {
		return 0, fmt.Errorf("systemd gives its version as %s", version)
	}
	return n, nil
}

// Reload has systemd read all unit files again, and returns when it has.
func (c *Conn) Reload(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if err := c.bus.ReloadContext(ctx); err != nil {
		return fmt.Errorf("reload systemd: %w", err)
	}
	return nil
}

// UnitPath returns the folders in which systemd looks for units, the strongest
// first (systemd.unit(5), "Unit File Load Path").
func (c *Conn) UnitPath() ([]string, error) {
	value, err := c.bus.GetManagerProperty("UnitPath")
	if err != nil {
		return nil, fmt.Errorf("ask systemd where it looks for units: %w", err)
	}
	return stringList(value)
}

// stringList reads a list of texts as D-Bus writes it, such as ["a", "b"].
func stringList(value string) (list []string, err error) {
	v, err := godbus.ParseVariant(value, godbus.ParseSignatureMust("as"))
	if err == nil {
		err = v.Store(&list)
	}
	if err != nil {
		return nil, fmt.Errorf("systemd gives %s for a list: %w", value, err)
	}
	return list, nil
}

// ReadAt returns when systemd last began to read the unit files.
func (c *Conn) ReadAt() (time.Time, error) { return c.timestamp("UnitsLoadTimestamp") }

// BootedAt returns when systemd began to start the system.
func (c *Conn) BootedAt() (time.Time, error) { return c.timestamp("UserspaceTimestamp") }

func (c *Conn) timestamp(property string) (time.Time, error) {
	value, err := c.bus.GetManagerProperty(property)
	if err != nil {
		return time.Time{}, fmt.Errorf("ask systemd for its %s: %w", property, err)
	}
	micros, err := strconv.ParseInt(strings.TrimPrefix(value, "@t "), 10, 64)
	if err != nil {
		return time.Time{}, fmt.Errorf("systemd gives its %s as %s", property, value)
	}
	return time.UnixMicro(micros), nil
}

// Enable has a unit started at every boot from now on. It neither starts the
// unit nor reloads.
func (c *Conn) Enable(ctx context.Context, unit string) error {
	return c.links(ctx, "enable", unit, func(ctx context.Context) error {
		_, _, err := c.bus.EnableUnitFilesContext(ctx, []string{unit}, false, false)
		return err
	})
}

// Disable undoes Enable. A unit without a file is disabled already.
func (c *Conn) Disable(ctx context.Context, unit string) error {
	return c.links(ctx, "disable", unit, func(ctx context.Context) error {
		_, err := c.bus.DisableUnitFilesContext(ctx, []string{unit}, false)
		return err
	})
}

// Mask keeps a unit from being started, also at the next boots. It neither stops the
// unit nor reloads.
func (c *Conn) Mask(ctx context.Context, unit string) error {
	return c.links(ctx, "mask", unit, func(ctx context.Context) error {
		_, err := c.bus.MaskUnitFilesContext(ctx, []string{unit}, false, true)
		return err
	})
}

// Unmask undoes Mask.
func (c *Conn) Unmask(ctx context.Context, unit string) error {
	return c.links(ctx, "unmask", unit, func(ctx context.Context) error {
		_, err := c.bus.UnmaskUnitFilesContext(ctx, []string{unit}, false)
		return err
	})
}

// links changes the links of a unit.
func (c *Conn) links(ctx context.Context, verb, unit string, change func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := change(ctx)
	if err == nil || verb != "enable" && isError(err, "org.freedesktop.systemd1.NoSuchUnit") {
		return nil
	}
	return fmt.Errorf("%s %s: %w", verb, unit, err)
}

// Start starts a unit, even one that has failed before, and waits until that
// is done.
func (c *Conn) Start(ctx context.Context, unit string) error {
	c.ResetFailed(ctx, unit)
	return c.job(ctx, "start", unit, c.bus.StartUnitContext)
}

// Restart stops and starts a unit, and waits until that is done.
func (c *Conn) Restart(ctx context.Context, unit string) error {
	c.ResetFailed(ctx, unit)
	return c.job(ctx, "restart", unit, c.bus.RestartUnitContext)
}

// Stop stops a unit, waits until that is done, and forgets a failure. A unit
// that is not loaded is stopped already.
func (c *Conn) Stop(ctx context.Context, unit string) error {
	err := c.job(ctx, "stop", unit, c.bus.StopUnitContext)
	if isError(err, "org.freedesktop.systemd1.NoSuchUnit") {
		return nil
	}
	c.ResetFailed(ctx, unit)
	return err
}

// ResetFailed clears the failed state and the start limit of a unit. A unit
// without them is no error.
func (c *Conn) ResetFailed(ctx context.Context, unit string) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	_ = c.bus.ResetFailedUnitContext(ctx, unit)
}

type jobFunc func(ctx context.Context, name, mode string, ch chan<- string) (int, error)

// job queues a job and waits for its end.
func (c *Conn) job(ctx context.Context, verb, unit string, queue jobFunc) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	done := make(chan string, 1) // the library must never wait for us
	if _, err := queue(ctx, unit, "replace", done); err != nil {
		return fmt.Errorf("%s %s: %w", verb, unit, err)
	}
	select {
	case result := <-done:
		if result != "done" {
			return fmt.Errorf("%s %s: %s", verb, unit, result)
		}
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s %s: %w", verb, unit, ctx.Err())
	}
}

func isError(err error, name string) bool {
	var e godbus.Error
	return errors.As(err, &e) && e.Name == name
}

// BootedAt asks systemd when it has started, which in a container is not with the
// kernel. If it cannot be asked, the kernel's time is used.
func BootedAt(ctx context.Context) (time.Time, error) {
	if conn, err := Connect(ctx); err == nil {
		defer conn.Close()
		return conn.BootedAt()
	}
	var up unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &up); err != nil {
		return time.Time{}, fmt.Errorf("read the time since boot: %w", err)
	}
	return time.Now().Add(-time.Duration(up.Nano())), nil
}

// containers are the names that systemd gives to containers (systemd-detect-virt(1)).
var containers = []string{"systemd-nspawn", "lxc", "lxc-libvirt", "docker", "podman", "rkt", "wsl", "proot", "pouch", "openvz", "container-other"}

// InContainer reports whether systemd runs in a container, which has the kernel and
// the clock of its host.
func (c *Conn) InContainer() (bool, error) {
	value, err := c.bus.GetManagerProperty("Virtualization")
	if err != nil {
		return false, fmt.Errorf("ask systemd whether this is a container: %w", err)
	}
	return slices.Contains(containers, strings.Trim(value, `"`)), nil
}
