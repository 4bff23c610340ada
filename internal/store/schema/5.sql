-- The days (UTC) on which runs began, each with the first of these. How old a run
-- is, is counted in them: a clock that is wrong for a day adds one day.
CREATE TABLE montimer_days (
  day TEXT PRIMARY KEY,
  seq INTEGER NOT NULL
);
INSERT INTO montimer_days SELECT substr(started_at, 1, 10), min(seq) FROM montimer_runs GROUP BY 1;
