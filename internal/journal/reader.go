package journal

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/montimer/montimer"
)

// Run names one run of a service: Unit with its suffix, or "" where it is not
// known, and the invocation ID that systemd gave to the run.
type Run struct{ Unit, Invocation string }

// Of returns a run of a profile, "": of one that is not known.
func Of(of montimer.Instance, profile, runID string) Run {
	run := Run{Invocation: runID}
	if profile != "" {
		run.Unit = of.Service(profile)
	}
	return run
}

// Command returns the shell command that shows the run's entries.
func (r Run) Command() string { return "journalctl " + strings.Join(r.matches(), " ") }

// matches selects what the processes of the run logged and what systemd itself
// logged about it: a run that fails before its process starts has only the
// latter. Fields that begin with _ are set by the journal, so no other unit can
// add entries, and "+" is "or" (journalctl(1), systemd.journal-fields(7)).
func (r Run) matches() []string {
	matches := []string{"_SYSTEMD_INVOCATION_ID=" + r.Invocation, "+", "INVOCATION_ID=" + r.Invocation, "_PID=1"}
	if r.Unit != "" {
		matches = append([]string{"-u", strings.TrimSuffix(r.Unit, ".service")}, matches...)
	}
	return matches
}

// Entry is one entry of the journal. What its sender chose is not to be trusted:
// all of it, unless systemd itself is the sender, but At, Manager and Unit.
type Entry struct {
	At         time.Time
	Message    []byte
	Manager    bool   // systemd itself logged it
	Priority   int    // as in syslog(3); 6 where the entry has none
	Unit       string // of the process that logged it, or that systemd says something of
	Invocation string // of that unit
	Task       string
	Result     string // how the task or the run ended

	id, exitCode, exitStatus, result string // what systemd says of the end of a process and of a unit
}

// Event returns which event of a run the sender says that the entry reports, such
// as [taskexec.EventTaskEnded]; "" for all others.
func (e Entry) Event() string {
	for event, id := range messageIDs {
		if e.id == id {
			return event
		}
	}
	return ""
}

// outputFields are those that an [Entry] is made of.
const outputFields = "--output-fields=MESSAGE,PRIORITY,MESSAGE_ID,_PID,EXIT_CODE,EXIT_STATUS,UNIT_RESULT," +
	"_SYSTEMD_UNIT,UNIT,_SYSTEMD_INVOCATION_ID,INVOCATION_ID,MONTIMER_TASK,MONTIMER_RESULT"

// Reader reads the entries of a run, each once.
type Reader struct {
	Run    Run
	Ending Ending // as far as it has been read

	cursor string // of the last entry read
}

// Read calls show for each entry that is new since the last call. There may be
// none yet. Its error is one of show, or says in journalctl's own words why the
// journal cannot be read; in either case a later call goes on where this one
// stopped.
func (r *Reader) Read(ctx context.Context, show func(Entry) error) error {
	args := r.Run.matches()
	if r.cursor != "" {
		args = append([]string{"--after-cursor=" + r.cursor}, args...)
	}
	return read(ctx, args, func(e Entry, cursor string) error { return r.take(e, cursor, show) })
}

func (r *Reader) take(e Entry, cursor string, show func(Entry) error) error {
	r.cursor = cursor
	r.Ending.note(e)
	return show(e)
}

// read calls show for each entry that journalctl selects. Its error is one of
// show, of ctx, or says in journalctl's own words why the journal cannot be read.
func read(ctx context.Context, args []string, show func(e Entry, cursor string) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, "journalctl", append([]string{"--quiet", "--no-pager", "--output=export", outputFields}, args...)...)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return fmt.Errorf("read the journal: %w", err)
	}
	err = readEntries(bufio.NewReader(out), show)
	if err != nil {
		cancel()
	}
	waitErr := cmd.Wait()
	var exit *exec.ExitError
	switch {
	case err != nil:
		return err
	case errors.As(waitErr, &exit) && exit.Exited() && complaint.Len() == 0: // nothing matches yet
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case complaint.Len() > 0:
		return fmt.Errorf("read the journal: %s", bytes.TrimSpace(complaint.Bytes()))
	case waitErr != nil:
		return fmt.Errorf("read the journal: journalctl: %w", waitErr)
	}
	return nil
}

// readEntries reads a stream of entries in the journal's export format.
func readEntries(stream *bufio.Reader, show func(e Entry, cursor string) error) error {
	for {
		e, cursor, err := readEntry(stream)
		if err != nil || cursor == "" { // the end, perhaps in the middle of an entry
			return err
		}
		if err := show(e, cursor); err != nil {
			return err
		}
	}
}

// maxField bounds what is kept of one field, in bytes.
const maxField = 1 << 20

// readEntry reads one entry; its cursor is "" at the end of the stream. A field
// is a line NAME=VALUE, or a line NAME, the size of the value in eight bytes,
// the value and a newline; an empty line ends the entry
// (https://systemd.io/JOURNAL_EXPORT_FORMATS/). Of a field that a client sent more
// than once, the first counts.
func readEntry(stream *bufio.Reader) (e Entry, cursor string, err error) {
	fields := map[string][]byte{}
	for {
		name, value, err := readField(stream)
		if errors.Is(err, io.EOF) {
			return Entry{}, "", nil
		}
		if err != nil {
			return Entry{}, "", fmt.Errorf("read the journal: %w", err)
		}
		switch _, again := fields[name]; {
		case name == "" && fields["__CURSOR"] == nil: // between entries
		case name == "":
			return newEntry(fields), string(fields["__CURSOR"]), nil
		case !again:
			fields[name] = value
		}
	}
}

// newEntry makes an entry of its fields. Those of a unit that systemd says
// something of count only if systemd is the sender.
func newEntry(fields map[string][]byte) Entry {
	text := func(name string) string { return string(fields[name]) }
	e := Entry{
		Message: fields["MESSAGE"], Priority: 6, Manager: text("_PID") == "1",
		Unit: text("_SYSTEMD_UNIT"), Invocation: text("_SYSTEMD_INVOCATION_ID"),
		Task: text("MONTIMER_TASK"), Result: text("MONTIMER_RESULT"), id: text("MESSAGE_ID"),
	}
	if micros, err := strconv.ParseInt(text("__REALTIME_TIMESTAMP"), 10, 64); err == nil {
		e.At = time.UnixMicro(micros).UTC()
	}
	if n, err := strconv.Atoi(text("PRIORITY")); err == nil {
		e.Priority = n
	}
	if e.Manager {
		e.exitCode, e.exitStatus, e.result = text("EXIT_CODE"), text("EXIT_STATUS"), text("UNIT_RESULT")
		e.Unit, e.Invocation = text("UNIT"), text("INVOCATION_ID")
	}
	return e
}

// readField reads one field; the name is "" for an empty line.
func readField(stream *bufio.Reader) (name string, value []byte, err error) {
	line, err := stream.ReadBytes('\n')
	if err != nil {
		return "", nil, err
	}
	line = line[:len(line)-1]
	key, value, text := bytes.Cut(line, []byte("="))
	if text || len(line) == 0 {
		return string(key), value, nil
	}
	var size uint64
	if err := binary.Read(stream, binary.LittleEndian, &size); err != nil {
		return "", nil, err
	}
	value = make([]byte, min(size, maxField))
	if _, err := io.ReadFull(stream, value); err != nil {
		return "", nil, err
	}
	if _, err := io.CopyN(io.Discard, stream, int64(size-uint64(len(value)))); err != nil {
		return "", nil, err
	}
	_, err = stream.Discard(1) // the newline
	return string(key), value, err
}
