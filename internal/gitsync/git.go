package gitsync

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/montimer/montimer/internal/lazy"
	"github.com/montimer/montimer/internal/proc"
)

// settings override those of the checkout's .git/config (git-config(1)). They
// disable what a sync does not need: hooks, fsmonitor, submodules, ext::
// remotes. Submodules are updated by a separate command (reset.go). And a peer
// that sends next to nothing counts as hung.
var settings = [][2]string{
	{"core.hooksPath", "/dev/null"},
	{"core.fsmonitor", "false"},
	{"fetch.recurseSubmodules", "false"},
	{"submodule.recurse", "false"},
	{"protocol.ext.allow", "never"},
	{"http.lowSpeedLimit", "1000"}, // bytes a second
	{"http.lowSpeedTime", "20"},    // seconds
	{"maintenance.auto", "false"},  // see tidy
	{"gc.autoDetach", "false"},
	{"core.fsync", "all"}, // git flushes neither index nor references by default; a power cut leaves them empty
}

// misleading are the variables that would make git work on another repository,
// or print secrets.
var misleading = []string{
	"GIT_DIR=", "GIT_WORK_TREE=", "GIT_INDEX_FILE=", "GIT_OBJECT_DIRECTORY=", "GIT_COMMON_DIR=",
	"GIT_NAMESPACE=", "GIT_TRACE", "GIT_CURL_VERBOSE=", "GIT_CONFIG_COUNT=",
}

// gitEnviron is the environment of git: no prompts, messages in English, and
// our settings after those that the environment has already.
func gitEnviron(environ []string) []string {
	var env []string
	given := 0
outer:
	for _, e := range environ {
		if v, ok := strings.CutPrefix(e, "GIT_CONFIG_COUNT="); ok {
			given, _ = strconv.Atoi(v) // git would refuse a value that is no number
		}
		for _, m := range misleading {
			if strings.HasPrefix(e, m) {
				continue outer
			}
		}
		env = append(env, e)
	}
	env = append(env, "LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "SSH_ASKPASS_REQUIRE=never")
	for i, kv := range settings {
		env = append(env, fmt.Sprintf("GIT_CONFIG_KEY_%d=%s", given+i, kv[0]), fmt.Sprintf("GIT_CONFIG_VALUE_%d=%s", given+i, kv[1]))
	}
	return append(env, fmt.Sprintf("GIT_CONFIG_COUNT=%d", given+len(settings)))
}

// change runs a git command that changes the checkout. Its error holds git's
// message without credentials. After git has not answered questions, it is not
// run: it would hang, too.
func (s Syncer) change(ctx context.Context, args ...string) error {
	if err := s.Questions.err(s.Repo); err != nil {
		return err
	}
	said, err := s.git(ctx, nil, args)
	switch {
	case err == nil:
		s.Questions.reset()
		return nil
	case errors.Is(err, errSpawn):
		return fmt.Errorf("git sync %w", err)
	}
	if ctx.Err() == nil && said != "" {
		return errors.New(said)
	}
	if said != "" {
		said = ": " + said
	}
	return fmt.Errorf("%s %w%s", args[0], err, said)
}

// askLimit is how long git may take to answer all questions of a process. It
// reads files that tasks can replace, such as by a FIFO, and could hang.
const askLimit = 30 * time.Second

// Questions counts the time that git takes to answer. The count restarts when a
// command that changes the checkout succeeds. A nil one counts nothing, and
// each question has the whole limit.
type Questions struct{ taken atomic.Int64 } // ns

func (q *Questions) left() time.Duration {
	if q == nil {
		return askLimit
	}
	return askLimit - time.Duration(q.taken.Load())
}

func (q *Questions) add(d time.Duration) {
	if q != nil {
		q.taken.Add(int64(d))
	}
}

func (q *Questions) reset() {
	if q != nil {
		q.taken.Store(0)
	}
}

// errSilent says that git does not answer.
var errSilent = errors.New("git does not answer")

// err returns an [errSilent] when no time for questions is left.
func (q *Questions) err(repo string) error {
	if q.left() > 0 {
		return nil
	}
	return fmt.Errorf("%w: its answers took more than %v; a file of the repository may be a FIFO (find %s/.git -type p), or its disk hangs", errSilent, askLimit, repo)
}

// ask runs a git command that changes nothing and returns what it prints.
func (s Syncer) ask(ctx context.Context, args ...string) (string, error) {
	if err := s.Questions.err(s.Repo); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, s.Questions.left())
	defer cancel()
	began := time.Now()
	defer func() { s.Questions.add(time.Since(began)) }()
	var out bytes.Buffer
	_, err := s.git(ctx, &out, args)
	return out.String(), err
}

// Errors of a process.
var errSpawn = errors.New("failed to spawn")

type exitError int // its exit code

func (e exitError) Error() string { return fmt.Sprintf("exited %d", int(e)) }

func (s Syncer) git(ctx context.Context, out io.Writer, args []string) (said string, err error) {
	return process{append([]string{"git", "-C", s.Repo}, args...), "", gitEnviron(s.Environ)}.run(ctx, out)
}

// process is a program to run.
type process struct {
	argv []string
	dir  string
	env  []string
}

// grace is the time between SIGTERM and SIGKILL.
const grace = 5 * time.Second

// run runs the program without input, in its own session: it has no terminal
// for prompts. When ctx ends, all its processes get SIGTERM; none is left when
// run returns. Standard output goes to out; with a nil out it is part of said,
// as standard error is.
func (p process) run(ctx context.Context, out io.Writer) (said string, err error) {
	path := p.argv[0]
	if !strings.Contains(path, "/") {
		if path, err = exec.LookPath(path); err != nil {
			return "", fmt.Errorf("%w: %w", errSpawn, err)
		}
	}
	var end tail
	if out == nil {
		out = &end
	}
	ending, err := proc.Run(ctx, proc.Command{Path: path, Argv: p.argv, Dir: p.dir, Env: p.env, Session: true, Grace: grace}, out, &end)
	said = end.String()
	switch status := ending.Status; {
	case err != nil:
		return "", fmt.Errorf("%w: %w", errSpawn, err)
	case errors.Is(ending.Cause, context.DeadlineExceeded):
		return said, errors.New("did not end in time")
	case ending.Cause != nil:
		return said, fmt.Errorf("was stopped: %w", ending.Cause)
	case status.Signaled():
		return said, fmt.Errorf("ended by signal: %v", status.Signal())
	case status.ExitStatus() != 0:
		return said, exitError(status.ExitStatus())
	}
	return said, nil
}

// tail keeps the end of what is written to it.
type tail struct {
	end []byte
	cut bool // the beginning is missing
}

const maxTail = 4096 // bytes

func (t *tail) Write(p []byte) (int, error) {
	t.end = append(t.end, p...)
	if over := len(t.end) - maxTail; over > 0 {
		t.end, t.cut = t.end[over:], true
	}
	return len(p), nil
}

// userinfo is the part of a URL that may hold a password (RFC 3986).
var userinfo = lazy.Regexp(`([a-zA-Z][a-zA-Z0-9+.-]*://)[^/\s]*@`)

// String returns the end without credentials, its lines joined. A word that
// has lost its beginning is left out: it could be half a URL.
func (t *tail) String() string {
	text := string(t.end)
	if t.cut {
		text = text[max(0, strings.IndexAny(text, " \n")):]
	}
	text = userinfo().ReplaceAllString(text, "$1***@")
	var lines []string
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if line = strings.TrimSpace(line); line != "" && !slices.Contains(lines, line) { // git repeats itself
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}
