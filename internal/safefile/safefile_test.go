package safefile

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	err := errors.Join(os.WriteFile(at("four"), []byte("four"), 0o600), os.Symlink("four", at("link")),
		unix.Mkfifo(at("fifo"), 0o600), os.Truncate(at("four"), 4))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		path, want, err string
		max             int64
	}{
		{at("four"), "four", "", 4},
		{at("four"), "", "is larger than 3 bytes", 3},
		{at("link"), "", "too many levels of symbolic links", 4},
		{at("fifo"), "", "is not a regular file", 4},
		{"/dev/zero", "", "is not a regular file", 4},
		{dir, "", "is not a regular file", 4},
		{at("none"), "", "no such file", 4},
	} {
		got, err := Read(tt.path, tt.max)
		if tt.err == "" && (err != nil || string(got) != tt.want) || tt.err != "" && (err == nil || !strings.Contains(err.Error(), tt.err)) {
			t.Errorf("%s: %q, %v", tt.path, got, err)
		}
	}
}

func TestReplace(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, target := filepath.Join(dir, "file"), filepath.Join(dir, "target")
	if err := errors.Join(os.WriteFile(target, []byte("kept"), 0o600), os.Symlink(target, path)); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"one", "two"} {
		if err := Replace(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		info, _ := os.Lstat(path)
		if err != nil || string(got) != text || info.Mode() != 0o644 {
			t.Errorf("%q, %v, %v", got, info.Mode(), err)
		}
	}
	if got, _ := os.ReadFile(target); string(got) != "kept" {
		t.Errorf("a link was followed: %q", got)
	}
	if err := Replace(filepath.Join(dir, "none", "file"), nil, 0o600); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no directory: %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 2 {
		t.Errorf("left over: %v, %v", entries, err)
	}
}
