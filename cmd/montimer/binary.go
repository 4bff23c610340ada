package main

import (
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/unitfile"
)

// forThisHost reports whether units are for the running systemd. A user other
// than root makes units for another host, as does root in another directory.
func forThisHost(h montimer.Host) bool {
	return host.IsRoot() && slices.Contains(unitfile.UnitPath(), h.UnitDir)
}

// checkBinary reports a binary that no service could start: for this host as an
// error; for another, which may have the file, as a warning.
func checkBinary(w io.Writer, h montimer.Host, here bool) error {
	err := executable(h.Binary)
	if err == nil {
		return nil
	}
	err = fmt.Errorf("no service could start: %w: correct binary in %s, --binary or $MONTIMER_BINARY", err, h.Instance.ConfigFile())
	if here {
		return usage(err)
	}
	fmt.Fprintln(w, "warning:", err)
	return nil
}

func executable(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is not a regular file", path)
	case info.Mode()&0o111 == 0:
		return fmt.Errorf("%s is not executable", path)
	}
	return nil
}
