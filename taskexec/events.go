package taskexec

// What a record of [Runner.Log] tells is the value of its attribute "event";
// these have a place of their own in the journal.
const (
	EventTaskStarted = "task started"
	EventTaskEnded   = "task ended"   // "result" is a montimer.TaskStatus
	EventRunEnded    = "run ended"    // "result" is a montimer.RunState
	EventFailure     = "failure"      // one task of a run that has ended
	EventUnrecorded  = "unrecorded"   // the database does not have it
	EventLost        = "run lost"     // an earlier run never said how it ended
	EventTrouble     = "needs a look" // montimer itself has trouble
)
