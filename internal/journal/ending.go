package journal

import (
	"fmt"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// Ending is how a run of a service ended.
type Ending struct {
	Result   string // Result= of systemd.exec(5): "success", "exit-code", "resources" …; "": not known
	ExitCode int    // of the main process, or the number of the signal that killed it
	Signaled bool
}

// MESSAGE_ID of the entries by which systemd reports the end of a process and
// that of a unit that ended well (sd-messages.h).
const (
	idProcessExit = "98e322203f7a4ed290d09fe03c09fe15"
	idSuccess     = "7ad2d189f7e94e70a38c781354912448"
)

// note keeps what an entry of systemd says of the ending. By default systemd
// logs nothing of a process that ended well.
func (e *Ending) note(entry Entry) {
	if !entry.Manager {
		return
	}
	if status, err := strconv.Atoi(entry.exitStatus); err == nil && entry.id == idProcessExit {
		e.ExitCode, e.Signaled = status, entry.exitCode != "exited"
	}
	switch {
	case entry.id == idSuccess:
		e.Result = "success"
	case entry.result != "":
		e.Result = entry.result
	}
}

// firstReserved is the first exit code that systemd gives to a process that it
// could not set up (systemd.exec(5), "Process Exit Codes").
const firstReserved = 200

// reserved names those that a service of montimer is likely to meet, with what
// to look at.
var reserved = map[int]string{
	200: "CHDIR: the working directory is missing or out of reach",
	203: "EXEC: the montimer binary is missing or cannot be executed",
	216: "GROUP: the group does not exist",
	217: "USER: the user does not exist",
	226: "NAMESPACE: a directory that the sandbox names is missing",
	238: "STATE_DIRECTORY: the state directory cannot be made",
}

// Reserved returns the name that systemd has for an exit code of its own, with
// what to look at; "" for all others.
func Reserved(exitCode int) string { return reserved[exitCode] }

// Reason says why a run was ended from outside, or why it never began; "" when
// its exit code says all.
func (e Ending) Reason() string {
	switch {
	case e.Result == "":
		return "how the run ended is not known: systemd has unloaded the unit"
	case e.Result == "timeout":
		return "the run hung: systemd stopped it (Result: timeout)"
	case e.Signaled && e.Result != "success":
		return fmt.Sprintf("the run was killed by %s (Result: %s)", unix.SignalName(syscall.Signal(e.ExitCode)), e.Result)
	case e.Result == "exit-code" && e.ExitCode >= firstReserved:
		if words, ok := reserved[e.ExitCode]; ok {
			return fmt.Sprintf("the run never began: systemd gave up with status %d/%s", e.ExitCode, words)
		}
		return fmt.Sprintf("the run never began: systemd gave up with status %d (systemd.exec(5), Process Exit Codes)", e.ExitCode)
	case e.Result == "resources":
		return "the run never began: systemd could not set it up, often for a missing environment file (Result: resources)"
	case e.Result != "exit-code" && e.Result != "success":
		return fmt.Sprintf("the run failed (Result: %s)", e.Result)
	}
	return ""
}

// Code is the exit code that stands for the ending: that of the run, or 1 where
// it has none.
func (e Ending) Code() int {
	if e.Signaled || e.Result != "exit-code" && e.Result != "success" {
		return 1
	}
	return e.ExitCode
}
