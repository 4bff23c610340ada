package takeover

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/byhand"
	"github.com/montimer/montimer/internal/host"
	"github.com/montimer/montimer/internal/safetext"
)

// Serve answers a question that is written as JSON, as JSON.
func Serve(ctx context.Context, h montimer.Host, question string, stdout io.Writer) error {
	var a Ask
	if err := json.Unmarshal([]byte(question), &a); err != nil {
		return fmt.Errorf("read the question: %w", err)
	}
	answer, err := a.Answer(ctx, h)
	if err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(answer)
}

// AsUser returns [Root.AsUser] of a host: the hidden command that calls Serve. It shows
// what that process says.
func AsUser(h montimer.Host, stderr io.Writer) func(context.Context, Ask) (Answer, error) {
	return func(ctx context.Context, a Ask) (to Answer, err error) {
		if host.IsRootName(h.User) {
			return a.Answer(ctx, h)
		}
		question, err := json.Marshal(a)
		if err != nil {
			return to, err
		}
		var out, said bytes.Buffer
		if err := byhand.Capture(ctx, h, []string{"handover", string(question)}, &out, &said); err != nil {
			if text := bytes.TrimPrefix(bytes.TrimSpace(said.Bytes()), []byte("montimer: ")); len(text) > 0 {
				err = fmt.Errorf("%s", text)
			}
			return to, err
		}
		_, _ = stderr.Write(said.Bytes())
		if err := json.Unmarshal(out.Bytes(), &to); err != nil {
			return to, fmt.Errorf("read the answer of the user %s: %w", h.User, err)
		}
		return to, nil
	}
}

// Flush returns [Root.Flush] of a host: the command of this program that sends what
// waits in the outbox, as the services do.
func Flush(h montimer.Host, stderr io.Writer) func(context.Context) error {
	return func(ctx context.Context) error {
		var said bytes.Buffer
		cmd := exec.CommandContext(ctx, "/proc/self/exe", append(h.Instance.Flags(), "notify", "flush", "--state-dir="+h.StateDir, "--env-file="+h.EnvFile)...)
		cmd.Stdout, cmd.Stderr = &said, &said
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%s", safetext.String(string(bytes.TrimSpace(said.Bytes()))))
		}
		_, err := stderr.Write(said.Bytes())
		return err
	}
}
