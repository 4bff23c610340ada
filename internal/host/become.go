package host

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"
)

// Become turns this process from root into another user, for good. It keeps its
// environment, so a service can be given what this user shall have.
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

// BecomeOwner turns root, for good, into whom the way to path belongs to: the
// owner of the first entry that is not root's. So no link on it shows root more
// than who may have made it can see. Where all is root's own, root stays root.
func BecomeOwner(path string) error {
	path, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	owner := (*syscall.Stat_t)(nil)
	err = eachEntry(path, func(_ string, info fs.FileInfo) error {
		if st, ok := info.Sys().(*syscall.Stat_t); ok && st.Uid != 0 {
			owner = st
			return fs.SkipAll
		}
		return nil
	})
	if owner == nil {
		return err
	}
	if err := become(&syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}); err != nil {
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
	return syscall.Setuid(int(c.Uid)) // real, effective and saved: there is no way back
}
