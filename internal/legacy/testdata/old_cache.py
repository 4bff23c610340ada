#!/usr/bin/env python3
"""The text caches and the state as the tasks of the old system use them.

usage: old_cache.py lines DIR           the keys and values of each line of each file, as an import takes them
       old_cache.py get DIR BACKEND     the value of each [file, key] of standard input
       old_cache.py write DIR SECONDS   values into one text cache, in place, until then

BACKEND is "file" (CACHE_BACKEND=file: text caches alone) or "sqlite" (the
database, then the text cache). Input and output are JSON. Standard library only.
"""
import json
import pathlib
import sqlite3
import sys
import time


def lines_of(path):
    with open(path, encoding="utf-8") as stream:  # text mode: \n, \r\n and \r are line breaks
        yield from stream


def entries(path):
    for line in lines_of(path):
        key, colon, value = line.strip().partition(":")
        if key and colon:
            yield [key, value]


def from_text(path, wanted):
    if not path.exists():
        return 0
    for line in lines_of(path):
        key, value = line.strip().split(":", 1)  # a line without a colon is an error
        if key == wanted:
            return value
    return 0


def from_database(directory, namespace, wanted):
    connection = sqlite3.connect(directory / "monitoring.db", timeout=5)
    try:
        query = "SELECT value FROM monitor_state WHERE namespace = ? AND key = ?"
        row = connection.execute(query, (namespace, wanted)).fetchone()
    finally:
        connection.close()
    return None if row is None else row[0]


def get(directory, backend, file, wanted):
    path = directory / file
    if backend != "file":
        value = from_database(directory, path.name, wanted)
        if value is not None:
            return value
    return from_text(path, wanted)


def put(path, wanted, value):
    rows = list(lines_of(path)) if path.exists() else []
    for i, row in enumerate(rows):
        if row.strip().split(":", 1)[0] == wanted:
            rows[i] = f"{wanted}:{value}\n"
            break
    else:
        rows.append(f"{wanted}:{value}\n")
    with open(path, "w", encoding="utf-8") as stream:
        stream.writelines(rows)


def main():
    what, where = sys.argv[1], pathlib.Path(sys.argv[2])
    if what == "lines":
        answer = {path.name: list(entries(path)) for path in where.iterdir()}
    elif what == "get":
        answer = [get(where, sys.argv[3], file, key) for file, key in json.load(sys.stdin)]
    else:
        answer, end = 0, time.monotonic() + float(sys.argv[3])
        while time.monotonic() < end:
            put(where / "cache-id.txt", f"key{answer % 100}", answer)
            answer += 1
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
