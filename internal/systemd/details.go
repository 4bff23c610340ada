package systemd

import (
	"cmp"
	"context"
	"fmt"

	godbus "github.com/godbus/dbus/v5"
)

// Detail is what systemd knows of a unit besides its state.
type Detail struct {
	Unit
	Enablement string   // "enabled", "static", "masked" …; "": it has no file
	Unread     bool     // a file of it has changed since systemd read it
	Upholds    []string // what a target upholds
	Unmet      []string // conditions, such as ConditionPathExists=/x, that kept it from starting
}

// Details returns what systemd knows of units by name, drop-ins of all of them
// included. systemd tries to load those that are not loaded. It needs no rights.
func Details(ctx context.Context, names []string) (map[string]Detail, error) {
	ctx, cancel := answering(ctx)
	defer cancel()
	bus, err := dialBus(ctx)
	if err != nil {
		return nil, err
	}
	defer bus.Close()
	details := make(map[string]Detail, len(names))
	all := func(name string) *godbus.Call { return ask(ctx, bus, name, "GetAll", "org.freedesktop.systemd1.Unit") }
	err = inTurn(names, all, func(name string, asked *godbus.Call) error {
		var p map[string]godbus.Variant
		if err := (<-asked.Done).Store(&p); err != nil {
			return fmt.Errorf("ask systemd for %s: %w", name, cmp.Or(context.Cause(ctx), err))
		}
		details[name] = readDetail(p)
		return nil
	})
	return details, err
}

func readDetail(p map[string]godbus.Variant) (d Detail) {
	d.Load, _ = p["LoadState"].Value().(string)
	d.Active, _ = p["ActiveState"].Value().(string)
	d.Sub, _ = p["SubState"].Value().(string)
	d.DropIns, _ = p["DropInPaths"].Value().([]string)
	d.Enablement, _ = p["UnitFileState"].Value().(string)
	d.Unread, _ = p["NeedDaemonReload"].Value().(bool)
	d.Upholds, _ = p["Upholds"].Value().([]string)
	if e, ok := p["LoadError"].Value().([]any); ok && len(e) == 2 && refused(d.Load) { // name and message of a D-Bus error
		d.Reason = fmt.Sprint(e[1])
	}
	for _, property := range []string{"Conditions", "Asserts"} {
		all, _ := p[property].Value().([][]any) // type, trigger, negate, parameter, state
		for _, c := range all {
			if state, ok := c[4].(int32); ok && state < 0 {
				negated := ""
				if c[2] == true {
					negated = "!"
				}
				d.Unmet = append(d.Unmet, fmt.Sprintf("%v=%s%v", c[0], negated, c[3]))
			}
		}
	}
	return d
}
