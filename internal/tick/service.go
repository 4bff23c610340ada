package tick

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"

	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/taskexec"
)

// Isolate keeps the tasks of a confined service from the memory of processes
// outside of the sandbox, if the kernel can.
func Isolate(log *slog.Logger) {
	if os.Getenv("MONTIMER_SANDBOX") == "" || !taskexec.IsService(os.Environ()) {
		return
	}
	if err := host.Isolate(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		log.Warn("tasks can change the memory of other processes of their user: "+err.Error(), "event", taskexec.EventTrouble)
	}
}

// MissingEnvFile says that the environment file of this service is missing; "":
// it exists, or this is no service. systemd starts the service without it, so
// that this is recorded and reported; but no task runs, since one that sends
// its own alerts would lose them without its token.
func MissingEnvFile() string {
	path := os.Getenv("MONTIMER_ENV_FILE")
	if path == "" || !taskexec.IsService(os.Environ()) {
		return ""
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Sprintf("the environment file %s is missing, so no task was run: put it back (it may be empty)", path)
	case err == nil && info.IsDir():
		return fmt.Sprintf("the environment file %s is a directory, so no task was run: put a file in its place (it may be empty)", path)
	}
	return "" // also if this user cannot look: systemd reads it as root
}
