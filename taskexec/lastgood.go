package taskexec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/montimer/montimer"
)

// A jobs.yaml that is broken, or that a profile is gone from, must not stop the
// profile's checks for as long as its timer ticks. So a tick leaves a copy of
// the profile as it ran it, for the ticks after it to fall back on.

// keepCopy writes the copy, where it is not there already.
func keepCopy(stateDir string, p montimer.Profile) error {
	data, err := json.MarshalIndent(p, "", "\t")
	if err != nil {
		return err
	}
	path := copyPath(stateDir, p.Name)
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
		return nil
	}
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return replaceFile(path, data)
}

// lastGood reads the copy.
func lastGood(stateDir, profile string) (p montimer.Profile, err error) {
	data, err := os.ReadFile(copyPath(stateDir, profile))
	if err == nil {
		err = json.Unmarshal(data, &p)
	}
	if err == nil && p.Name != profile {
		err = fmt.Errorf("%s is not a copy of %s", copyPath(stateDir, profile), profile)
	}
	return p, err
}

func copyPath(stateDir, profile string) string {
	return filepath.Join(stateDir, "last-good", profile+".json")
}

// replaceFile puts a file in place whole, or not at all.
func replaceFile(path string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
