"""What the resource `/v1/persons` is asked and answers."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - pydantic reads it at run time
from typing import Annotated, Any

from pydantic import Field

from modemgw.api.answers import Message, OptOut, Review, Shape
from modemgw.api.consents_shapes import ConsentRecord  # noqa: TC001 - as above
from modemgw.api.fields import Cursor, Limit  # noqa: TC001 - as above
from modemgw.api.schemas import Body


class PersonQuery(Body):
    """Which of a person's messages."""

    limit: Limit = 100
    cursor: Cursor | None = None


class EraseQuery(Body):
    """Why a person's data are erased."""

    reason: Annotated[str, Field(min_length=1, max_length=500)] = Field(
        description="For the audit, where it stays: write no name and no number into it."
    )


class PersonConversation(Shape):
    """A conversation with a person."""

    id: str
    pool: str | None
    line: str | None
    created_at: datetime
    spoken_at: datetime | None
    last_inbound_at: datetime | None


class AuditEntry(Shape):
    """What the audit says of a person."""

    chain: str = Field(description="The host that wrote it.")
    sequence: int
    at: datetime
    action: str
    detail: dict[str, Any]


class Person(Shape):
    """What is kept about a number; `messages` the newest first, a page at a time."""

    number: str
    opt_outs: list[OptOut]
    consents: list[ConsentRecord]
    reviews: list[Review]
    conversations: list[PersonConversation]
    audit: list[AuditEntry]
    messages: list[Message]
    next: str | None


class Erased(Shape):
    """How much was erased."""

    messages: int
    raw: int = Field(description="TPDUs as they came in.")
    events: int
    conversations: int
    consents: int
    audit: int = Field(description="Entries whose content was deleted; that they were there stays.")
    opted_out: bool = Field(description="The opt-out stays, as a hash of the number.")
