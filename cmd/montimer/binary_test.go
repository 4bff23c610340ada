package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/montimer/montimer"
)

func TestCheckBinary(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, mode := range map[string]os.FileMode{"montimer": 0o755, "plain": 0o644} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, mode); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{
		"montimer":   "",
		"plain":      "plain is not executable",
		".":          "is not a regular file",
		"montimer-2": "montimer-2: no such file or directory",
	} {
		h := montimer.Host{Binary: filepath.Join(dir, name)}
		var said strings.Builder
		err := checkBinary(&said, h, true)
		if (err == nil) != (want == "") || said.String() != "" {
			t.Errorf("%s, for this host: %v, said %q", name, err, said.String())
		}
		if err != nil && (!strings.Contains(err.Error(), want) || exitCode(&strings.Builder{}, err) != exitUsage) {
			t.Errorf("%s, for this host: %v", name, err)
		}
		if err := checkBinary(&said, h, false); err != nil || !strings.Contains(said.String(), want) || (said.String() == "") != (want == "") {
			t.Errorf("%s, for another host: %v, said %q", name, err, said.String())
		}
	}
}
