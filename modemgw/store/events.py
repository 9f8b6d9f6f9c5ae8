"""Events: facts in the order of their commits, kept, and owed to webhooks."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, exists, func, insert, not_, or_, select, update

from modemgw.ids import new_id
from modemgw.store import tables
from modemgw.store.prepared import Encoded, Prepared, Record, given, literally, values_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

_events, _webhooks, _counters = tables.events, tables.webhooks, tables.counters
_deliveries = tables.deliveries

_COUNT_ON = Prepared(
    update(_counters)
    .where(_counters.c.name == "events")
    .values(value=_counters.c.value + given("more"))
    .returning(_counters.c.value)
)
_COUNTED = Prepared(select(_counters.c.value).where(_counters.c.name == "events"))
_INSERT, _INSERT_DELIVERIES = Prepared(insert(_events)), Prepared(insert(_deliveries))
_WANTED = Prepared(select(_webhooks.c.id, _webhooks.c.events).where(_webhooks.c.enabled))
_AFTER = Prepared(
    select(_events)
    .where(_events.c.position > given("position"))
    .order_by(_events.c.position)
    .limit(given("limit"))
)
# By its index. Behind it all are younger, but for those of a clock that was put back since.
_LAST_OLD = Prepared(
    select(_events.c.position)
    .where(_events.c.created_at < given("before"))
    .order_by(_events.c.created_at.desc())
    .limit(1)
)
_UP_TO = Prepared(
    select(_events.c.position)
    .where(_events.c.position > given("after"), _events.c.position <= given("last"))
    .order_by(_events.c.position)
    .limit(given("limit"))
)
_younger = _events.alias()
_FORGET_DELIVERIES = Prepared(
    delete(_deliveries).where(
        _deliveries.c.webhook_id.in_(select(_webhooks.c.id)),  # by their index
        _deliveries.c.position > given("after"),
        _deliveries.c.position <= given("last"),
        _deliveries.c.status != literally("pending"),
        not_(
            exists().where(
                _younger.c.position == _deliveries.c.position,
                _younger.c.created_at >= given("before"),
            )
        ),
    )
)
_FORGET = Prepared(
    delete(_events).where(
        _events.c.position > given("after"),
        _events.c.position <= given("last"),
        _events.c.created_at < given("before"),
        not_(
            exists().where(
                _deliveries.c.webhook_id.in_(select(_webhooks.c.id)),
                _deliveries.c.position == _events.c.position,
            )
        ),
    )
)

_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True)
class Event:
    """A fact that happened. `position` is 0 until it is published."""

    type: str
    created_at: float
    data: dict[str, Any]
    conversation_id: str | None = None
    sequence: int | None = None  # gap-free within the conversation
    id: str = field(default_factory=lambda: new_id("evt"))
    position: int = 0

    @cached_property
    def encoded(self) -> Encoded:
        """The data as compact JSON; made once, for the database and for webhooks."""
        return Encoded(_to_json(self.data))


@dataclass(frozen=True, slots=True)
class Published:
    """The events of a commit, at the positions from `first` to `last`.

    `owed` are those that each webhook wants, by its identifier, with their positions; they are
    `deliveries` in all.
    """

    deliveries: int
    first: int = 0
    last: int = 0
    owed: Mapping[str, Sequence[tuple[int, Event]]] = field(default_factory=dict)


def publish(connection: Connection, outbox: Sequence[Event]) -> Published:
    """Give events their positions and write them, with a delivery for each webhook that wants one.

    The counter's row stays locked until the commit, so positions follow the order of commits.
    """
    counter = _COUNT_ON.row(connection, values_of(more=len(outbox)))
    assert counter is not None
    placed = list(enumerate(outbox, counter.value - len(outbox) + 1))
    _INSERT.run_many(
        connection,
        [
            {
                "position": position,
                "id": event.id,
                "type": event.type,
                "created_at": event.created_at,
                "conversation_id": event.conversation_id,
                "sequence": event.sequence,
                "data": event.encoded,
            }
            for position, event in placed
        ],
    )
    owed = {
        webhook_id: [one for one in placed if one[1].type in types or "*" in types]
        for webhook_id, types in _WANTED.rows(connection, {})
    }
    deliveries = [
        {
            "webhook_id": webhook_id,
            "position": position,
            "event_id": event.id,
            "conversation_id": event.conversation_id,
            "status": "pending",
            "attempts": 0,
        }
        for webhook_id, wanted in owed.items()
        for position, event in wanted
    ]
    if deliveries:
        _INSERT_DELIVERIES.run_many(connection, deliveries)
    return Published(len(deliveries), placed[0][0], placed[-1][0], owed)


def counted(connection: Connection) -> int:
    """The position of the newest event, be it still kept or not: all up to it are committed."""
    counter = _COUNTED.row(connection, {})
    assert counter is not None
    return int(counter.value)


def after(connection: Connection, position: int, limit: int) -> list[Event]:
    """The events behind a position, in order."""
    rows = _AFTER.rows(connection, values_of(position=position, limit=limit))
    return [_event(row) for row in rows]


def after_of(
    connection: Connection, types: tuple[str, ...], position: int, limit: int
) -> tuple[list[Event], int]:
    """The events of some types behind a position, in order, and the position up to which these are
    all."""
    until = counted(connection)
    values = values_of(position=position, until=until, limit=limit)
    found = [_event(row) for row in _of_types(types).rows(connection, values)]
    return found, found[-1].position if len(found) == limit else until


@lru_cache(maxsize=8)
def _of_types(types: tuple[str, ...]) -> Prepared:
    return Prepared(
        select(_events)
        .where(
            _events.c.position > given("position"),
            _events.c.position <= given("until"),
            or_(*(_events.c.type == type_ for type_ in types)),
        )
        .order_by(_events.c.position)
        .limit(given("limit"))
    )


def _event(row: Record) -> Event:
    return Event(
        type=row.type,
        created_at=row.created_at,
        data=row.data,
        conversation_id=row.conversation_id,
        sequence=row.sequence,
        id=row.id,
        position=row.position,
    )


def position_of(connection: Connection, event_id: str) -> int | None:
    """Where this event stands; None when it is unknown or no longer kept."""
    return connection.execute(
        select(_events.c.position).where(_events.c.id == event_id)
    ).scalar_one_or_none()


def last_position(connection: Connection) -> int:
    """The position of the newest event; 0 when there is none."""
    last: int = connection.execute(
        select(func.coalesce(func.max(_events.c.position), 0))
    ).scalar_one()
    return last


def prune(connection: Connection, before: float, limit: int, after: int = 0) -> int | None:
    """Forget events that are older than `before`, of the first so many behind a position.

    The position up to which they were looked at; None where no older ones follow. Events that a
    webhook still waits for stay; those of a clock that was ahead hold up none behind them.
    """
    old = _LAST_OLD.row(connection, values_of(before=before))
    if old is None:
        return None
    rows = _UP_TO.rows(connection, values_of(after=after, last=old.position, limit=limit))
    if not rows:
        return None
    last: int = rows[-1].position
    for statement in (_FORGET_DELIVERIES, _FORGET):
        statement.run(connection, values_of(after=after, last=last, before=before))
    return last if len(rows) == limit else None
