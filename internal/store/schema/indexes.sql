-- What the pages of the API need, newest first: the id is the implied last
-- column of an index. On a large table they take seconds to build.
CREATE INDEX IF NOT EXISTS montimer_alert_events_protocol_severity ON alert_events(protocol, severity);
CREATE INDEX IF NOT EXISTS montimer_alert_events_protocol ON alert_events(protocol);
CREATE INDEX IF NOT EXISTS montimer_alert_events_severity ON alert_events(severity);
CREATE INDEX IF NOT EXISTS montimer_alert_events_source ON alert_events(source);
CREATE INDEX IF NOT EXISTS montimer_alert_events_channel ON alert_events(channel);
CREATE INDEX IF NOT EXISTS montimer_alert_events_undelivered ON alert_events(delivery_status) WHERE delivery_status <> 'delivered';
CREATE INDEX IF NOT EXISTS montimer_alert_events_counts ON alert_events(protocol, severity, created_at, source);
