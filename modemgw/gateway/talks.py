"""Conversations as agents use them: what is read, and how an answer goes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from modemgw.gateway import views
from modemgw.gateway.lanes import is_of
from modemgw.gateway.requests import RefusalError
from modemgw.store import conversations, lines, messages

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from modemgw.gateway.requests import Caller, SendRequest
    from modemgw.gateway.roster import Roster
    from modemgw.store.conversations import Filter, Key
    from modemgw.store.prepared import Record
    from modemgw.store.reader import Reader
    from modemgw.store.transaction import Transaction
    from modemgw.store.writer import Writer

KIND = "conversational"


class Talks:
    """Looks after conversations on behalf of the API."""

    def __init__(self, writer: Writer, reader: Reader, roster: Roster) -> None:
        self._writer, self._reader, self._roster = writer, reader, roster

    async def page(
        self, wanted: Filter, before: Key | None, limit: int
    ) -> tuple[list[dict[str, Any]], Key | None]:
        """One page, and where it ended if there are more. Raises StoreUnavailableError."""

        def query(connection: Connection) -> tuple[list[dict[str, Any]], Key | None]:
            rows = conversations.find(connection, wanted, before=before, limit=limit + 1)
            shown = rows[:limit]
            end = (shown[-1].active_at, shown[-1].id) if len(rows) > limit else None
            return _views(connection, shown), end

        return await self._reader.run(query)

    async def read(self, conversation_id: str, caller: Caller) -> dict[str, Any]:
        """One conversation, where the caller may see it.

        Raises RefusalError (`not-found`), StoreUnavailableError.
        """
        return await self._reader.run(
            lambda c: _views(c, [_there(conversations.get(c, conversation_id), caller)])[0]
        )

    async def mark_read(
        self, conversation_id: str, message_id: str, caller: Caller
    ) -> dict[str, Any]:
        """Note that all of it was read up to a message; the conversation then.

        Idempotent. Raises RefusalError (`not-found`, `invalid` where the message is not of it),
        StoreUnavailableError.
        """

        def operation(tx: Transaction) -> None:
            _there(conversations.get(tx.connection, conversation_id), caller)
            message = messages.get(tx.connection, message_id)
            if message is None or message.conversation_id != conversation_id:
                words = "it is no message of this conversation"
                raise RefusalError("invalid", words, field="message")
            conversations.mark_read(tx.connection, conversation_id, message_id)

        await self._writer.run(operation)
        return await self.read(conversation_id, caller)

    async def answering(
        self, conversation_id: str, request: SendRequest, caller: Caller, *, same_line: bool
    ) -> SendRequest:
        """The request with recipient, pool and line filled in.

        `same_line`: it is bound to the line that the two last spoke on, unless that is retired, or
        no longer of the pool. Raises RefusalError (`not-found`), StoreUnavailableError.
        """

        def query(connection: Connection) -> tuple[Record, Record | None]:
            found = _there(conversations.get(connection, conversation_id), caller)
            line = lines.line_by_id(connection, found.line_id) if found.line_id else None
            return found, line

        found, line = await self._reader.run(query)
        bound = same_line and line is not None and self._serves(line, found.pool)
        return replace(
            request,
            to=found.number,
            pool=found.pool or None,
            from_=found.line_id if bound else None,
            kind=request.kind or KIND,
        )

    def _serves(self, line: Record, pool: str) -> bool:
        in_pool = is_of(pool, self._roster.pools_of(line.iccid, line.number))
        return in_pool and line.retired_at is None


def _there(row: Record | None, caller: Caller) -> Record:
    """The conversation, where the caller may see it; the default pool's has an empty name."""
    if row is None or not caller.has_pool(row.pool or None):
        raise RefusalError("not-found", "there is no conversation with this id")
    return row


def _views(connection: Connection, rows: Sequence[Record]) -> list[dict[str, Any]]:
    ids = (row.last_message_id for row in rows if row.last_message_id is not None)
    last = conversations.messages_by_id(connection, ids)
    return [_view(row, last.get(row.last_message_id)) for row in rows]


def _view(row: Record, last: Record | None) -> dict[str, Any]:
    return {
        "id": row.id,
        "number": row.number,
        "pool": row.pool or None,
        "line": row.line_id,
        "created_at": views.timestamp(row.created_at),
        "active_at": views.timestamp(row.active_at),
        "last_inbound_at": views.timestamp(row.last_inbound_at),
        "reading": {"unread": row.unread, "up_to": row.read_up_to},
        "last_message": None if last is None else views.message(last),
    }
