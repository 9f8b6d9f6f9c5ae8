"""A duty that one host at a time has, among several on one PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from modemgw.store.engine import reader_engine

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Turn:
    """An advisory lock, held by a connection of its own: the server lets go when we die.

    SQLite serves one host, whose turn it always is.
    """

    def __init__(self, database_url: str, duty: str) -> None:
        self._engine = reader_engine(database_url, 1)
        self._duty = duty
        self._connection: Connection | None = None

    def hold(self) -> bool:
        """Whether the duty is ours now, taken if it was free. Blocks: call it beside the loop.

        False, too, when the database cannot tell.
        """
        if self._engine.dialect.name == "sqlite":
            return True
        try:
            if self._connection is None:
                return self._take()
            self._connection.execute(text("SELECT 1"))
            self._connection.commit()
        except SQLAlchemyError:
            self.release()
            return False
        return True

    def _take(self) -> bool:
        connection = self._engine.connect()
        taken: bool = connection.execute(
            text("SELECT pg_try_advisory_lock(hashtext('modemgw-duty'), hashtext(:duty))"),
            {"duty": self._duty},
        ).scalar_one()
        connection.commit()
        if taken:
            self._connection = connection
        else:
            connection.close()
        return taken

    def release(self) -> None:
        """Give the duty to whoever wants it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()
        self._engine.dispose()
