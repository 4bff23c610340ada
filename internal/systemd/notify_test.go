package systemd

import (
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// systemd drops a message of more than 4096 bytes, whatever else it says.
func TestLongStatus(t *testing.T) {
	at := filepath.Join(t.TempDir(), "socket")
	reader, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: at, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	n, err := NewNotifier(at)
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Status(strings.Repeat("ü\n", 4000), time.Second); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 1<<16)
	size, err := reader.Read(buf)
	text, ok := strings.CutPrefix(string(buf[:size]), "EXTEND_TIMEOUT_USEC=1000000\nSTATUS=ü ü ")
	if err != nil || !ok || size > 2000 || strings.Contains(text, "\n") || !utf8.ValidString(text) {
		t.Errorf("%v, %d bytes: %.60q", err, size, buf[:size])
	}
}
