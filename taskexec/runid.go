package taskexec

import (
	"crypto/rand"
	"encoding/hex"
	"os"
	"strconv"
)

// RunID returns the id of a run by this process.
func RunID(environ []string) string { return runID(environ, os.Getpid()) }

// IsService reports whether systemd has started this process as the main one of
// a service. An environment that was merely inherited from one does not count.
func IsService(environ []string) bool { return isService(environ, os.Getpid()) }

func isService(environ []string, pid int) bool {
	return getenv(environ, "SYSTEMD_EXEC_PID") == strconv.Itoa(pid)
}

// runID returns 32 hexadecimal digits. When the process pid was started by
// systemd they are the invocation ID of the service (systemd.exec(5)), so that
// a run can be found in the journal.
func runID(environ []string, pid int) string {
	if isService(environ, pid) {
		id := getenv(environ, "INVOCATION_ID")
		if raw, err := hex.DecodeString(id); err == nil && len(raw) == 16 {
			return id
		}
	}
	var raw [16]byte
	rand.Read(raw[:])
	return hex.EncodeToString(raw[:])
}
