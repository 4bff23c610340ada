package compiler

import (
	"cmp"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/calendar"
)

// Sync stands for the name of a profile where the pair of units is that of the
// git syncs. No profile can be called that.
const Sync = "git sync"

// syncPair is the name of those units without their endings.
const syncPair = "montimer-sync"

// syncView is the view of that pair. It has no profile.
func syncView(h hostView) view {
	return view{
		hostView:    h,
		Description: prose("montimer: " + Sync),
		Every:       []text{text(calendar.FormatSpan(h.host.Sync.Every))},
		Sandbox:     cmp.Or(of(h.host.Sandboxes, Sync), montimer.SandboxDefault),
		Limits:      of(h.limits, Sync),
		Writable:    of(h.writable, Sync),
	}
}

// syncEnv freezes how the checkout is synced, as far as the host has said so.
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
