"""SQLite's WAL is copied back into the database while the writer goes on.

Theory of operation
-------------------
Once a second a thread of its own copies what was committed (PASSIVE, which waits for nobody). The
next write after *all* was copied begins the WAL at its start again; beside a writer that never
rests there are always some frames that were not. Where the WAL has grown long, the writer is
therefore asked to copy these few itself, between two of its groups, which takes a few milliseconds.

A WAL that is begun again keeps its length: what is written over takes no new blocks of the disk,
so a commit syncs its data and nothing of the file system's. To shorten the file (TRUNCATE) keeps
the writer out for some fifty milliseconds, most of them asleep until it tries again. That is
left for a WAL that grew much longer, as where a reader needed an old state of the database for
minutes; while it still does, to wait for it would keep the writer out as well, so that is tried for
a moment only.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from modemgw.store.engine import WAL_SIZE_LIMIT_BYTES, parse_url, writer_engine

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

PAGE_BYTES = 4096
LONG_PAGES = WAL_SIZE_LIMIT_BYTES // PAGE_BYTES // 2
TOO_LONG_PAGES = 8 * LONG_PAGES
FEW_PAGES = LONG_PAGES // 2  # left over: more would keep the writer for long
CUT_WITHIN_MS = 100


class Checkpointer:
    """Copies the WAL of SQLite back into the database, off the writer, in a thread of its own."""

    def __init__(
        self, database_url: str, copy_rest: Callable[[], None], every_s: float = 1.0
    ) -> None:
        """`copy_rest` asks the writer to copy what is left, when it has a moment."""
        self._url, self._copy_rest, self._every_s = database_url, copy_rest, every_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="checkpoint", daemon=True)
        self._wanted = parse_url(database_url).get_backend_name() == "sqlite"

    def start(self) -> None:
        """Begin; nothing happens on PostgreSQL, which does this itself."""
        if self._wanted:
            self._thread.start()

    def stop(self) -> None:
        """End within a second or two."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(10)

    def _run(self) -> None:
        engine = writer_engine(self._url)
        while not self._stop.wait(self._every_s):
            # Disk full, locked: again in a second. What the driver is asked itself raises its own.
            with contextlib.suppress(SQLAlchemyError, sqlite3.Error):
                self._checkpoint(engine)
        engine.dispose()

    def _checkpoint(self, engine: Engine) -> None:
        raw = engine.raw_connection()
        try:
            _, pages, copied = raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            if pages > TOO_LONG_PAGES:
                raw.execute(f"PRAGMA busy_timeout={CUT_WITHIN_MS}")
                raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            elif pages > LONG_PAGES and pages - copied < FEW_PAGES:
                self._copy_rest()
        finally:
            raw.close()
