package store

import (
	"os"
	"strings"
	"testing"
	"time"
)

// An alert that was sent while that could not be recorded is not pending for any
// process, and the first one that can records it. Of one whose first part was
// sent, the rest is pending. What is in the place of the notes holds up no alert.
func TestSentButNotRecorded(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, Options{})
	s.endTimeout = 0
	t.Cleanup(func() { os.RemoveAll(NotesFile(dir)) })
	enqueue(t, s, "sent", "in two parts", "not sent")
	texts := func(s *Store) string {
		t.Helper()
		alerts, err := s.Pending(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var texts []string
		for _, a := range alerts {
			texts = append(texts, a.Text)
		}
		return strings.Join(texts, ", ")
	}
	alerts, err := s.Pending(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	query(t, s, "CREATE TRIGGER gone BEFORE UPDATE ON alert_events BEGIN SELECT RAISE(ABORT, 'refused'); END")
	query(t, s, "CREATE TRIGGER cut BEFORE UPDATE ON montimer_outbox BEGIN SELECT RAISE(ABORT, 'refused'); END")
	if err := s.Delivered(t.Context(), alerts[0], "[test] ", tick); err == nil {
		t.Fatal("the trigger refuses nothing")
	}
	if err := s.Shorten(t.Context(), alerts[1], "parts"); err == nil {
		t.Fatal("the trigger refuses nothing")
	}
	for _, s := range []*Store{s, open(t, dir, Options{}), open(t, dir, Options{ReadOnly: true})} {
		equal(t, texts(s), "parts, not sent")
	}

	notes, err := os.ReadFile(NotesFile(dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "[", `[{"Alert": 1}]`, strings.Repeat("[", longestNotes+1)} {
		if err := os.WriteFile(NotesFile(dir), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		equal(t, texts(s), "sent, in two parts, not sent")
	}
	if err := os.Remove(NotesFile(dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(NotesFile(dir), 0o700); err != nil {
		t.Fatal(err)
	}
	equal(t, texts(open(t, dir, Options{})), "sent, in two parts, not sent")
	if err := os.Remove(NotesFile(dir)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(NotesFile(dir), notes, 0o600); err != nil {
		t.Fatal(err)
	}

	query(t, s, "DROP TRIGGER gone")
	s = open(t, dir, Options{})
	if _, err := os.Lstat(NotesFile(dir)); !os.IsNotExist(err) {
		t.Errorf("the notes are still there: %v", err)
	}
	equal(t, query(t, s, "SELECT message, delivery_status, delivered_at FROM alert_events"), []string{
		"[test] sent|delivered|2026-11-30T08:00:00.000000Z", "in two parts|generated|NULL", "not sent|generated|NULL",
	})
	equal(t, query(t, s, "SELECT message FROM montimer_outbox"), []string{"parts", "not sent"})
}

// Notes are of the alerts of one database. The number of notes has a limit.
func TestNotesOfAnotherDatabase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, Options{})
	t.Cleanup(func() { os.Remove(NotesFile(dir)) })
	a := enqueue(t, s, "text")[0]
	for n := range mostNotes + 1 {
		a.ID = int64(n + 1)
		if err := s.note(a, "", "", tick); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.readNotes()); n != mostNotes {
		t.Errorf("%d notes", n)
	}
	a.ID, a.Created = 1, tick.Add(time.Hour)
	other := open(t, t.TempDir(), Options{})
	other.notes = s.notes
	if err := other.Enqueue(t.Context(), &a); err != nil {
		t.Fatal(err)
	}
	if pending, err := other.Pending(t.Context()); err != nil || len(pending) != 1 {
		t.Errorf("%v, %v", pending, err)
	}
}
