package gitsync

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/montimer/montimer"
)

// followUp runs the commands whose paths have changed since each last did its
// work, and returns those that failed. A command that failed, or was killed
// with this process, is not settled: the next sync runs it again.
func (s Syncer) followUp(ctx context.Context, state *State, o Outcome) (failed []montimer.TaskRun) {
	commands, err := s.OnChange(ctx)
	if err != nil {
		if len(state.Settled) > 0 {
			s.Log.Warn(fmt.Sprintf("the commands after a sync have to wait: %v", err))
		}
		return nil
	}
	settled := map[string]string{}
	for _, c := range commands {
		key := digest(c)
		base, known := state.Settled[key]
		if !known {
			base = o.Old
		}
		settled[key] = base
		if s.touches(ctx, c.Paths, base, o.New) {
			if run := s.command(ctx, c); run.Status != montimer.TaskOK {
				failed = append(failed, run)
				continue
			}
		}
		settled[key] = o.New
	}
	state.Settled = settled
	return failed
}

// digest identifies a command and what it is for.
func digest(c montimer.OnChange) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", c.Paths, c.Command.Argv, c.Command.Shell))
	return hex.EncodeToString(sum[:8])
}

// touches reports whether the commits differ in any of the paths. When that
// cannot be said they do.
func (s Syncer) touches(ctx context.Context, patterns []string, from, to string) bool {
	if from == to {
		return false
	}
	out, err := s.ask(ctx, "diff-tree", "-r", "-z", "--name-only", "--no-renames", from, to)
	if err != nil {
		return true
	}
	for file := range strings.SplitSeq(strings.TrimSuffix(out, "\x00"), "\x00") {
		for _, p := range patterns {
			if matches(p, file) {
				return true
			}
		}
	}
	return false
}

// matches reports whether a file is, or lies below, what the pattern stands
// for: path.Match for each segment, and ** for any number of them.
func matches(pattern, file string) bool {
	pattern = strings.TrimSuffix(strings.TrimPrefix(pattern, "./"), "/")
	return matchSegments(strings.Split(pattern, "/"), strings.Split(file, "/"))
}

func matchSegments(pattern, file []string) bool {
	switch {
	case len(pattern) == 0:
		return true
	case pattern[0] == "**":
		return matchSegments(pattern[1:], file) || len(file) > 0 && matchSegments(pattern, file[1:])
	case len(file) == 0:
		return false
	}
	ok, err := path.Match(pattern[0], file[0])
	return (ok || err != nil) && matchSegments(pattern[1:], file[1:]) // a bad pattern must not silence the command
}

// command runs one command in the checkout. It is told of like a task.
func (s Syncer) command(ctx context.Context, c montimer.OnChange) montimer.TaskRun {
	argv, name := c.Command.Argv, strings.Join(c.Command.Argv, " ")
	if c.Command.Shell != "" {
		argv, name = []string{"sh", "-c", c.Command.Shell}, c.Command.Shell
	}
	limited, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	s.Log.Info("after the sync: running " + name)
	run := montimer.TaskRun{Name: "after the sync: " + name, Status: montimer.TaskOK, Attempts: 1, Started: time.Now()}
	said, err := process{argv, s.Repo, s.Environ}.run(limited, nil)
	run.Duration = time.Since(run.Started)
	if err == nil {
		s.Log.Info(fmt.Sprintf("%s ok in %.1fs", run.Name, run.Duration.Seconds()))
		return run
	}
	s.Log.Error(fmt.Sprintf("%s %v after %.1fs: %s", run.Name, err, run.Duration.Seconds(), said))
	run.StderrTail = said
	var exit exitError
	switch {
	case errors.As(err, &exit):
		run.Status, run.ExitCode = montimer.TaskFailed, int(exit)
	case errors.Is(err, errSpawn):
		run.Status, run.ExitCode, run.Error = montimer.TaskSpawnFailed, -1, err.Error()
	case ctx.Err() != nil:
		run.Status = montimer.TaskInterrupted
	case limited.Err() != nil:
		run.Status = montimer.TaskTimeout
	default:
		run.Status = montimer.TaskKilled
	}
	return run
}
