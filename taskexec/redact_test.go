package taskexec

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/safetext"
)

const botToken = "123456789:AAFabcdefghijklmnopqrstuvwxyz_-0123"

func TestLongSecretIsHiddenWhole(t *testing.T) {
	t.Parallel()
	secret := strings.Repeat("0123456789abcdef", 1<<12) // 64 KiB
	got, _ := splitRedacted(strings.NewReader("a"+secret+"b"), safetext.NewRedactor([]string{secret}))
	if text := strings.Join(got, ""); strings.ContainsAny(text, "0123456789cdef") {
		t.Errorf("%d bytes: %.200q", len(text), text)
	}
}

func splitRedacted(r io.Reader, redactor *safetext.Redactor) (lines []string, tail string) {
	sink := &lineSink{}
	s := &stream{sink: sink, redactor: redactor}
	s.copy(r)
	return sink.lines, s.tail.String()
}

// A secret anywhere in a line longer than the buffer, around each place where
// the line may be cut: the pieces together are what a redactor that sees the
// whole line makes of it.
func TestRedactAcrossPieces(t *testing.T) {
	t.Parallel()
	r := safetext.NewRedactor([]string{"known-secret", "€uro-secret"})
	const size = 3 * pieceSize
	for _, secret := range []string{"known-secret", "€uro-secret", botToken, "x://user:pass@"} {
		for _, border := range []int{pieceSize, size} {
			for at := border - len(secret) - 2; at <= border+2; at++ {
				text := strings.Repeat("-", at) + secret + strings.Repeat(".", max(0, size-at))
				lines, _ := splitRedacted(strings.NewReader(text), r)
				got := strings.ReplaceAll(strings.Join(lines, ""), "→", "")
				if got != r.String(text) {
					t.Fatalf("%s at %d: %d bytes, %q", secret, at, len(got), strings.Trim(got, "-."))
				}
			}
		}
	}
}

// Whatever surrounds a secret, and however the pipe hands it over, it is not in
// the lines, nor in the tail.
func FuzzRedact(f *testing.F) {
	f.Add("before", "after", 0)
	f.Add("1", ":", pieceSize)
	f.Add("://", "@", 2*pieceSize-5)
	f.Fuzz(func(t *testing.T, before, after string, pad int) {
		const secret = "Kn0wn$ecret"
		pad = min(max(pad, 0), 5*pieceSize)
		if strings.Contains(before+after, secret[:1]) {
			return // it could make another of its own
		}
		text := before + strings.Repeat("z", pad) + secret + after
		for _, r := range []io.Reader{strings.NewReader(text), iotest.HalfReader(strings.NewReader(text))} {
			lines, tail := splitRedacted(r, safetext.NewRedactor([]string{secret}))
			all := strings.ReplaceAll(strings.Join(lines, ""), "→", "") + tail
			if strings.Contains(all, secret[:6]) {
				t.Fatalf("%.100q", all)
			}
		}
	})
}

func TestSecretsAreHiddenEverywhere(t *testing.T) {
	t.Parallel()
	h := newHost(t, shell("printf hunt; sleep 0.1; echo er22; echo "+botToken+" >&2; exit 1"))
	h.Environ = append(h.Environ, "MY_SECRET=hunter22")
	result := h.exec(t).Tasks[0]
	for where, text := range map[string]string{"output": h.out.String(), "log": h.log.String(), "tail": result.StdoutTail + result.StderrTail} {
		if strings.Contains(text, "hunter22") || strings.Contains(text, botToken) || !strings.Contains(text, "***") {
			t.Errorf("%s: %s", where, text)
		}
	}
}

// What jobs.yaml gives to tasks as a secret, and the URL of a heartbeat with any
// its variable is called, are hidden like the secrets of the host.
func TestSecretsOfTheProfile(t *testing.T) {
	t.Parallel()
	h := newHost(t, montimer.Task{
		Command: montimer.Command{Shell: "echo $MY_API_TOKEN $OTHER_SECRET $PLAIN $PING; exit 1"},
		Env:     []montimer.EnvVar{{Name: "OTHER_SECRET", Value: "swordfish"}, {Name: "PLAIN", Value: "in the open"}},
	})
	h.profile().Env = []montimer.EnvVar{{Name: "MY_API_TOKEN", Value: "hunter2hunter2"}}
	h.profile().Heartbeat = "PING"
	h.Environ = append(h.Environ, "PING=https://hc.example/0123-4567")
	run := h.exec(t)
	if want := "*** *** in the open ***"; run.Tasks[0].StdoutTail != want || !strings.Contains(h.out.String(), want) {
		t.Errorf("%+v\n%s", run.Tasks, h.out.String())
	}
}
