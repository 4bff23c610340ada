package store

import (
	"context"
	"database/sql"
	"time"
)

// ChatMoved records the new id of a chat, also for chats that had moved to the
// old one.
func (s *Store) ChatMoved(ctx context.Context, oldID, newID string) error {
	if oldID == newID {
		return nil
	}
	err := s.write(ctx, durable, func(tx *sql.Tx) error {
		if err := do(ctx, tx, "UPDATE montimer_chats SET new_id = ? WHERE new_id = ?", newID, oldID); err != nil {
			return err
		}
		if err := do(ctx, tx, "DELETE FROM montimer_chats WHERE old_id = ?", newID); err != nil {
			return err
		}
		return do(ctx, tx, "INSERT OR REPLACE INTO montimer_chats (old_id, new_id, moved_at) VALUES (?, ?, ?)",
			oldID, newID, formatTime(time.Now()))
	})
	return s.explain("remember the new id of a chat", err)
}

// Chats returns where chats have moved to: the new id of each old one.
func (s *Store) Chats(ctx context.Context) (map[string]string, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT old_id, new_id FROM montimer_chats")
	if err != nil {
		return nil, s.explain("read the chats", err)
	}
	pairs, err := collect(rows, func(row scanner) (p [2]string, err error) {
		err = row.Scan(&p[0], &p[1])
		return p, err
	})
	chats := make(map[string]string, len(pairs))
	for _, p := range pairs {
		chats[p[0]] = p[1]
	}
	return chats, s.explain("read the chats", err)
}
