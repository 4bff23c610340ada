package gitsync

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer"
)

// runCommands runs the commands with paths that have changed since each last
// succeeded, and returns those that failed. A command that failed, or was
// killed with this process, stays pending: the next sync runs it, or its
// replacement, again.
func (s Syncer) runCommands(ctx context.Context, state *State, o Outcome) (failed []montimer.TaskRun) {
	commands, err := s.OnChange(ctx)
	if err != nil {
		if len(state.Done) > 0 {
			s.Log.Warn(fmt.Sprintf("commands after the sync stay pending: %v", err))
		}
		return s.waiting(*state, "jobs.yaml cannot be used")
	}
	done, due := s.dueCommands(ctx, *state, o, commands)
	if ctx.Err() != nil { // git had no time to answer
		return s.waiting(*state, "the sync was stopped")
	}
	state.Done, state.Pending, state.Since = done, due, ""
	for _, c := range commands {
		key := digest(c)
		if _, ok := due[key]; !ok {
			continue
		}
		s.keep(*state) // the command may end this process
		if run := s.command(ctx, c); run.Status != montimer.TaskOK {
			failed = append(failed, run)
			continue
		}
		done[key] = o.New
		delete(due, key)
	}
	return failed
}

// dueCommands returns, by their digests, the commit at which each command has
// last succeeded, and the commands that are to run.
func (s Syncer) dueCommands(ctx context.Context, state State, o Outcome, commands []montimer.OnChange) (done map[string]string, due map[string]PendingCommand) {
	done, due = map[string]string{}, map[string]PendingCommand{}
	differ := s.differ(ctx)
	for _, c := range commands {
		key := digest(c)
		base, known := state.Done[key]
		if !known {
			base = cmp.Or(state.Since, o.Old)
		}
		done[key] = o.New
		if state.isPending(c) || touches(differ, c.Paths, base, o.New) {
			done[key], due[key] = base, PendingCommand{text(c.Command), c.Paths}
		}
	}
	return done, due
}

// waiting returns the pending commands, which this sync does not run, as failed.
func (s Syncer) waiting(state State, why string) (failed []montimer.TaskRun) {
	for _, key := range slices.Sorted(maps.Keys(state.Pending)) {
		run := montimer.TaskRun{Name: afterSync + state.Pending[key].Command, Status: montimer.TaskFailed, ExitCode: -1, Error: "pending: " + why}
		s.Log.Error(run.Name + " is " + run.Error)
		failed = append(failed, run)
	}
	return failed
}

// isPending reports whether a command has to run regardless of changes. An
// unknown one has to if it shares paths with a pending one: it may be its
// replacement.
func (s State) isPending(c montimer.OnChange) bool {
	key := digest(c)
	if _, due := s.Pending[key]; due {
		return true
	}
	if _, known := s.Done[key]; known {
		return false
	}
	for _, d := range s.Pending {
		for _, p := range d.Paths {
			if slices.ContainsFunc(c.Paths, func(q string) bool { return overlap(p, q) }) {
				return true
			}
		}
	}
	return false
}

// digest identifies a command with its paths.
func digest(c montimer.OnChange) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", c.Paths, c.Command.Argv, c.Command.Shell))
	return hex.EncodeToString(sum[:8])
}

// differ returns a function that lists the files in which two commits differ, and asks
// git once for each two.
func (s Syncer) differ(ctx context.Context) func(from, to string) (files []string, err error) {
	known := map[[2]string][]string{}
	return func(from, to string) ([]string, error) {
		if files, ok := known[[2]string{from, to}]; ok {
			return files, nil
		}
		out, err := s.ask(ctx, "diff-tree", "-r", "-z", "--name-only", "--no-renames", from, to)
		if err != nil {
			return nil, err
		}
		files := strings.Split(strings.TrimSuffix(out, "\x00"), "\x00")
		known[[2]string{from, to}] = files
		return files, nil
	}
}

// touches reports whether the commits differ in any of the paths. If that is
// not known, they do.
func touches(differ func(from, to string) ([]string, error), patterns []string, from, to string) bool {
	if from == to {
		return false
	}
	files, err := differ(from, to)
	if err != nil {
		return true
	}
	return slices.ContainsFunc(files, func(file string) bool {
		return slices.ContainsFunc(patterns, func(p string) bool { return matches(p, file) })
	})
}

// matches reports whether a file is, or lies below, what the pattern stands
// for: path.Match for each segment, and ** for any number of them.
func matches(pattern, file string) bool {
	return matchSegments(segments(pattern), strings.Split(file, "/"))
}

func segments(pattern string) []string {
	return strings.Split(strings.TrimSuffix(strings.TrimPrefix(pattern, "./"), "/"), "/")
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

// overlap reports whether a file may match both patterns; in doubt it may.
func overlap(p, q string) bool {
	a, b := segments(p), segments(q)
	for i := range min(len(a), len(b)) {
		if a[i] == "**" || b[i] == "**" {
			return true
		}
		if a[i] != b[i] && !wild(a[i]) && !wild(b[i]) {
			return false
		}
	}
	return true
}

func wild(segment string) bool { return strings.ContainsAny(segment, `*?[\`) }

// text is a command as shown in messages.
func text(c montimer.Command) string { return cmp.Or(c.Shell, strings.Join(c.Argv, " ")) }

// afterSync is the prefix of the names of commands in the record of a run.
const afterSync = "after the sync: "

// command runs one command in the checkout. Its result has the form of a task's.
func (s Syncer) command(ctx context.Context, c montimer.OnChange) montimer.TaskRun {
	argv := c.Command.Argv
	if c.Command.Shell != "" {
		argv = []string{"sh", "-c", c.Command.Shell}
	}
	limited, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	name := text(c.Command)
	s.Log.Info(afterSync + "running " + name)
	run := montimer.TaskRun{Name: afterSync + name, Status: montimer.TaskOK, Attempts: 1, Started: time.Now()}
	said, err := process{argv, s.Repo, s.Environ}.run(limited, nil)
	run.Duration = time.Since(run.Started)
	if err == nil {
		s.Log.Info(fmt.Sprintf("%s ok in %.1fs", run.Name, run.Duration.Seconds()))
		return run
	}
	s.Log.Error(fmt.Sprintf("%s %v after %.1fs: %s", run.Name, err, run.Duration.Seconds(), said))
	run.StderrTail = said
	setStatus(&run, err, ctx.Err() != nil, limited.Err() != nil)
	return run
}

// setStatus sets how a command that did not succeed has ended: err says that
// unless the sync was stopped or the command was too late.
func setStatus(run *montimer.TaskRun, err error, stopped, late bool) {
	var exit exitError
	switch {
	case errors.As(err, &exit):
		run.Status, run.ExitCode = montimer.TaskFailed, int(exit)
	case errors.Is(err, errSpawn):
		run.Status, run.ExitCode, run.Error = montimer.TaskSpawnFailed, -1, err.Error()
	case stopped:
		run.Status = montimer.TaskInterrupted
	case late:
		run.Status = montimer.TaskTimeout
	default:
		run.Status = montimer.TaskKilled
	}
}
