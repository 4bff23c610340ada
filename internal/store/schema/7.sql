-- The machine of a run, and states of one word each.
ALTER TABLE montimer_runs ADD COLUMN host TEXT NOT NULL DEFAULT '';
UPDATE montimer_task_runs SET status = 'spawn_failed' WHERE status = 'spawn failed';
UPDATE montimer_task_runs SET status = 'not_run' WHERE status = 'not run';
