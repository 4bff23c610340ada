package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/montimer/montimer"
)

// maxLog is the size in bytes from which a write-ahead log counts as one that
// cannot be folded into the database: SQLite tries from 4 MiB on.
const maxLog = 64 << 20

// ProblemKind says what part of a database a problem is about.
type ProblemKind string

// The kinds of problems.
const (
	WrongOwner  ProblemKind = "owner"  // of the file at Path
	WrongMode   ProblemKind = "mode"   // of the file at Path
	LargeLog    ProblemKind = "log"    // the write-ahead log
	Damaged     ProblemKind = "damage" // found by PRAGMA integrity_check
	NoLog       ProblemKind = "journal_mode"
	NoIndex     ProblemKind = "index"   // of the tables shared with the tasks
	WrongShape  ProblemKind = "schema"  // a table, column, index or trigger
	TaskTrigger ProblemKind = "trigger" // on a table shared with the tasks
	WrongRows   ProblemKind = "rows"    // that cannot be read
)

// Problem is one problem of a database.
type Problem struct {
	Kind ProblemKind `json:"kind"`
	Path string      `json:"path,omitzero"`
	Text string      `json:"text"` // with its fix
}

// Check finds the problems of the database of an instance's state directory, and
// says how to fix them. It reads all of the file, and changes nothing. The error
// says why it stopped.
func Check(ctx context.Context, of montimer.Instance, stateDir string) (texts []string, err error) {
	problems, err := check(ctx, of, stateDir)
	for _, p := range problems { // some are made by SQL, which knows no instance
		texts = append(texts, strings.ReplaceAll(p.Text, "montimer db ", of.Command("db ")))
	}
	return texts, err
}

func check(ctx context.Context, of montimer.Instance, stateDir string) (problems []Problem, err error) {
	problems, err = checkFiles(filepath.Join(stateDir, FileName))
	if err != nil {
		return problems, fmt.Errorf("check the database: %w", err)
	}
	s, err := Open(ctx, stateDir, Options{ReadOnly: true, Instance: of})
	if err != nil {
		return problems, err
	}
	defer s.Close()
	want, _, err := ours(ctx)
	if err != nil {
		return problems, fmt.Errorf("check the database: %w", err)
	}
	for _, c := range []struct {
		name string
		kind ProblemKind
	}{{"integrity.sql", Damaged}, {"check.sql", NoLog}} { // a damaged table is reported once
		query, err := files.ReadFile("schema/" + c.name)
		if err != nil {
			return problems, fmt.Errorf("check the database: %w", err)
		}
		found, err := s.findings(ctx, string(query))
		for _, text := range found {
			problems = append(problems, Problem{Kind: c.kind, Text: text})
		}
		if err != nil || len(found) > 0 && c.kind == Damaged {
			return problems, s.explain("check the database", err)
		}
	}
	found, err := checkSchema(ctx, s.db, want)
	return append(problems, found...), s.explain("check the database", err)
}

// checkSchema compares a database with the schema that montimer makes. Rows are
// checked only in a complete schema.
func checkSchema(ctx context.Context, db queryer, want shape) (problems []Problem, err error) {
	have, err := readShape(ctx, db)
	if err != nil {
		return nil, err
	}
	problems = have.compare(want)
	if slices.ContainsFunc(problems, func(p Problem) bool { return strings.HasSuffix(p.Text, " is missing"+repairs) }) {
		return problems, nil
	}
	rows, err := unreadable(ctx, db, have)
	for _, text := range rows {
		problems = append(problems, Problem{Kind: WrongRows, Text: text})
	}
	return problems, err
}

// checkFiles checks owner, mode and size of the database, its log and their
// directory.
func checkFiles(path string) (problems []Problem, err error) {
	dir, err := os.Stat(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	for _, name := range []string{filepath.Dir(path), path, path + "-wal", path + "-shm"} {
		info, err := os.Lstat(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return problems, err
		}
		if owner(info) != owner(dir) {
			text := fmt.Sprintf("%s belongs to user %d, its directory to user %d: chown --reference=%s %[1]s", name, owner(info), owner(dir), filepath.Dir(path))
			problems = append(problems, Problem{WrongOwner, name, text})
		}
		if info.Mode().Perm()&0o002 != 0 {
			problems = append(problems, Problem{WrongMode, name, fmt.Sprintf("all users can write %s: chmod o-w %[1]s", name)})
		}
		if name == path+"-wal" && info.Size() > maxLog {
			text := fmt.Sprintf("%s has %d MiB: a program with an endless read keeps it from shrinking", name, info.Size()>>20)
			problems = append(problems, Problem{LargeLog, name, text})
		}
	}
	return problems, nil
}

// findings runs a query that returns problems.
func (s *Store) findings(ctx context.Context, query string) ([]string, error) {
	rows, err := s.db.QueryContext(ctx, query)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(row scanner) (text string, err error) {
		err = row.Scan(&text)
		return text, err
	})
}
