"""Texts that wait and fit a description: found off the writer, a few at a time, and counted."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, or_, select

from modemgw.store import tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection
    from sqlalchemy.sql import ColumnElement

    from modemgw.store.prepared import Record

_m = tables.messages.c


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of the texts that people have sent; None: whichever.

    `line_id`: those that are bound to this line or wait for it. `metadata` holds texts by name.
    `before_id` is later than each of them.
    """

    before_id: str
    key_id: str | None = None
    pool: str | None = None
    pools: frozenset[str] | None = None
    kind: str | None = None
    recipient: str | None = None
    reference: str | None = None
    line_id: str | None = None
    created_after: float | None = None
    created_before: float | None = None
    priority_below: int | None = None
    metadata: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def fits(self, row: Record) -> bool:
        """Whether a message is one of them."""
        alike = all(
            wanted is None or wanted == has
            for wanted, has in (
                (self.key_id, row.key_id),
                (self.pool, row.pool),
                (self.kind, row.kind),
                (self.recipient, row.recipient),
                (self.reference, row.reference),
            )
        )
        return (
            alike
            and (self.pools is None or row.pool in self.pools)
            and row.direction == "outbound"
            and row.permit is None  # an answer of our own, such as that to a STOP
            and row.id < self.before_id
            and (self.line_id is None or self.line_id in _lines_of(row))
            and (self.created_after is None or row.created_at > self.created_after)
            and (self.created_before is None or row.created_at < self.created_before)
            and (self.priority_below is None or row.priority < self.priority_below)
            and all(row.metadata.get(name) == value for name, value in self.metadata.items())
        )

    def conditions(self) -> list[ColumnElement[bool]]:
        """The same in SQL, where a number in the metadata may pass for its digits."""
        equal = [
            column == value
            for column, value in (
                (_m.key_id, self.key_id),
                (_m.pool, self.pool),
                (_m.kind, self.kind),
                (_m.recipient, self.recipient),
                (_m.reference, self.reference),
            )
            if value is not None
        ]
        if self.pools is not None:
            equal.append(_m.pool.in_(sorted(self.pools)))
        if self.line_id is not None:
            of_line = f"{self.line_id}|"
            lanes = (_m.lane.startswith(of_line), _m.home_lane.startswith(of_line))
            equal.append(or_(_m.line_id == self.line_id, *lanes))
        if self.created_after is not None:
            equal.append(_m.created_at > self.created_after)
        if self.created_before is not None:
            equal.append(_m.created_at < self.created_before)
        if self.priority_below is not None:
            equal.append(_m.priority < self.priority_below)
        for name, value in self.metadata.items():
            equal.append(_m.metadata[name].as_string() == value)
        return [
            _m.direction == "outbound",
            _m.permit.is_(None),
            _m.id < self.before_id,
            *equal,
        ]


def _lines_of(row: Record) -> tuple[Any, ...]:
    lanes = (str(lane).partition("|")[0] for lane in (row.lane, row.home_lane) if lane is not None)
    return (row.line_id, *lanes)


def find(
    connection: Connection, wanted: Wanted, status: str, *, after_id: str, limit: int
) -> Sequence[str]:
    """Identifiers of those in a status, the oldest first, later than `after_id`."""
    return (
        connection.execute(
            select(_m.id)
            .where(_m.status == status, _m.id > after_id, *wanted.conditions())
            .order_by(_m.id)
            .limit(limit)
        )
        .scalars()
        .all()
    )


def count(connection: Connection, wanted: Wanted, statuses: Sequence[str]) -> int:
    """How many of them are in one of these statuses."""
    found: int = connection.execute(
        select(func.count()).where(_m.status.in_(statuses), *wanted.conditions())
    ).scalar_one()
    return found
