-- Until when the runs have been reported by the periodical report: one row, or none.
CREATE TABLE montimer_reported (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  until TEXT NOT NULL
);
