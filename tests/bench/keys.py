# SPDX-License-Identifier: Apache-2.0
"""keys.py DATABASE COUNT FILE: puts COUNT keys into an SQLite database that `apiguardctl init` made,
and header lines of 5000 of them (or all), in no order, into FILE."""

import hashlib
import random
import sqlite3
import sys

ROW = "INSERT INTO api_keys (key_hash, key_prefix, client_name) VALUES (?, ?, ?)"
TRIGGERS = ("api_keys_replaced", "api_keys_inserted")  # a line in the change log for each


def name(n):
    return f"bench-key-number-{n:07}"


def rows(count):
    for n in range(count):
        key = name(n)
        yield hashlib.sha256(key.encode()).hexdigest(), key[:8], f"client{n % 1000}"


def main(path, count, out):
    count = int(count)
    database = sqlite3.connect(path)
    kept = [database.execute("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND name = ?",
                             (trigger,)).fetchone()[0] for trigger in TRIGGERS]
    for trigger in TRIGGERS:
        database.execute(f"DROP TRIGGER {trigger}")
    database.executemany(ROW, rows(count))
    for sql in kept:
        database.execute(sql)
    database.commit()
    numbers = list(range(min(count, 5000)))
    if count > 5000:
        numbers = random.Random(1).sample(range(count), 5000)
    with open(out, "w", encoding="ascii") as f:
        f.writelines(f"X-API-Key: {name(n)}\n" for n in numbers)


main(*sys.argv[1:])
