#!/usr/bin/env python3
"""Serve the alerts of a database as the API before montimer did: one thread and one
SQLite connection for each request, HTTP/1.0, JSON by the json module.

usage: standin.py DATABASE    (prints the port, then answers until it is killed)

It stands for that API in benchmarks, and has of it what they ask for.
"""
import json
import re
import sqlite3
import sys
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

COLUMNS = (
    "id, created_at, source, protocol, channel, severity, message, plain_text, silent, "
    "delivery_status, delivered_at, delivery_error, metadata_json"
)
SEVERITIES = {"LOW", "MEDIUM", "HIGH", "CRITICAL"}


class BadRequest(Exception):
    pass


def connect():
    connection = sqlite3.connect(sys.argv[1], timeout=5)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA busy_timeout=5000")
    return connection


def number(text, standard, name):
    if not text:
        return standard
    try:
        value = int(text)
    except ValueError:
        raise BadRequest("invalid " + name) from None
    if value < 1:
        raise BadRequest("invalid " + name)
    return value


def timestamp(text, name):
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text[:-1] + "+00:00" if text.endswith("Z") else text)
    except ValueError:
        raise BadRequest("invalid " + name + " timestamp") from None
    if at.tzinfo is None:
        raise BadRequest(name + " timestamp must include timezone")
    return at.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def alert(row):
    shown = {name: row[name] for name in COLUMNS.split(", ") if name != "metadata_json"}
    shown["plain_text"] = bool(row["plain_text"])
    shown["silent"] = bool(row["silent"])
    shown["metadata"] = json.loads(row["metadata_json"] or "{}")
    return shown


def alerts(query):
    given = {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}
    conditions, arguments = [], []
    if "severity" in given and given["severity"] not in SEVERITIES:
        raise BadRequest("invalid severity")
    limit = min(number(given.get("limit"), 100, "limit"), 500)
    cursor = number(given.get("cursor"), None, "cursor")
    since = timestamp(given.get("from") or given.get("since"), "from")
    until = timestamp(given.get("to"), "to")
    if since and until and until <= since:
        raise BadRequest("to must be after from")
    for column in ("protocol", "severity", "source"):
        if column in given:
            conditions.append(column + " = ?")
            arguments.append(given[column])
    for condition, value in (("created_at >= ?", since), ("created_at < ?", until), ("id < ?", cursor)):
        if value is not None:
            conditions.append(condition)
            arguments.append(value)
    where = "WHERE " + " AND ".join(conditions) if conditions else ""
    connection = connect()
    try:
        rows = connection.execute(
            f"SELECT {COLUMNS} FROM alert_events {where} ORDER BY id DESC LIMIT ?", (*arguments, limit)
        ).fetchall()
    finally:
        connection.close()
    more = str(rows[-1]["id"]) if len(rows) == limit else None
    return {"data": [alert(row) for row in rows], "next_cursor": more, "limit": limit}


def one(number_of):
    connection = connect()
    try:
        row = connection.execute(f"SELECT {COLUMNS} FROM alert_events WHERE id = ?", (number_of,)).fetchone()
    finally:
        connection.close()
    return alert(row) if row else None


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        url = urlparse(self.path)
        single = re.fullmatch(r"/v1/alerts/([0-9]+)", url.path)
        try:
            if url.path == "/healthz":
                self.answer(200, {"status": "ok"})
            elif url.path == "/v1/alerts":
                self.answer(200, alerts(url.query))
            elif single and (found := one(int(single[1]))):
                self.answer(200, found)
            else:
                self.answer(404, {"error": "not_found", "message": "unknown path"})
        except BadRequest as error:
            self.answer(400, {"error": "bad_request", "message": str(error)})

    def answer(self, status, value):
        body = json.dumps(value, separators=(",", ":")).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
