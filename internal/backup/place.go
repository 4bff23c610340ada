package backup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Place is what this process sees of a directory for backups.
type Place struct {
	Wrong   string `json:"wrong"`   // why no backup can be written there; "": one can
	Missing bool   `json:"missing"` // there is none
	Same    bool   `json:"same"`    // it is on the file system of the state directory, and is lost with that
}

// Look looks at a directory for backups, for at most so long: on a network file system
// whose server is down it would take forever.
func Look(dir, stateDir string, most time.Duration) Place {
	p, late := within(most, dir, func() Place { return look(dir, stateDir) })
	if late != nil {
		return Place{Wrong: late.Error()}
	}
	return p
}

func look(dir, stateDir string) (p Place) {
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Place{Wrong: dir + " does not exist", Missing: true}
	case err != nil:
		return Place{Wrong: err.Error()}
	case !info.IsDir():
		return Place{Wrong: dir + " is not a directory"}
	}
	if err := unix.Access(dir, unix.W_OK|unix.X_OK); err != nil {
		return Place{Wrong: fmt.Sprintf("%s cannot be written: %v", dir, err)}
	}
	var of, state unix.Stat_t
	p.Same = unix.Stat(dir, &of) == nil && unix.Stat(stateDir, &state) == nil && of.Dev == state.Dev
	return p
}
