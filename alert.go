package montimer

import "time"

// AlertKind says what an alert tells.
type AlertKind string

// The kinds of alert.
const (
	AlertFailure  AlertKind = "failure"  // a run in which tasks failed
	AlertRecovery AlertKind = "recovery" // the first good run after failures
	AlertLost     AlertKind = "lost"     // runs that ended without a result
	AlertPage     AlertKind = "page"     // about montimer itself
	AlertReport   AlertKind = "report"   // what ran in a day or a week
)

// Alert is one message on its way to people: an entry of the outbox. It is
// stored in the same transaction as the run that it reports, before anything is
// sent.
type Alert struct {
	ID       int64 // of the outbox entry
	EventID  int64 // of its row in alert_events
	Kind     AlertKind
	Profile  string // "": montimer itself
	RunID    string
	Incident string // id of the first failing run; repeats of one incident fold
	First    bool   // the first of its incident: goes out before repeats
	Text     string
	Plain    bool // no Markdown

	Created  time.Time // zero in the outbox: the entry is damaged or not written by montimer
	NextTry  time.Time
	Attempts int
	Waited   time.Duration // for its attempts so far, independent of the clock
	Folded   int           // how many other alerts it stands for
	Status   int           // HTTP status of the last attempt; 0: none
	Error    string        // of the last attempt, redacted
}

// DeliveryStatus is the state of an alert's delivery, as readers of the table
// alert_events know it.
type DeliveryStatus string

// An alert is generated when it is stored, and ends as one of the others.
const (
	Generated          DeliveryStatus = "generated"
	Delivered          DeliveryStatus = "delivered"
	DeliveryFailed     DeliveryStatus = "failed"
	SkippedDebug       DeliveryStatus = "skipped_debug"
	SkippedCredentials DeliveryStatus = "skipped_missing_credentials"
	NotAttempted       DeliveryStatus = "not_attempted" // another alert reported it
)

// Event is a row of the table alert_events: an alert as the tasks, montimer and the
// system before it store it.
type Event struct {
	ID                         int64
	Created                    time.Time
	Source, Protocol, Severity string // as their writer chose them; severity may be ""
	Text                       string
}

// GlobalHeartbeat is the environment variable with the URL that is called at
// the end of every run, also of a failed one: so its silence means that this
// host, or montimer on it, is gone. It gets a failure signal while alerts
// cannot be sent.
const GlobalHeartbeat = "MONTIMER_HEARTBEAT"
