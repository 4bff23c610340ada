-- The schedule of a profile that systemd had loaded: a row when it changes.
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

-- The digest of the one that a run was started by, and why a run was skipped.
ALTER TABLE montimer_runs ADD COLUMN timetable TEXT NOT NULL DEFAULT '';
ALTER TABLE montimer_runs ADD COLUMN skip_cause TEXT NOT NULL DEFAULT '';
UPDATE montimer_runs SET skip_cause = CASE
  WHEN reason LIKE 'paused until %' THEN 'paused'
  WHEN reason LIKE '% came while run %' THEN 'overlap'
  WHEN reason LIKE 'nothing is due%' THEN 'not_due'
  WHEN reason = 'the profile is disabled' THEN 'disabled'
  ELSE '' END
WHERE state = 'skipped';
