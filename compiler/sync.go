package compiler

import (
	"cmp"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
	"github.com/montimer/montimer/internal/timer"
)

// syncTimer returns when the timer of the git syncs elapses.
func syncTimer(h montimer.Host) timer.Timer {
	every := h.Sync.Every
	return timer.Timer{Schedule: montimer.Schedule{Words: "every " + calendar.FormatSpan(every), Every: []time.Duration{every}}}
}

// syncView is the view of the pair of the git syncs. It has no profile.
func syncView(h hostView, at timer.Timer) (view, error) {
	var e escaper
	v := pairView{
		Description: prose(h.host.Instance.Prefix() + ": " + montimer.GitSync),
		Sandbox:     cmp.Or(of(h.host.Sandboxes, montimer.GitSync), montimer.SandboxDefault),
		Limits:      of(h.limits, montimer.GitSync),
		Writable:    of(h.writable, montimer.GitSync),
	}
	v.setTimer(&e, at)
	return view{hostView: h, pairView: v}, e.err()
}

// syncEnv has the settings of the git sync that the host sets.
func syncEnv(s montimer.Sync) (env []montimer.EnvVar) {
	usual := montimer.DefaultSync()
	if s.Remote != "" && s.Remote != usual.Remote {
		env = append(env, montimer.EnvVar{Name: "MONTIMER_SYNC_REMOTE", Value: s.Remote})
	}
	if s.Branch != "" && s.Branch != usual.Branch {
		env = append(env, montimer.EnvVar{Name: "MONTIMER_SYNC_BRANCH", Value: s.Branch})
	}
	if s.Timeout != 0 && s.Timeout != usual.Timeout {
		env = append(env, montimer.EnvVar{Name: "MONTIMER_SYNC_TIMEOUT", Value: calendar.FormatSpan(s.Timeout)})
	}
	return env
}
