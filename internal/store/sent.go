package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/montimer/montimer"
	"github.com/montimer/montimer/internal/safefile"
)

// A sentNote is an alert that Telegram has accepted, in whole or in part, while
// the database could not record that. Without it the next process would send the
// alert again, and so would each one after it for as long as the database stays
// unusable. The notes of a database are a file in memory, as the disk may be what
// fails. They end with the boot, and a file that cannot be used has none: then an
// alert comes again, but none is lost.
type sentNote struct {
	Alert string    // its key
	Rest  int       // bytes of its text that are still to be sent
	Sum   string    // of the rest
	Label string    // as for Delivered
	At    time.Time // as for Delivered; zero: a part was sent
}

// The limits of the file. The oldest notes go first.
const (
	mostNotes    = 200
	longestNotes = 256 << 10 // bytes
)

// NotesFile returns the file of the notes about the database of a state
// directory, an absolute path.
func NotesFile(stateDir string) string {
	return fmt.Sprintf("/dev/shm/montimer-sent-%d-%s", os.Geteuid(), sum(stateDir))
}

func sum(parts ...string) string {
	hash := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(hash[:8])
}

// key tells an alert from all others, also from those of another database in the
// same place. Its text is no part of it: others may be folded into it.
func key(a montimer.Alert) string {
	return sum(fmt.Sprint(a.ID, a.EventID, a.Created.UnixMicro()), string(a.Kind), a.Profile, a.RunID)
}

func (s *Store) readNotes() (notes []sentNote) {
	data, err := safefile.ReadOwn(s.notes, longestNotes)
	if err != nil || json.Unmarshal(data, &notes) != nil {
		return nil
	}
	return notes
}

func (s *Store) writeNotes(notes []sentNote) error {
	if len(notes) == 0 {
		return os.Remove(s.notes)
	}
	data, err := json.Marshal(notes[max(0, len(notes)-mostNotes):])
	if err != nil {
		return err
	}
	return safefile.Replace(s.notes, data, 0o600)
}

// note notes that all of an alert's text but rest has been sent.
func (s *Store) note(a montimer.Alert, rest, label string, at time.Time) error {
	n := sentNote{key(a), len(rest), sum(rest), label, at}
	notes := slices.DeleteFunc(s.readNotes(), func(o sentNote) bool { return o.Alert == n.Alert })
	if err := s.writeNotes(append(notes, n)); err != nil {
		return fmt.Errorf("the alert may come again: note in memory that it was sent: %w", err)
	}
	return nil
}

// unsent returns what of the rows of the outbox the notes do not say was sent.
func unsent(rows []montimer.Alert, notes []sentNote) []montimer.Alert {
	if len(notes) == 0 {
		return rows
	}
	left := rows[:0:0]
	for _, a := range rows {
		i := slices.IndexFunc(notes, func(n sentNote) bool { return n.Alert == key(a) })
		switch {
		case i < 0:
		case !notes[i].At.IsZero():
			continue
		default:
			if from := len(a.Text) - notes[i].Rest; from > 0 && sum(a.Text[from:]) == notes[i].Sum {
				a.Text = a.Text[from:]
			}
		}
		left = append(left, a)
	}
	return left
}

// settle records what is noted, until the first error: the rest stays noted.
func (s *Store) settle(ctx context.Context) {
	notes := s.readNotes()
	if len(notes) == 0 {
		return
	}
	rows, err := s.outbox(ctx, "")
	if err != nil {
		return
	}
	done := map[string]bool{}
	for _, n := range notes {
		i := slices.IndexFunc(rows, func(a montimer.Alert) bool { return n.Alert == key(a) })
		if i >= 0 {
			if a := unsent(rows[i:i+1], []sentNote{n}); len(a) == 0 {
				err = s.delivered(ctx, rows[i], n.Label, n.At)
			} else {
				err = s.shorten(ctx, rows[i], a[0].Text)
			}
			if err != nil {
				break
			}
		}
		done[n.Alert] = true
	}
	// Another process may have noted more meanwhile.
	_ = s.writeNotes(slices.DeleteFunc(s.readNotes(), func(n sentNote) bool { return done[n.Alert] }))
}

// patiently calls a function until it meets no lock of another program, for
// endTimeout.
func (s *Store) patiently(ctx context.Context, record func() error) error {
	for deadline := time.Now().Add(s.endTimeout); ; time.Sleep(10 * time.Millisecond) {
		err := record()
		if !errors.Is(err, ErrBusy) || ctx.Err() != nil || time.Now().After(deadline) {
			return err
		}
	}
}
