package host

import (
	"errors"
	"fmt"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Isolate keeps this process, and its children, from the memory of other
// processes: without it a task could take over its user's shell or service
// manager outside of the sandbox, through /proc/PID/mem or
// process_vm_writev(2). Any Landlock domain forbids that (Linux:
// userspace-api/landlock, "Ptrace restrictions"). It needs no_new_privs, and
// Linux 5.19: [errors.ErrUnsupported] says that the kernel cannot.
func Isolate() error {
	abi, err := createRuleset(nil, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if err != nil || abi < 2 { // before, renaming into another directory is refused
		return fmt.Errorf("landlock: %w", errors.Join(err, errors.ErrUnsupported))
	}
	// A domain needs a rule. Every domain forbids moving files between directories
	// unless a rule allows it, so this one does, everywhere.
	const moving = unix.LANDLOCK_ACCESS_FS_REFER
	handled := uint64(moving) // the first and only field of Linux 5.19
	ruleset, err := createRuleset(unsafe.Pointer(&handled), unsafe.Sizeof(handled), 0)
	if err != nil {
		return fmt.Errorf("landlock: make rules: %w", err)
	}
	defer unix.Close(ruleset)
	if err := allowEverywhere(ruleset, moving); err != nil {
		return err
	}
	// Of each thread, since any of them may start a task.
	if _, _, errno := syscall.AllThreadsSyscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(ruleset), 0, 0); errno != 0 {
		return fmt.Errorf("landlock: %w", unisolated(errno))
	}
	return nil
}

// errCgo is no [errors.ErrUnsupported]: another build of montimer can.
var errCgo = errors.New("this montimer was built with cgo, whose threads Go cannot confine: install a release, or build it with CGO_ENABLED=0, as make build does")

// unisolated returns why the threads of this process were not confined.
func unisolated(errno syscall.Errno) error {
	if errno == syscall.ENOTSUP { // of Go, not of the kernel (syscall.AllThreadsSyscall)
		return errCgo
	}
	return errno
}

// allowEverywhere adds a rule to a ruleset that allows an access to all files.
func allowEverywhere(ruleset int, access uint64) error {
	root, err := unix.Open("/", unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("landlock: open /: %w", err)
	}
	defer unix.Close(root)
	everywhere := unix.LandlockPathBeneathAttr{Allowed_access: access, Parent_fd: int32(root)}
	_, _, errno := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(ruleset), unix.LANDLOCK_RULE_PATH_BENEATH,
		uintptr(unsafe.Pointer(&everywhere)), 0, 0, 0)
	if errno != 0 {
		return fmt.Errorf("landlock: add a rule: %w", errno)
	}
	return nil
}

// createRuleset is landlock_create_ruleset(2).
func createRuleset(attr unsafe.Pointer, size, flags uintptr) (int, error) {
	n, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(attr), size, flags)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
