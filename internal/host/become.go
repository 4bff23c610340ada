package host

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"
)

// Become turns this process from root into another user, for good. It keeps its
// environment.
func Become(userName, group string) error {
	c, _, err := credentials(userName, group)
	if err == nil {
		err = become(c)
	}
	if err != nil {
		return fmt.Errorf("become %s: %w", userName, err)
	}
	return nil
}

// nobody is the user and group of the kernel's overflow id
// (user_namespaces(7)).
const nobody = 65534

// BecomeOwner turns root, for good, into the owner of the first entry on the
// way to path that is not root's. If others can write to an entry of root's,
// root becomes nobody, in the group of that entry. So a link on the way leads
// root only to files that its author could read. If all entries are root's,
// root stays root.
func BecomeOwner(path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	var owner *syscall.Credential
	err = eachEntry(path, func(path string, info fs.FileInfo) error {
		st, ok := info.Sys().(*syscall.Stat_t)
		switch {
		case !ok:
			return nil
		case st.Uid != 0:
			owner = &syscall.Credential{Uid: st.Uid, Gid: st.Gid}
		case ownedByRoot(path, info) != nil && st.Gid != 0:
			owner = &syscall.Credential{Uid: nobody, Gid: st.Gid}
		case ownedByRoot(path, info) != nil:
			owner = &syscall.Credential{Uid: nobody, Gid: nobody}
		default:
			return nil
		}
		return fs.SkipAll
	})
	if owner == nil {
		return err
	}
	if err := become(owner); err != nil {
		return fmt.Errorf("become user %d: %w", owner.Uid, err)
	}
	return nil
}

func become(c *syscall.Credential) error {
	groups := make([]int, len(c.Groups))
	for i, id := range c.Groups {
		groups[i] = int(id)
	}
	if err := syscall.Setgroups(groups); err != nil {
		return err
	}
	if err := syscall.Setgid(int(c.Gid)); err != nil {
		return err
	}
	return syscall.Setuid(int(c.Uid)) // real, effective and saved, so it is final
}
