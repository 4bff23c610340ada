CREATE TABLE IF NOT EXISTS alert_events (id INTEGER PRIMARY KEY AUTOINCREMENT, created_at TEXT NOT NULL, source TEXT NOT NULL, protocol TEXT NOT NULL, channel TEXT NOT NULL DEFAULT '', severity TEXT, message TEXT NOT NULL, plain_text INTEGER NOT NULL DEFAULT 0, silent INTEGER NOT NULL DEFAULT 0, delivery_status TEXT NOT NULL DEFAULT 'generated', delivered_at TEXT, delivery_error TEXT, dedupe_key TEXT, fingerprint TEXT, metadata_json TEXT);
CREATE INDEX IF NOT EXISTS idx_alert_events_created_at ON alert_events(created_at);
CREATE INDEX IF NOT EXISTS idx_alert_events_protocol_created_id ON alert_events(protocol, created_at, id);
CREATE INDEX IF NOT EXISTS idx_alert_events_severity_created_id ON alert_events(severity, created_at, id);
CREATE INDEX IF NOT EXISTS idx_alert_events_source_created_id ON alert_events(source, created_at, id);
CREATE TABLE IF NOT EXISTS monitor_state (namespace TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, updated_at TEXT NOT NULL, PRIMARY KEY (namespace, key));
