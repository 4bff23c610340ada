package unitdir

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Thousands of small files are nearly all that a compile does, so these call
// the kernel directly: a file of package os takes half as long again, for
// deadlines and finalizers that are not needed here.

// createFile writes a new file with mode 0644, less what the umask takes away.
// buffer is room for the content.
func createFile(dir int, name, content string, buffer []byte) ([]byte, error) {
	const flags = unix.O_WRONLY | unix.O_CREAT | unix.O_EXCL | unix.O_NOFOLLOW | unix.O_CLOEXEC
	buffer = append(buffer[:0], content...)
	fd, err := uninterrupted(func() (int, error) { return unix.Openat(dir, name, flags, 0o644) })
	if err != nil {
		return buffer, err
	}
	for data := buffer; len(data) > 0 && err == nil; {
		var n int
		n, err = uninterrupted(func() (int, error) { return unix.Write(fd, data) })
		data = data[max(n, 0):]
	}
	return buffer, errors.Join(err, unix.Close(fd))
}

// readFile reads a regular file; any other, such as a link, is empty. It never
// blocks. It returns likely itself if that is the content. buffer is room to read
// into.
func readFile(dir int, name, likely string, buffer []byte) (string, error) {
	const flags = unix.O_RDONLY | unix.O_NOFOLLOW | unix.O_NONBLOCK | unix.O_CLOEXEC
	fd, err := uninterrupted(func() (int, error) { return unix.Openat(dir, name, flags, 0) })
	if errors.Is(err, unix.ELOOP) || errors.Is(err, unix.ENXIO) { // a link, a socket
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer unix.Close(fd)
	for got := 0; ; buffer = append(buffer, make([]byte, len(buffer))...) {
		n, err := uninterrupted(func() (int, error) { return unix.Read(fd, buffer[got:]) })
		if errors.Is(err, unix.EISDIR) || errors.Is(err, unix.EAGAIN) { // a folder, a pipe
			return "", nil
		}
		if err != nil {
			return "", err
		}
		if got += n; got < len(buffer) {
			if string(buffer[:got]) == likely {
				return likely, nil
			}
			return string(buffer[:got]), nil
		}
	}
}

// uninterrupted repeats a system call that a signal has cut short.
func uninterrupted(call func() (int, error)) (int, error) {
	for {
		n, err := call()
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}
