package notify

import (
	"slices"
	"time"

	"github.com/montimer/montimer"
)

// alertKind returns the kind of alert that reports a run; "" is none. A lost
// run is reported under every policy: something other than its tasks has
// failed.
func alertKind(run montimer.Run, before montimer.Incident, policy montimer.NotifyPolicy) montimer.AlertKind {
	failures := run.Failures()
	switch {
	case run.State == montimer.RunLost:
		return montimer.AlertLost
	case run.State == montimer.RunInterrupted && !slices.ContainsFunc(failures, failedAlone):
		return "" // it was stopped, and nothing had failed
	case run.State == montimer.RunSkipped:
		return ""
	case len(failures) > 0, run.State == montimer.RunFailed:
		if run.Trigger != montimer.TriggerManual && before.Count+1 < policy.After && before.Reported.ID == "" {
			return "" // not often enough in a row
		}
		if alreadyReported(run, before.Reported, policy.RepeatEvery) {
			return ""
		}
		return montimer.AlertFailure
	case policy.Recovery && before.Reported.ID != "":
		return montimer.AlertRecovery
	case run.Reason != "" && (run.Reason != before.Last.Reason || day(run) != day(before.Last)):
		return montimer.AlertPage // it went well, but not as it should
	}
	return ""
}

// day is the UTC date on which a run began.
func day(run montimer.Run) string { return run.Started.UTC().Format(time.DateOnly) }

// failedAlone reports whether a task failed for a reason of its own, not
// because the run was stopped.
func failedAlone(t montimer.TaskRun) bool {
	return t.Status != montimer.TaskInterrupted && t.Status != montimer.TaskNotRun
}

// alreadyReported reports whether a failing run needs no alert yet: the run
// reported last is recent, and had every failure of this one. One that is dated
// in the future comes from a wrong clock and does not count.
func alreadyReported(run, last montimer.Run, every time.Duration) bool {
	since := run.Started.Sub(last.Started)
	if last.ID == "" || since < 0 || since >= every || run.Reason != last.Reason {
		return false
	}
	known := last.Failures()
	return !slices.ContainsFunc(run.Failures(), func(t montimer.TaskRun) bool {
		return !slices.ContainsFunc(known, func(k montimer.TaskRun) bool { return k.Name == t.Name })
	})
}
