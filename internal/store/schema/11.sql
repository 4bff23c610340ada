-- Alerts that a takeover found in the outbox: the old host may have sent them.
ALTER TABLE montimer_outbox ADD COLUMN aside INTEGER NOT NULL DEFAULT 0;

-- What has been done and reported once about which host runs the jobs.
CREATE TABLE montimer_handovers (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL, -- retired, taken_over, state_of, reported, refused
  host TEXT NOT NULL, -- that retired, took over, or runs the jobs in place of this one
  machine TEXT NOT NULL, -- its id
  since TEXT NOT NULL
);
CREATE UNIQUE INDEX montimer_handovers_once ON montimer_handovers(kind, machine, since);
