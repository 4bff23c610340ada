package compiler

import (
	"cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
)

// syncView is the view of the pair of the git syncs. It has no profile.
func syncView(h hostView) view {
	return view{
		hostView:    h,
		Description: prose(h.host.Instance.Prefix() + ": " + montimer.GitSync),
		Every:       []text{text(calendar.FormatSpan(h.host.Sync.Every))},
		Sandbox:     cmp.Or(of(h.host.Sandboxes, montimer.GitSync), montimer.SandboxDefault),
		Limits:      of(h.limits, montimer.GitSync),
		Writable:    of(h.writable, montimer.GitSync),
	}
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
