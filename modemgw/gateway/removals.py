"""Taking a text out of what is kept, because somebody who may do so asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modemgw.gateway.requests import RefusalError
from modemgw.gateway.status import UNFINISHED, MessageStatus
from modemgw.store import messages, removal

if TYPE_CHECKING:
    from collections.abc import Callable

    from modemgw.store.prepared import Record
    from modemgw.store.reader import Reader
    from modemgw.store.transaction import Transaction
    from modemgw.store.writer import Writer

_ON_ITS_WAY: Final = UNFINISHED | {MessageStatus.IN_DOUBT}


class Removals:
    """Blanks and deletes messages that have ended."""

    def __init__(self, writer: Writer, reader: Reader, clock: Callable[[], float]) -> None:
        self._writer, self._reader, self._clock = writer, reader, clock

    async def blank(self, message: Record, by: str) -> None:
        """Take the text away; the rest stays. `by` is the key that asks.

        Raises RefusalError (`not-found`, `in-progress`).
        """
        await self._take(message, by, "text_removed", lambda _tx: None)

    async def delete(self, message: Record, by: str) -> None:
        """Take the message away. Raises RefusalError (`not-found`, `in-progress`)."""
        await self._take(
            message, by, "message_removed", lambda tx: removal.remove(tx.connection, message.id)
        )

    async def _take(
        self, message: Record, by: str, action: str, then: Callable[[Transaction], None]
    ) -> None:
        """Take the text first: what is told from then on has none, so no copy can be missed."""
        now = self._clock()

        def operation(tx: Transaction) -> None:
            row = messages.get(tx.connection, message.id, alone=True)
            if row is None:
                raise RefusalError("not-found", f"there is no message {message.id}")
            if row.status in _ON_ITS_WAY:
                words = f"the message is {row.status}; only one that has ended can be removed"
                raise RefusalError("in-progress", words)
            removal.blank(tx.connection, message.id)
            person = row.sender if row.direction == "inbound" else row.recipient
            tx.record(action, person, now, message=message.id, key=by)

        def the_rest(tx: Transaction) -> None:
            removal.blank_copies(tx.connection, copies)
            then(tx)

        await self._writer.run(operation)
        copies = await self._reader.run(lambda c: removal.copies_of(c, message))
        await self._writer.run(the_rest)
