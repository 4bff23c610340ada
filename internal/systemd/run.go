package systemd

import (
	"context"
	"fmt"
)

// Service is the state of a run of a service.
type Service struct {
	Active     string // "activating" while a oneshot runs, "inactive" or "failed" when it has
	Invocation string // of its last start, 32 hexadecimal digits
	Result     string // "success", "exit-code", "timeout" …
	ExitCode   int    // of its main process, or the number of the signal that ended it
	Signaled   bool
	Status     string // its last status text
}

// Running reports whether the run is still under way.
func (s Service) Running() bool { return s.Active != "inactive" && s.Active != "failed" }

// Hold keeps a unit loaded until release is called: of one that systemd has
// unloaded after its run, it is lost how the run ended. It needs the system
// bus, also as root (org.freedesktop.systemd1(5), RefUnit).
func Hold(ctx context.Context, unit string) (release func(), err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	bus, err := dialBus(context.WithoutCancel(ctx))
	if err != nil {
		return nil, err
	}
	manager := bus.Object("org.freedesktop.systemd1", "/org/freedesktop/systemd1")
	if err := manager.CallWithContext(ctx, "org.freedesktop.systemd1.Manager.RefUnit", 0, unit).Err; err != nil {
		bus.Close()
		return nil, fmt.Errorf("keep %s loaded: %w", unit, err)
	}
	return func() { bus.Close() }, nil // which gives the reference back
}

// Queue has systemd start a unit, and does not wait for it. The channel gets
// the result of the job: "done", "failed", "canceled" …
func (c *Conn) Queue(ctx context.Context, unit string) (<-chan string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	done := make(chan string, 1) // the library must never wait for us
	if _, err := c.bus.StartUnitContext(ctx, unit, "replace", done); err != nil {
		return nil, fmt.Errorf("start %s: %w", unit, err)
	}
	return done, nil
}

// IsDenied reports whether systemd refused a call because the caller is not
// root.
func IsDenied(err error) bool {
	return isError(err, "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired") ||
		isError(err, "org.freedesktop.DBus.Error.AccessDenied")
}

// IsUnknown reports whether systemd refused a call because it finds no such
// unit.
func IsUnknown(err error) bool { return isError(err, "org.freedesktop.systemd1.NoSuchUnit") }

// Service returns the state of a service.
func (c *Conn) Service(ctx context.Context, unit string) (Service, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	p, err := c.bus.GetAllPropertiesContext(ctx, unit)
	if err != nil {
		return Service{}, fmt.Errorf("ask systemd for the state of %s: %w", unit, err)
	}
	s := Service{}
	s.Active, _ = p["ActiveState"].(string)
	s.Result, _ = p["Result"].(string)
	s.Status, _ = p["StatusText"].(string)
	if id, _ := p["InvocationID"].([]byte); len(id) > 0 {
		s.Invocation = fmt.Sprintf("%x", id)
	}
	status, _ := p["ExecMainStatus"].(int32)
	code, _ := p["ExecMainCode"].(int32) // CLD_EXITED is 1, see waitid(2)
	s.ExitCode, s.Signaled = int(status), code > 1
	return s, nil
}
