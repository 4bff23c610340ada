package systemd

import (
	"context"
	"fmt"
	"time"
)

// Service is how a run of a service stands.
type Service struct {
	Active     string // "activating" while a oneshot runs, "inactive" or "failed" when it has
	Invocation string // of its last start, 32 hexadecimal digits
	Result     string // "success", "exit-code", "timeout" …
	ExitCode   int    // of its main process, or the number of the signal that ended it
	Signaled   bool
}

// Running reports whether the run is still under way.
func (s Service) Running() bool { return s.Active != "inactive" && s.Active != "failed" }

// Queue has systemd start a unit, and does not wait for it.
func (c *Conn) Queue(ctx context.Context, unit string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if _, err := c.bus.StartUnitContext(ctx, unit, "replace", nil); err != nil {
		return fmt.Errorf("start %s: %w", unit, err)
	}
	return nil
}

// Service returns the state of a service.
func (c *Conn) Service(ctx context.Context, unit string) (Service, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	p, err := c.bus.GetAllPropertiesContext(ctx, unit)
	if err != nil {
		return Service{}, fmt.Errorf("ask systemd for the state of %s: %w", unit, err)
	}
	s := Service{}
	s.Active, _ = p["ActiveState"].(string)
	s.Result, _ = p["Result"].(string)
	if id, _ := p["InvocationID"].([]byte); len(id) > 0 {
		s.Invocation = fmt.Sprintf("%x", id)
	}
	status, _ := p["ExecMainStatus"].(int32)
	code, _ := p["ExecMainCode"].(int32) // CLD_EXITED is 1, see waitid(2)
	s.ExitCode, s.Signaled = int(status), code > 1
	return s, nil
}

// Await asks for the state of a service until ok is content with it.
func (c *Conn) Await(ctx context.Context, unit string, ok func(Service) bool) (Service, error) {
	for {
		s, err := c.Service(ctx, unit)
		if err != nil || ok(s) {
			return s, err
		}
		select {
		case <-ctx.Done():
			return s, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}
