package notify

import (
	"slices"
	"time"

	"github.com/montimer/montimer"
)

// occasion returns what there is to report of a run; "" is nothing. A lost run is
// reported whatever the policy: something other than its tasks has failed.
func occasion(run montimer.Run, before montimer.Incident, policy montimer.NotifyPolicy) montimer.AlertKind {
	failures := run.Failures()
	switch {
	case run.State == montimer.RunLost:
		return montimer.AlertLost
	case run.State == montimer.RunInterrupted && !slices.ContainsFunc(failures, byItself):
		return "" // it was told to stop, and nothing had failed
	case run.State == montimer.RunSkipped:
		return ""
	case len(failures) > 0, run.State == montimer.RunFailed:
		if run.Trigger != montimer.TriggerManual && before.Count+1 < policy.After && before.Told.ID == "" {
			return "" // not often enough in a row
		}
		if quiet(run, before.Told, policy.RepeatEvery) {
			return ""
		}
		return montimer.AlertFailure
	case policy.Recovery && before.Told.ID != "":
		return montimer.AlertRecovery
	case run.Reason != "" && (run.Reason != before.Last.Reason || day(run) != day(before.Last)):
		return montimer.AlertPage // it went well, but not as it should
	}
	return ""
}

// day is the one on which a run began.
func day(run montimer.Run) string { return run.Started.UTC().Format(time.DateOnly) }

// byItself reports whether a task failed for no doing of ours.
func byItself(t montimer.TaskRun) bool {
	return t.Status != montimer.TaskInterrupted && t.Status != montimer.TaskNotRun
}

// quiet reports whether a failing run need not be told of yet: the one that was
// told last is recent enough, and had every failure that this one has. One that
// has yet to come tells of a clock that was wrong, and keeps nobody quiet.
func quiet(run, told montimer.Run, every time.Duration) bool {
	since := run.Started.Sub(told.Started)
	if told.ID == "" || since < 0 || since >= every || run.Reason != told.Reason {
		return false
	}
	known := told.Failures()
	return !slices.ContainsFunc(run.Failures(), func(t montimer.TaskRun) bool {
		return !slices.ContainsFunc(known, func(k montimer.TaskRun) bool { return k.Name == t.Name })
	})
}
