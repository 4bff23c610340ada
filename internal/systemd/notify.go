package systemd

import (
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// Notifier tells systemd how a service is doing (sd_notify(3)).
type Notifier struct{ conn *net.UnixConn }

// NewNotifier connects to the socket that $NOTIFY_SOCKET names.
func NewNotifier(socket string) (*Notifier, error) {
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return nil, fmt.Errorf("connect to systemd's notification socket: %w", err)
	}
	return &Notifier{conn}, nil
}

// Ready says that a service of Type=notify serves.
func (n *Notifier) Ready() error { return n.send("READY=1") }

// Stopping says that it ends.
func (n *Notifier) Stopping() error { return n.send("STOPPING=1") }

func (n *Notifier) send(message string) error {
	_, err := io.WriteString(n.conn, message)
	return err
}

// maxStatus bounds the text of a status, in bytes: systemd drops messages of
// more than 4096, all that is in them.
const maxStatus = 1 << 10

// Status shows a text in `systemctl status`, which systemd keeps after the end
// of the service. Unless extend is 0, it also keeps the service from being
// killed as hung for that long from now.
func (n *Notifier) Status(text string, extend time.Duration) error {
	text = strings.ReplaceAll(text, "\n", " ")
	if len(text) > maxStatus {
		text = strings.ToValidUTF8(text[:maxStatus], "") + "…"
	}
	message := "STATUS=" + text
	if extend != 0 {
		message = fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d\n%s", extend.Microseconds(), message)
	}
	return n.send(message)
}
