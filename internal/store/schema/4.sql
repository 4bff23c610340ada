-- Output of a task that was not passed on to the journal, in bytes.
ALTER TABLE montimer_task_runs ADD COLUMN left_out INTEGER NOT NULL DEFAULT 0;
