CREATE TABLE alert_events (id INTEGER PRIMARY KEY AUTOINCREMENT, created_at TEXT NOT NULL, source TEXT NOT NULL, protocol TEXT NOT NULL, channel TEXT NOT NULL DEFAULT '', severity TEXT, message TEXT NOT NULL, plain_text INTEGER NOT NULL DEFAULT 0, silent INTEGER NOT NULL DEFAULT 0, delivery_status TEXT NOT NULL DEFAULT 'generated', delivered_at TEXT, delivery_error TEXT, dedupe_key TEXT, fingerprint TEXT, metadata_json TEXT);
CREATE INDEX idx_alert_events_created_at ON alert_events(created_at);
CREATE INDEX idx_alert_events_protocol_created_id ON alert_events(protocol, created_at, id);
CREATE INDEX idx_alert_events_severity_created_id ON alert_events(severity, created_at, id);
CREATE INDEX idx_alert_events_source_created_id ON alert_events(source, created_at, id);
CREATE TABLE monitor_state (namespace TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, updated_at TEXT NOT NULL, PRIMARY KEY (namespace, key));
CREATE TABLE montimer_chats (
  old_id TEXT PRIMARY KEY,
  new_id TEXT NOT NULL,
  moved_at TEXT NOT NULL
);
CREATE TABLE montimer_commits (
    id INTEGER PRIMARY KEY,
    commit_id TEXT NOT NULL,
    subject TEXT NOT NULL
);
CREATE INDEX montimer_commits_commit ON montimer_commits (commit_id);
CREATE TABLE montimer_days (
  day TEXT PRIMARY KEY,
  seq INTEGER NOT NULL
);
CREATE TABLE montimer_handovers (
  id INTEGER PRIMARY KEY,
  kind TEXT NOT NULL, -- retired, taken_over, state_of, reported, refused
  host TEXT NOT NULL, -- that retired, took over, or runs the jobs in place of this one
  machine TEXT NOT NULL, -- its id
  since TEXT NOT NULL
);
CREATE UNIQUE INDEX montimer_handovers_once ON montimer_handovers(kind, machine, since);
CREATE TABLE montimer_outbox (
  id INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice: a slow sender must not settle another entry
  event_id INTEGER NOT NULL, -- in alert_events, where others may have pruned it
  kind TEXT NOT NULL,
  profile TEXT NOT NULL,
  run_id TEXT NOT NULL,
  incident TEXT NOT NULL,
  is_first INTEGER NOT NULL,
  message TEXT NOT NULL,
  plain_text INTEGER NOT NULL,
  created_at TEXT NOT NULL,
  next_try_at TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  error TEXT NOT NULL
, waited INTEGER NOT NULL DEFAULT 0, folded INTEGER NOT NULL DEFAULT 0, status INTEGER NOT NULL DEFAULT 0, aside INTEGER NOT NULL DEFAULT 0);
CREATE INDEX montimer_outbox_event ON montimer_outbox(event_id);
CREATE TABLE montimer_pace (
  profile TEXT PRIMARY KEY,
  until TEXT NOT NULL
);
CREATE TABLE montimer_reported (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  until TEXT NOT NULL
);
CREATE TABLE montimer_runs (
  seq INTEGER PRIMARY KEY, -- the order in which runs began, whatever the clock did
  id TEXT NOT NULL UNIQUE,
  profile TEXT NOT NULL,
  trigger TEXT NOT NULL,
  scheduled_at TEXT, -- NULL: not known
  attempt INTEGER NOT NULL,
  started_at TEXT NOT NULL,
  ended_at TEXT,
  ended_boot TEXT NOT NULL DEFAULT '', -- the end as boot id and CLOCK_BOOTTIME in ns
  ended_boottime INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL,
  reason TEXT NOT NULL DEFAULT '',
  git_commit TEXT NOT NULL DEFAULT '',
  event_id INTEGER -- the row of alert_events that told of it; NULL: none
, already_served INTEGER NOT NULL DEFAULT 0, host TEXT NOT NULL DEFAULT '', timetable TEXT NOT NULL DEFAULT '', skip_cause TEXT NOT NULL DEFAULT '');
CREATE INDEX montimer_runs_profile ON montimer_runs(profile);
CREATE INDEX montimer_runs_running ON montimer_runs(profile) WHERE state = 'running';
CREATE INDEX montimer_runs_started ON montimer_runs(started_at);
CREATE INDEX montimer_runs_state ON montimer_runs(profile, trigger, state);
CREATE UNIQUE INDEX montimer_runs_tick ON montimer_runs(profile, trigger, scheduled_at, attempt);
CREATE TABLE montimer_schema (version INTEGER PRIMARY KEY, applied_at TEXT NOT NULL);
CREATE TABLE montimer_sender (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  holder TEXT NOT NULL,
  has_lock INTEGER NOT NULL, -- of outbox.lock, too: who has that lock now knows that it has ended
  until_boot TEXT NOT NULL, -- boot id and CLOCK_BOOTTIME in ns
  until_boottime INTEGER NOT NULL
);
CREATE TABLE montimer_task_runs (
  id INTEGER PRIMARY KEY, -- their order; names may repeat
  run INTEGER NOT NULL REFERENCES montimer_runs(seq) ON DELETE CASCADE,
  name TEXT NOT NULL,
  status TEXT NOT NULL,
  exit_code INTEGER NOT NULL,
  error TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  started_at TEXT, -- NULL: it did not
  duration INTEGER NOT NULL, -- ns
  stdout_tail TEXT NOT NULL,
  stderr_tail TEXT NOT NULL
, left_out INTEGER NOT NULL DEFAULT 0);
CREATE INDEX montimer_task_runs_run ON montimer_task_runs(run);
CREATE TABLE montimer_timetables (
  id INTEGER PRIMARY KEY,
  profile TEXT NOT NULL,
  since TEXT NOT NULL,
  calendar TEXT NOT NULL, -- OnCalendar= of the timer, one a line
  zone TEXT NOT NULL, -- of the lines without one
  at_boot INTEGER NOT NULL,
  every INTEGER NOT NULL, -- ns; 0: no interval
  jitter INTEGER NOT NULL, -- ns
  catch_up INTEGER NOT NULL,
  digest TEXT NOT NULL,
  git_commit TEXT NOT NULL
);
CREATE INDEX montimer_timetables_profile ON montimer_timetables(profile);
INSERT INTO montimer_schema VALUES (1, '2026-11-30T08:00:00.000000Z');
INSERT INTO montimer_schema VALUES (2, '2026-11-30T08:00:00.000000Z');
INSERT INTO montimer_schema VALUES (3, '2026-11-30T08:00:00.000000Z');
INSERT INTO montimer_schema VALUES (4, '2026-11-30T08:00:00.000000Z');
INSERT INTO montimer_schema VALUES (5, '2026-11-30T08:00:00.000000Z');
INSERT INTO montimer_schema VALUES (6, '2026-11-30T08:00:00.000000Z');
INSERT INTO montimer_schema VALUES (7, '2026-11-30T08:00:00.000000Z');
INSERT INTO montimer_schema VALUES (8, '2026-11-30T08:00:00.000000Z');
INSERT INTO montimer_schema VALUES (9, '2026-11-30T08:00:00.000000Z');
INSERT INTO montimer_schema VALUES (10, '2026-11-30T08:00:00.000000Z');
INSERT INTO montimer_schema VALUES (11, '2026-11-30T08:00:00.000000Z');
