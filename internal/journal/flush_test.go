package journal

import (
	"net"
	"path/filepath"
	"testing"
)

func TestUnread(t *testing.T) {
	at := &net.UnixAddr{Name: filepath.Join(t.TempDir(), "socket"), Net: "unixgram"}
	reader, err := net.ListenUnixgram("unixgram", at)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	writer, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Net: "unixgram"}) // not connected, as that of the journal
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	if unread() {
		t.Error("unread before anything was sent")
	}
	if _, err := writer.WriteToUnix([]byte("MESSAGE=x\n"), at); err != nil {
		t.Fatal(err)
	}
	if !unread() {
		t.Error("not unread, but no one has read it")
	}
	if _, err := reader.Read(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	if unread() {
		t.Error("unread after it was read")
	}
}
