package testenv

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// recorder stands in for a test and keeps what was asked of it.
type recorder struct {
	testing.TB
	skipped, failed string
}

func (r *recorder) Helper()           {}
func (r *recorder) Skip(args ...any)  { r.skipped = args[0].(string) }
func (r *recorder) Fatal(args ...any) { r.failed = args[0].(string) }

func TestNeed(t *testing.T) {
	for _, test := range []struct {
		name, require   string
		tools           []string
		skipped, failed string
	}{
		{name: "there", tools: []string{"sh"}},
		{name: "missing", tools: []string{"sh", "no-such-a", "no-such-b"}, skipped: "not in PATH: no-such-a, no-such-b"},
		{name: "required", require: "1", tools: []string{"no-such-a"}, failed: "not in PATH: no-such-a (MONTIMER_REQUIRE_TOOLS=1)"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("MONTIMER_REQUIRE_TOOLS", test.require)
			r := &recorder{}
			Need(r, test.tools...)
			// Fatal of a recorder returns, so a failure is followed by a skip.
			if r.failed != test.failed || (test.failed == "" && r.skipped != test.skipped) {
				t.Errorf("skipped %q, failed %q; want %q, %q", r.skipped, r.failed, test.skipped, test.failed)
			}
		})
	}
}

func TestNeedRoot(t *testing.T) {
	t.Setenv("MONTIMER_REQUIRE_TOOLS", "")
	r := &recorder{}
	NeedRoot(r)
	if root := os.Geteuid() == 0; root != (r.skipped == "") {
		t.Errorf("euid %d, skipped %q", os.Geteuid(), r.skipped)
	}
}

func (r *recorder) Errorf(format string, args ...any) { r.failed = fmt.Sprintf(format, args...) }

func TestLinear(t *testing.T) {
	for name, test := range map[string]struct {
		work func(n int)
		fast bool
	}{
		"linear":          {func(n int) { spin(2000 * n) }, true},
		"quadratic":       {func(n int) { spin(n * n / 4) }, false},
		"next to nothing": {func(n int) { spin(n * n / 100) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			r := &recorder{}
			if Linear(r, 1000, test.work); (r.failed == "") != test.fast {
				t.Errorf("%q", r.failed)
			}
		})
	}
}

var spun int

func spin(n int) {
	for i := range n {
		spun += i ^ spun>>3
	}
}

// TestPathFor has a program of root's home first in PATH.
func TestPathFor(t *testing.T) {
	NeedRoot(t)
	t.Setenv("MONTIMER_REQUIRE_TOOLS", "")
	mine, all := t.TempDir(), t.TempDir()
	for _, dir := range []string{mine, all} {
		if err := os.WriteFile(filepath.Join(dir, "program"), []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for _, dir := range []string{filepath.Dir(all), all} {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(mine, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", mine+":"+all+":/bin")
	if path := PathFor(t, 65534, "program"); path != all+":/bin:"+standard {
		t.Error(path)
	}
	r := &recorder{}
	if PathFor(r, 65534, "no-such-program"); r.skipped != "user 65534 can run no no-such-program of PATH or of "+standard {
		t.Errorf("%q", r.skipped)
	}
}

func TestPython(t *testing.T) {
	Need(t, "python3")
	t.Setenv("MONTIMER_REQUIRE_TOOLS", "")
	if path := Python(t, "json", "sqlite3"); exec.Command(path, "-c", "import sqlite3").Run() != nil {
		t.Error(path)
	}
	r := &recorder{}
	if Python(r, "no_such_module"); r.skipped != "no python3 in PATH or in "+standard+" has sys, no_such_module" {
		t.Errorf("%q", r.skipped)
	}
}
