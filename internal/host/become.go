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

// nobody is who everybody may be: the user and group of the kernel's overflow id
// (user_namespaces(7)).
const nobody = 65534

// BecomeOwner turns root, for good, into the user that the way to path belongs
// to: the owner of the first entry that is not root's. An entry of root's that
// others can change counts as theirs: root then becomes nobody, in the group
// that the entry belongs to. So no link on the way shows root more than those
// who could have made it can see. Where all is root's own, root stays root.
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
	return syscall.Setuid(int(c.Uid)) // real, effective and saved: there is no way back
}
