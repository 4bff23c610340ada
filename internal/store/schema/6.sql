-- A skipped run whose tick an earlier run served.
ALTER TABLE montimer_runs ADD COLUMN already_served INTEGER NOT NULL DEFAULT 0;
UPDATE montimer_runs SET already_served = 1 WHERE state = 'skipped' AND reason LIKE '% dealt with the tick of %';
