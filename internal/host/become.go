package host

import (
	"fmt"
	"syscall"
)

// Become turns this process from root into another user, for good. It keeps its
// environment, so a service can be given what this user shall have.
func Become(userName, group string) error {
	c, _, err := credentials(userName, group)
	if err != nil {
		return fmt.Errorf("become %s: %w", userName, err)
	}
	groups := make([]int, len(c.Groups))
	for i, id := range c.Groups {
		groups[i] = int(id)
	}
	if err = syscall.Setgroups(groups); err == nil {
		err = syscall.Setgid(int(c.Gid))
	}
	if err == nil {
		err = syscall.Setuid(int(c.Uid)) // real, effective and saved: there is no way back
	}
	if err != nil {
		return fmt.Errorf("become %s: %w", userName, err)
	}
	return nil
}
