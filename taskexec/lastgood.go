package taskexec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

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
	if old, err := readCopy(path); err == nil && bytes.Equal(old, data) {
		return nil
	}
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil && !errors.Is(err, os.ErrExist) {
		return err
	}
	return replaceFile(path, data)
}

// lastGood reads the copy.
func lastGood(stateDir, profile string) (p montimer.Profile, err error) {
	data, err := readCopy(copyPath(stateDir, profile))
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

// readCopy reads a file that tasks can replace: it neither waits for a FIFO nor
// reads a device or a huge file.
func readCopy(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	switch info, err := f.Stat(); {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a regular file (%v)", path, info.Mode())
	case info.Size() > maxCopy:
		return nil, fmt.Errorf("%s has %d bytes, more than %d", path, info.Size(), maxCopy)
	}
	return io.ReadAll(io.LimitReader(f, maxCopy))
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
