package host

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// maxLinks is how many symbolic links a path may take, as in the kernel.
const maxLinks = 40

// Trusted checks a path that root or PID 1 is going to rely on: nobody but
// root may be able to change what it leads to. Every directory, link and file
// on the way has to belong to root and be writable by root alone; a sticky
// directory such as /tmp may hold an entry of root's. A path that does not
// exist is fine as far as it goes. Its error names the entry at fault.
func Trusted(path string) error { return eachEntry(path, ownedByRoot) }

// eachEntry visits the directories, links and files on the way to an absolute
// path, as far as it exists, until visit returns an error.
func eachEntry(path string, visit func(path string, info fs.FileInfo) error) error {
	done, rest := "/", strings.Split(filepath.Clean(path), "/")[1:]
	for links := 0; ; {
		info, err := os.Lstat(done)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("check %s: %w", path, err)
		}
		if err := visit(done, info); err != nil {
			return err
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			if links++; links > maxLinks {
				return fmt.Errorf("check %s: too many symbolic links", path)
			}
			target, err := os.Readlink(done)
			if err != nil {
				return fmt.Errorf("check %s: %w", path, err)
			}
			if !filepath.IsAbs(target) {
				target = filepath.Join(filepath.Dir(done), target)
			}
			done, rest = "/", append(strings.Split(filepath.Clean(target), "/")[1:], rest...)
			continue
		}
		for len(rest) > 0 && rest[0] == "" {
			rest = rest[1:]
		}
		if len(rest) == 0 {
			return nil
		}
		done, rest = filepath.Join(done, rest[0]), rest[1:]
	}
}

// ownedByRoot checks one entry of a path.
func ownedByRoot(path string, info fs.FileInfo) error {
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return fmt.Errorf("check %s: no owner known", path)
	}
	if st.Uid != 0 {
		return fmt.Errorf("%s belongs to user %d: whoever that is could put anything in its place; chown root it, or choose another path", path, st.Uid)
	}
	mode := info.Mode()
	if mode&fs.ModeSymlink != 0 || mode.IsDir() && mode&fs.ModeSticky != 0 {
		return nil
	}
	writable := mode.Perm() & 0o002
	if st.Gid != 0 {
		writable |= mode.Perm() & 0o020
	}
	if writable != 0 {
		return fmt.Errorf("%s can be written by others than root (mode %04o): chmod go-w it, or choose another path", path, mode.Perm())
	}
	return nil
}
