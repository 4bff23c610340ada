-- How long an alert has been waiting for its next attempts, in seconds: no change
-- of the clock touches it. And how many other alerts it stands for.
ALTER TABLE montimer_outbox ADD COLUMN waited INTEGER NOT NULL DEFAULT 0;
ALTER TABLE montimer_outbox ADD COLUMN folded INTEGER NOT NULL DEFAULT 0;
CREATE INDEX montimer_outbox_event ON montimer_outbox(event_id);

-- The process that sends what is in the outbox: one row, or none.
CREATE TABLE montimer_sender (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  holder TEXT NOT NULL,
  has_lock INTEGER NOT NULL, -- of outbox.lock, too: who has that lock now knows that it has ended
  until_boot TEXT NOT NULL, -- boot id and CLOCK_BOOTTIME in ns
  until_boottime INTEGER NOT NULL
);

-- When a profile has used up what it may send at once.
CREATE TABLE montimer_pace (
  profile TEXT PRIMARY KEY,
  until TEXT NOT NULL
);
