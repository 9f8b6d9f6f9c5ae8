"""What is taken out of the database on somebody's word: a message's text, or a message."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, update

from modemgw.store import tables

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Connection

    from modemgw.store.prepared import Record

_messages, _parts, _attempts = tables.messages, tables.parts, tables.part_attempts
_inbound, _events, _idempotency = tables.inbound_parts, tables.events, tables.idempotency


@dataclass(frozen=True, slots=True)
class Copies:
    """Where else a message stands: events by position, kept answers by key and token."""

    events: dict[int, dict[str, Any]]
    answers: dict[tuple[str, str], list[dict[str, Any]]]


def copies_of(connection: Connection, message: Record) -> Copies:
    """Events and kept answers that hold a message, without its text.

    What is told of a message stands in its conversation, from its creation on; a kept answer was
    written in the message's own transaction.
    """
    told = connection.execute(
        select(_events.c.position, _events.c.data).where(
            _events.c.conversation_id == message.conversation_id,
            _events.c.created_at >= message.created_at,
        )
    )
    kept = connection.execute(
        select(_idempotency.c.key_id, _idempotency.c.token, _idempotency.c.answer).where(
            _idempotency.c.created_at == message.created_at
        )
    )
    return Copies(
        {
            row.position: {**row.data, "text": ""}
            for row in told
            if row.data.get("id") == message.id
        },
        {
            (row.key_id, row.token): list(_without_text(row.answer, message.id))
            for row in kept
            if any(_is_of(item, message.id) for item in row.answer)
        },
    )


def _is_of(item: dict[str, Any], message_id: str) -> bool:
    return bool(item.get("message", {}).get("id") == message_id)


def _without_text(answer: list[dict[str, Any]], message_id: str) -> Iterable[dict[str, Any]]:
    for item in answer:
        blank = _is_of(item, message_id)
        yield {**item, "message": {**item["message"], "text": ""}} if blank else item


def blank(connection: Connection, message_id: str) -> None:
    """Take away the text of a message and its TPDUs; the copies are `blank_copies`'."""
    connection.execute(update(_messages).where(_messages.c.id == message_id).values(text=""))
    connection.execute(update(_parts).where(_parts.c.message_id == message_id).values(tpdu=None))
    connection.execute(update(_inbound).where(_inbound.c.message_id == message_id).values(pdu=""))


def blank_copies(connection: Connection, copies: Copies) -> None:
    """Take the text out of what was told of a message."""
    for position, data in copies.events.items():
        connection.execute(update(_events).where(_events.c.position == position).values(data=data))
    for (key_id, token), answer in copies.answers.items():
        connection.execute(
            update(_idempotency)
            .where(_idempotency.c.key_id == key_id, _idempotency.c.token == token)
            .values(answer=answer)
        )


def remove(connection: Connection, message_id: str) -> None:
    """Delete a message and its parts.

    TPDUs that came in stay, without what they held: by them a repeat is known.
    """
    connection.execute(delete(_attempts).where(_attempts.c.message_id == message_id))
    connection.execute(delete(_parts).where(_parts.c.message_id == message_id))
    connection.execute(delete(_messages).where(_messages.c.id == message_id))
