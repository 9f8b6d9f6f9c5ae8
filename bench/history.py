"""What a bank has kept after some weeks, written into a new SQLite file by SQLite itself.

Texts that were delivered, evenly over the last 25 days, of 64 lines to 50,000 people: each with its
part, the report on it, as it came and as it was read, and two events.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_SPAN_S = 25 * 86_400

# For text no. `i`: `key` is the part of identifiers behind the prefix, `at` when it was made.
_TEXTS = """
    CREATE TEMP TABLE texts AS
    WITH RECURSIVE number(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM number WHERE i < :count)
    SELECT i, at, printf('%012x7%03x8%015x', CAST(at * 1000 AS INTEGER), i % 4096, i) AS key,
        printf('+1556%07d', i % 50000) AS person, printf('cnv_%032x', i % 50000) AS talk,
        printf('lin_%032x', i % 64) AS line, printf('mdm_%032x', i % 64) AS modem
    FROM (SELECT i, :began + i * :step AS at FROM number)
"""
_TABLES = (
    """INSERT INTO conversations
        (id, number, pool, spoken_at, last_sequence, created_at)
        SELECT talk, person, '', max(at), count(*), min(at) FROM texts GROUP BY talk""",
    """INSERT INTO messages
        (id, direction, status, sender, recipient, line_id, kind, text, encoding, parts, partial,
        conversation_id, created_at, sent_at, delivered_at, metadata, urgent, want_report, key_id,
        priority, resends, restarts, transliterated)
        SELECT 'msg_' || key, 'outbound', 'delivered', printf('+1555010%04d', i % 64), person,
        line, 'transactional', 'Your appointment no. ' || i || ' is tomorrow at ten.', 'gsm7', 1, 0,
        talk, at, at + 1, at + 3, '{}', 0, 1, 'key_bench', 5, 0, 0, 0 FROM texts""",
    """INSERT INTO parts
        (message_id, seq, status, recipient, line_id, modem_id, mr, attempts, submitting_at,
        settled_at, report_status, tpdu)
        SELECT 'msg_' || key, 1, 'delivered', person, line, modem, i / 64 % 256, 1, at, at + 3, 0,
        hex(randomblob(55)) FROM texts""",
    """INSERT INTO inbound_parts
        (id, fingerprint, line_id, modem_id, pdu, kind, received_at, total, seq)
        SELECT 'inb_' || key, hex(randomblob(32)), line, modem, hex(randomblob(30)), 'report',
        at + 3, 1, 1 FROM texts""",
    """INSERT INTO reports
        (id, line_id, mr, recipient, status, received_at, message_id, seq)
        SELECT 'rep_' || key, line, i / 64 % 256, person, 0, at + 3, 'msg_' || key, 1 FROM texts""",
    """INSERT INTO events (position, id, type, created_at, conversation_id, sequence, data)
        SELECT 2 * i + which, printf('evt_%d', which) || key, 'message.status', at + 1 + 2 * which,
        talk, i, json_object('id', 'msg_' || key, 'rest', hex(randomblob(250)))
        FROM texts, (SELECT 0 AS which UNION SELECT 1)""",
    "UPDATE counters SET value = (SELECT max(position) FROM events) WHERE name = 'events'",
)


def fill(file: Path, count: int) -> None:
    """Write so many texts into a database that is migrated and that nobody uses."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA synchronous = OFF")  # it is thrown away if this fails
        step = _SPAN_S / count
        values = {"count": count, "began": time.time() - _SPAN_S, "step": step}
        connection.execute(_TEXTS, values)
        for statement in _TABLES:
            connection.execute(statement)
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
