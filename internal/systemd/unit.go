package systemd

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Unit is the state of a unit.
type Unit struct {
	Load   string // "loaded", "masked", "not-found", "bad-setting", "error" …
	Active string // "active", "inactive", "failed", "activating" …
	Sub    string // of a timer: "waiting", "running" while its service does, "elapsed", "dead" …
	Reason string // why it could not be loaded

	DropIns []string // paths of those of a unit that could not be loaded
}

// IsActive reports whether the unit is in force.
func (u Unit) IsActive() bool { return u.Active == "active" }

// IsRunning reports whether a service has processes, or may have: a oneshot is
// "activating" while it runs.
func (u Unit) IsRunning() bool {
	return slices.Contains([]string{"activating", "active", "reloading", "deactivating"}, u.Active)
}

// Units returns the states of units by name. systemd tries to load those that
// are not loaded.
func (c *Conn) Units(ctx context.Context, names []string) (map[string]Unit, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	units := make(map[string]Unit, len(names))
	if len(names) == 0 {
		return units, nil
	}
	list, err := c.bus.ListUnitsByNamesContext(ctx, names)
	if err != nil {
		return nil, fmt.Errorf("ask systemd for the state of units: %w", err)
	}
	for _, s := range list {
		u := Unit{Load: s.LoadState, Active: s.ActiveState, Sub: s.SubState}
		if refused(u.Load) {
			u.Reason, u.DropIns = c.loadError(ctx, s.Name), c.dropIns(ctx, s.Name)
		}
		units[s.Name] = u
	}
	return units, nil
}

// IsRefused reports whether systemd has found the file of the unit and not loaded it.
func (u Unit) IsRefused() bool { return refused(u.Load) }

// Listens returns the addresses of TCP at which a socket unit listens, or is to.
func (c *Conn) Listens(ctx context.Context, unit string) (addresses []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	p, err := c.bus.GetUnitTypePropertyContext(ctx, unit, "Socket", "Listen")
	if err != nil {
		return nil, fmt.Errorf("ask systemd where %s listens: %w", unit, err)
	}
	all, _ := p.Value.Value().([][]any) // type and address
	for _, l := range all {
		if address, ok := l[1].(string); ok && l[0] == "Stream" && !strings.HasPrefix(address, "/") && !strings.HasPrefix(address, "@") {
			addresses = append(addresses, address)
		}
	}
	return addresses, nil
}

// Failed names the units that have failed and match a pattern, as systemctl takes
// it.
func (c *Conn) Failed(ctx context.Context, pattern string) (names []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	list, err := c.bus.ListUnitsByPatternsContext(ctx, []string{"failed"}, []string{pattern})
	if err != nil {
		return nil, fmt.Errorf("ask systemd for units that have failed: %w", err)
	}
	for _, u := range list {
		names = append(names, u.Name)
	}
	slices.Sort(names)
	return names, nil
}

// loadError returns systemd's words on why it has not loaded a unit.
func (c *Conn) loadError(ctx context.Context, unit string) string {
	p, err := c.bus.GetUnitPropertyContext(ctx, unit, "LoadError")
	if err != nil {
		return err.Error()
	}
	if parts, ok := p.Value.Value().([]any); ok && len(parts) == 2 { // name and message of a D-Bus error
		return fmt.Sprint(parts[1])
	}
	return p.Value.String()
}

// dropIns returns the paths of a unit's drop-ins, as far as systemd tells.
func (c *Conn) dropIns(ctx context.Context, unit string) []string {
	p, err := c.bus.GetUnitPropertyContext(ctx, unit, "DropInPaths")
	if err != nil {
		return nil
	}
	paths, _ := p.Value.Value().([]string)
	return paths
}

// atOnce is about how many units questions are under way at a time. The bus refuses
// more than 128 calls of one connection (dbus-daemon(1), max_replies_per_connection);
// a unit takes up to three.
const atOnce = 32

// inTurn asks about units, several at a time, and takes the answers in their order.
func inTurn[Q any](names []string, ask func(name string) Q, take func(name string, asked Q) error) error {
	asked := make([]Q, len(names))
	for i := range len(names) + atOnce {
		if i < len(names) {
			asked[i] = ask(names[i])
		}
		if done := i - atOnce; 0 <= done && done < len(names) {
			if err := take(names[done], asked[done]); err != nil {
				return err
			}
		}
	}
	return nil
}

// Unread reports whether a file or drop-in of any of the units has changed
// since systemd read it. Of a unit that it has refused it always says so: from
// systemd 257 on NeedDaemonReload= does not, although its owner may have taken
// the bad drop-in away.
//
// systemd tells NeedDaemonReload= of one unit at a time; so that thousands take
// no time of waiting, the questions overlap.
func (c *Conn) Unread(ctx context.Context, names []string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	list, err := c.bus.ListUnitsByNamesContext(ctx, names)
	if err != nil {
		return false, fmt.Errorf("ask systemd for the state of units: %w", err)
	}
	for _, u := range list {
		if refused(u.LoadState) {
			return true, nil
		}
	}
	return c.needReload(ctx, names)
}

// needReload asks for NeedDaemonReload= of units, until one says yes.
func (c *Conn) needReload(ctx context.Context, names []string) (bool, error) {
	var (
		wg     sync.WaitGroup
		unread atomic.Bool
		errs   = make([]error, atOnce)
	)
	for i := range atOnce {
		wg.Go(func() {
			for n := i; n < len(names) && errs[i] == nil && !unread.Load(); n += atOnce {
				p, err := c.bus.GetUnitPropertyContext(ctx, names[n], "NeedDaemonReload")
				if err != nil {
					errs[i] = fmt.Errorf("ask systemd whether it has read %s: %w", names[n], err)
				} else if p.Value.Value() == true {
					unread.Store(true)
				}
			}
		})
	}
	wg.Wait()
	if unread.Load() {
		return true, nil
	}
	return false, errors.Join(errs...)
}

// refused reports whether systemd has found the file of a unit and not loaded it.
func refused(loadState string) bool { return loadState == "bad-setting" || loadState == "error" }

// Enabled reports whether a unit is started at boot.
func (c *Conn) Enabled(ctx context.Context, unit string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	p, err := c.bus.GetUnitPropertyContext(ctx, unit, "UnitFileState")
	if err != nil {
		return false, fmt.Errorf("ask systemd whether %s is enabled: %w", unit, err)
	}
	return p.Value.Value() == "enabled", nil
}

// LastTrigger returns when a timer last started its service; of one that is
// persistent and has not yet since it was started, the time of its stamp. Zero
// is never.
func (c *Conn) LastTrigger(ctx context.Context, timer string) (time.Time, error) {
	return c.unitTime(ctx, timer, "Timer", "LastTriggerUSec")
}

// ActiveSince returns when a unit last ceased to be inactive. Zero is never.
func (c *Conn) ActiveSince(ctx context.Context, unit string) (time.Time, error) {
	return c.unitTime(ctx, unit, "Unit", "InactiveExitTimestamp")
}

// unitTime reads a property that is a time in microseconds.
func (c *Conn) unitTime(ctx context.Context, unit, kind, property string) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	p, err := c.bus.GetUnitTypePropertyContext(ctx, unit, kind, property)
	if err != nil {
		return time.Time{}, fmt.Errorf("ask systemd for %s of %s: %w", property, unit, err)
	}
	micros, ok := p.Value.Value().(uint64)
	if !ok || micros > math.MaxInt64 {
		return time.Time{}, fmt.Errorf("systemd says that %s of %s is %s", property, unit, p.Value)
	}
	if micros == 0 {
		return time.Time{}, nil
	}
	return time.UnixMicro(int64(micros)), nil
}
