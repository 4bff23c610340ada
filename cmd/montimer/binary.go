package main

import (
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/compiler"
	"github.com/montimer/montimer/internal/host"
)

// forThisHost reports whether units are for the systemd that runs here. A user
// who is not root makes those of another host, as does root in another folder.
func forThisHost(h montimer.Host) bool {
	return host.IsRoot() && slices.Contains(compiler.UnitPath(), h.UnitDir)
}

// checkBinary says so when no service could start: for this host it is an
// error; for another, which may well have the file, a warning.
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
