package taskexec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/safefile"
)

// A broken jobs.yaml, or one that a profile is gone from, must not stop the
// profile's checks while its timer ticks. So each tick saves a copy of the
// profile, for later ticks to fall back on.

// keepCopy writes the copy, unless it is there already.
func keepCopy(stateDir string, p montimer.Profile) error {
	data, err := json.MarshalIndent(p, "", "\t")
	if err != nil {
		return err
	}
	path := copyPath(stateDir, p.Name)
	if old, err := safefile.Read(path, maxCopy); err == nil && bytes.Equal(old, data) {
		return nil
	}
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return safefile.Replace(path, data, 0o600)
}

// lastGood reads the copy.
func lastGood(stateDir, profile string) (p montimer.Profile, err error) {
	data, err := safefile.Read(copyPath(stateDir, profile), maxCopy)
	if err == nil {
		err = json.Unmarshal(data, &p)
	}
	if err == nil && p.Name != profile {
		err = fmt.Errorf("%s is not a copy of %s", copyPath(stateDir, profile), profile)
	}
	return p, err
}

// maxCopy is more than the profiles of the largest jobs.yaml take, in bytes.
const maxCopy = 64 << 20

func copyPath(stateDir, profile string) string {
	return filepath.Join(stateDir, "last-good", profile+".json")
}
