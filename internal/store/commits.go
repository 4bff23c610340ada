package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/montimer/montimer"
)

// keptCommits is how many commits are kept: more than an alert names.
const keptCommits = 10_000

// LastCommit returns the commit that was added last; zero when there is none.
func (s *Store) LastCommit(ctx context.Context) (c montimer.Commit, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT commit_id, subject FROM montimer_commits ORDER BY id DESC LIMIT 1").Scan(&c.ID, &c.Subject)
	if errors.Is(err, sql.ErrNoRows) {
		return montimer.Commit{}, nil
	}
	return c, s.explain("read the last commit", err)
}

// AddCommits adds the commits that the checkout has got, the oldest first.
func (s *Store) AddCommits(ctx context.Context, commits []montimer.Commit) error {
	err := s.write(ctx, quick, func(tx *sql.Tx) error {
		for _, c := range commits {
			if err := do(ctx, tx, "INSERT INTO montimer_commits (commit_id, subject) VALUES (?, ?)", c.ID, c.Subject); err != nil {
				return err
			}
		}
		return do(ctx, tx, "DELETE FROM montimer_commits WHERE id <= (SELECT max(id) FROM montimer_commits) - ?", keptCommits)
	})
	return s.explain("add commits", err)
}

// Subjects returns the first lines of the messages of the commits that the
// checkout got after it was at from, until it was at to, the newest first, at
// most limit; nothing if one of them is not known.
func (s *Store) Subjects(ctx context.Context, from, to string, limit int) ([]string, error) {
	rows, err := s.db.QueryContext(ctx, `
		WITH last AS (SELECT max(id) AS id FROM montimer_commits WHERE commit_id = ?2),
			first AS (SELECT max(id) AS id FROM montimer_commits WHERE commit_id = ?1 AND id < (SELECT id FROM last))
		SELECT subject FROM montimer_commits
		WHERE id > (SELECT id FROM first) AND id <= (SELECT id FROM last) ORDER BY id DESC LIMIT ?3`, from, to, limit)
	if err != nil {
		return nil, s.explain("read the commits", err)
	}
	subjects, err := collect(rows, func(row scanner) (subject string, err error) {
		err = row.Scan(&subject)
		return subject, err
	})
	return subjects, s.explain("read the commits", err)
}
