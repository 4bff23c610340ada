package host

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxLinks is how many symbolic links a path may take, as in the kernel.
const maxLinks = 40

// Trusted checks a path that root or PID 1 relies on: only root may be able to
// change its target. Every directory, link and file on the way has to belong to
// root and be writable by root alone; a sticky directory such as /tmp may hold
// an entry of root's. Of a missing path the existing part is checked. The error
// names the entry at fault.
func Trusted(path string) error { return eachEntry(path, ownedByRoot) }

// Untrusted returns the first entry on the way to a path that others than root can
// change, and why, as [Trusted]; "": there is none.
func Untrusted(path string) (entry string, err error) {
	err = eachEntry(path, func(at string, info fs.FileInfo) error {
		if err := ownedByRoot(at, info); err != nil {
			entry = at
			return err
		}
		return nil
	})
	return entry, err
}

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
		return fmt.Errorf("%[1]s belongs to user %[2]d, who could replace it: chown root %[1]s, or choose another path", path, st.Uid)
	}
	mode := info.Mode()
	if mode&fs.ModeSymlink != 0 || mode.IsDir() && mode&fs.ModeSticky != 0 {
		return nil
	}
	writable := mode.Perm() & 0o002
	if st.Gid != 0 {
		writable |= mode.Perm() & 0o020
	}
	if writable == 0 && grantsWrite(path) {
		return fmt.Errorf("%s has an access control list that lets others than root write: setfacl -b it, or choose another path", path)
	}
	if writable != 0 {
		return fmt.Errorf("%s can be written by others than root (mode %04o): chmod go-w it, or choose another path", path, mode.Perm())
	}
	return nil
}

// grantsWrite reports whether the access control list of a file (acl(5)) lets
// another user or group than root write. The mode does not show it: its group
// bits are those of the mask.
func grantsWrite(path string) bool {
	list := make([]byte, 4096)
	n, err := unix.Lgetxattr(path, "system.posix_acl_access", list)
	if err != nil {
		return errors.Is(err, unix.ERANGE) // longer than any that root would make
	}
	// The form of linux/posix_acl_xattr.h: a version, then a tag, permissions
	// and an id for each entry, all little-endian.
	const (
		user, group, mask, header, entry = 0x02, 0x08, 0x10, 4, 8
		write                            = 0x02
	)
	granted, allowed := false, true
	for at := header; at+entry <= n; at += entry {
		tag, perm := binary.LittleEndian.Uint16(list[at:]), binary.LittleEndian.Uint16(list[at+2:])
		id := binary.LittleEndian.Uint32(list[at+4:])
		switch tag {
		case user, group:
			granted = granted || id != 0 && perm&write != 0
		case mask:
			allowed = perm&write != 0
		}
	}
	return granted && allowed
}
