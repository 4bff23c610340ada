package taskexec

import (
	"crypto/rand"
	"encoding/hex"
	"os"
	"strconv"
)

// RunID returns the id of a run by this process.
func RunID(environ []string) string { return runID(environ, os.Getpid()) }

// runID returns 32 hexadecimal digits. When the process pid was started by
// systemd they are the invocation ID of the service (systemd.exec(5)), so that
// a run can be found in the journal; an environment that was merely inherited
// from a service does not count.
func runID(environ []string, pid int) string {
	if getenv(environ, "SYSTEMD_EXEC_PID") == strconv.Itoa(pid) {
		id := getenv(environ, "INVOCATION_ID")
		if raw, err := hex.DecodeString(id); err == nil && len(raw) == 16 {
			return id
		}
	}
	var raw [16]byte
	rand.Read(raw[:])
	return hex.EncodeToString(raw[:])
}
