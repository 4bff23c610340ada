package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/montimer/montimer/internal/host"
)

// lockCompile waits for other compiles to end, and locks out new ones until
// unlock is called.
func lockCompile(ctx context.Context, e env) (unlock func(), err error) {
	unlock, err = host.LockCompile(ctx, e.instance, func() { fmt.Fprintln(e.stderr, "waiting for another compile or apply to end") })
	switch {
	case errors.Is(err, host.ErrCompiling):
		return nil, exitError{exitTryAgain, err}
	case errors.Is(err, context.Canceled):
		return nil, exitError{code: exitInterrupted} // stopped by the operator
	}
	return unlock, err
}
