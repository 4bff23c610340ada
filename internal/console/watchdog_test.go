package console

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/montimer/montimer/internal/safetext"
	"github.com/montimer/montimer/taskexec"
)

// The names of tasks reach a terminal by systemctl status, and hold no secret.
func TestStatusCannotDriveTerminal(t *testing.T) {
	t.Parallel()
	at := filepath.Join(t.TempDir(), "socket")
	reader, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: at, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	service, err := NewWatchdog(at, safetext.NewRedactor([]string{"planted"}).String)
	if err != nil {
		t.Fatal(err)
	}
	service.Watch(taskexec.Progress{Total: 1, Running: []taskexec.Running{{Name: "\x1b]0;owned\a\x1b[31mred\u202e\nplanted", Since: time.Now()}}})
	buf := make([]byte, 1<<12)
	n, err := reader.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	_, status, _ := strings.Cut(string(buf[:n]), "STATUS=")
	if status != `0/1 tasks, running \x1b]0;owned\x07\x1b[31mred\xe2\x80\xae\x0a*** (0s)` {
		t.Errorf("%q", status)
	}
}
