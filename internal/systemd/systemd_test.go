package systemd

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// TestSilentBus: a bus that accepts connections and never answers holds up nobody.
func TestSilentBus(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bus")
	bus, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	t.Setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path="+path)
	defer func(was time.Duration) { answerTimeout = was }(answerTimeout)
	answerTimeout = 50 * time.Millisecond
	const timer = "montimer-job-x.timer"
	for name, ask := range map[string]func(context.Context) error{
		"Look":        func(ctx context.Context) error { _, err := Look(ctx, []string{timer}, nil); return err },
		"LoadedTimer": func(ctx context.Context) error { _, err := LoadedTimer(ctx, timer); return err },
		"Details":     func(ctx context.Context) error { _, err := Details(ctx, []string{timer}); return err },
		"Hold":        func(ctx context.Context) error { _, err := Hold(ctx, timer); return err },
		"dial":        func(ctx context.Context) error { _, err := dialBus(ctx); return err },
	} {
		if err := ask(t.Context()); err == nil || err.Error() != "connect to systemd: no answer within 50ms" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if at := Changed(t.Context(), timer); !at.IsZero() {
		t.Errorf("Changed: %v", at)
	}
}

// TestInTurn: no more questions are under way than the bus takes, and each answer
// is that of its question.
func TestInTurn(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, atOnce - 1, atOnce, atOnce + 1, 10 * atOnce} {
		names := make([]string, n)
		for i := range names {
			names[i] = strconv.Itoa(i)
		}
		var taken []string
		underWay := 0
		err := inTurn(names, func(name string) string {
			if underWay++; underWay > atOnce+1 {
				t.Fatalf("%d questions at once", underWay)
			}
			return name
		}, func(name, asked string) error {
			underWay--
			if asked != name {
				t.Errorf("%s has the answer for %s", name, asked)
			}
			taken = append(taken, name)
			return nil
		})
		if err != nil || !slices.Equal(taken, names) {
			t.Errorf("of %d, %d are taken, %v", n, len(taken), err)
		}
	}
	if err := inTurn([]string{"a"}, func(string) int { return 0 }, func(string, int) error { return io.EOF }); err != io.EOF {
		t.Error(err)
	}
}

// The rest of the package is tested against a booted systemd:
// testdata/boot/apply-*.sh.
func TestStringList(t *testing.T) {
	t.Parallel()
	for value, want := range map[string][]string{
		`["/etc/systemd/system", "/run/x y"]`: {"/etc/systemd/system", "/run/x y"},
		`@as []`:                              {},
	} {
		if got, err := stringList(value); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", value, got, err)
		}
	}
	if got, err := stringList(`"x"`); err == nil {
		t.Errorf("%q", got)
	}
}

func TestRelease(t *testing.T) {
	t.Parallel()
	for version, want := range map[string]int{
		`"252.38-1~deb12u1"`: 252,
		`"257~rc1"`:          257,
		`"v258"`:             258,
		`"249"`:              249,
		`""`:                 0,
		`"unknown"`:          0,
	} {
		if got, err := release(version); got != want || (err != nil) != (want == 0) {
			t.Errorf("%s: %d, %v; want %d", version, got, err, want)
		}
	}
}

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
