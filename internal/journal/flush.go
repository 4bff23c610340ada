package journal

import (
	"os"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// flushTimeout is how long Flush waits for a slow journal.
const flushTimeout = time.Second

// Flush waits until what this process has sent has been read. The journal asks
// /proc which unit a sender belongs to (systemd-journald.service(8)): lines of
// a process that is gone by then are in no unit's log.
func Flush() {
	for deadline := time.Now().Add(flushTimeout); unread() && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(2 * time.Millisecond) // for the last to be looked up
}

// unread reports whether anything is still in the queue of one of the process's
// datagram sockets (unix(7), SIOCOUTQ). The one of the journal is not ours to
// ask for.
func unread() bool {
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return false
	}
	for _, entry := range fds {
		fd, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		domain, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_DOMAIN)
		if err != nil || domain != unix.AF_UNIX {
			continue
		}
		if kind, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TYPE); err != nil || kind != unix.SOCK_DGRAM {
			continue
		}
		if queued, err := unix.IoctlGetInt(fd, unix.SIOCOUTQ); err == nil && queued > 0 {
			return true
		}
	}
	return false
}
