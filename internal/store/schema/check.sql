SELECT 'the journal mode is ' || journal_mode || ', not wal: run montimer db init'
FROM pragma_journal_mode WHERE journal_mode <> 'wal'
UNION ALL
SELECT 'a row of ' || "table" || ' belongs to a row of ' || parent || ' that is gone'
FROM pragma_foreign_key_check
UNION ALL
SELECT 'the tasks write a column that is not there: ' || column1
FROM (VALUES
  ('alert_events.created_at'), ('alert_events.source'), ('alert_events.protocol'), ('alert_events.channel'),
  ('alert_events.severity'), ('alert_events.message'), ('alert_events.plain_text'), ('alert_events.silent'),
  ('alert_events.delivery_status'), ('alert_events.delivered_at'), ('alert_events.delivery_error'),
  ('alert_events.dedupe_key'), ('alert_events.fingerprint'), ('alert_events.metadata_json'),
  ('monitor_state.namespace'), ('monitor_state.key'), ('monitor_state.value'), ('monitor_state.updated_at'))
WHERE column1 NOT IN (
  SELECT 'alert_events.' || name FROM pragma_table_info('alert_events') UNION ALL
  SELECT 'monitor_state.' || name FROM pragma_table_info('monitor_state'))
UNION ALL
SELECT 'queries of alert_events are slow without the index ' || column1 || ': run montimer db init'
FROM (VALUES
  ('montimer_alert_events_protocol_severity'), ('montimer_alert_events_protocol'),
  ('montimer_alert_events_severity'), ('montimer_alert_events_source'))
WHERE column1 NOT IN (SELECT name FROM sqlite_master)
