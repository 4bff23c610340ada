-- The HTTP status of the last attempt to send an alert, which began the error.
ALTER TABLE montimer_outbox ADD COLUMN status INTEGER NOT NULL DEFAULT 0;
UPDATE montimer_outbox SET status = CAST(substr(error, 1, 3) AS INTEGER) WHERE error GLOB '[1-5][0-9][0-9] *';
