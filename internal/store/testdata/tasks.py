#!/usr/bin/env python3
"""Write to a monitoring.db as tasks do, for so many seconds.

usage: tasks.py PATH SECONDS NAME

A connection for each call, deferred transactions, five seconds of patience:
an alert is inserted, then updated once it is sent, and a value is kept in
monitor_state. Prints one JSON object: how many of each were committed, and
the errors.
"""
import contextlib
import json
import sqlite3
import sys
import time

path, seconds, name = sys.argv[1], float(sys.argv[2]), sys.argv[3]


@contextlib.contextmanager
def connection():
    conn = sqlite3.connect(path, timeout=5)
    try:
        conn.execute("PRAGMA journal_mode=WAL")
        conn.execute("PRAGMA synchronous=NORMAL")
        conn.execute("PRAGMA busy_timeout=5000")
        yield conn
        conn.commit()
    except BaseException:
        conn.rollback()
        raise
    finally:
        conn.close()


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%S.000000Z", time.gmtime())


done = {"alerts": 0, "sent": 0, "values": 0, "errors": []}
end = time.monotonic() + seconds
while time.monotonic() < end:
    try:
        with connection() as conn:
            row = conn.execute(
                "INSERT INTO alert_events (created_at, source, protocol, channel, severity, message, plain_text, silent,"
                " delivery_status, dedupe_key, fingerprint, metadata_json)"
                " VALUES (?, 'protocol', ?, ?, 'HIGH', 'hello', 0, 0, 'generated', NULL, NULL, '{}')",
                (now(), name, name),
            ).lastrowid
        done["alerts"] += 1
        with connection() as conn:
            conn.execute(
                "UPDATE alert_events SET delivery_status = 'delivered', delivered_at = ?, delivery_error = NULL WHERE id = ?",
                (now(), row),
            )
        done["sent"] += 1
        with connection() as conn:
            conn.execute(
                "INSERT INTO monitor_state VALUES (?, ?, ?, ?) ON CONFLICT (namespace, key)"
                " DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at",
                (name, str(done["values"] % 100), str(done["values"]), now()),
            )
        done["values"] += 1
        if done["alerts"] % 50 == 0:
            with connection() as conn:
                conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as err:
        done["errors"].append(repr(err))
print(json.dumps(done))
