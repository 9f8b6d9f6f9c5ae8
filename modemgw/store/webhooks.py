"""Webhook endpoints and what is owed to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, insert, select, update

from modemgw.ids import new_id
from modemgw.store import tables
from modemgw.store.prepared import Prepared, Record, given, literally, values_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

_webhooks, _deliveries, _events = tables.webhooks, tables.deliveries, tables.events
_IS_PENDING = _deliveries.c.status == literally("pending")
_PENDING = Prepared(
    select(_deliveries, _events.c.type, _events.c.created_at, _events.c.data, _events.c.sequence)
    .join(_events, _events.c.position == _deliveries.c.position)
    .where(
        _deliveries.c.webhook_id == given("id"),
        _IS_PENDING,
        _deliveries.c.position > given("after"),
    )
    .order_by(_deliveries.c.position)
    .limit(given("limit"))
)
_SETTLE = Prepared(
    update(_deliveries).where(
        _deliveries.c.webhook_id == given("id"), _deliveries.c.position == given("at")
    )
)
_ALL = Prepared(select(_webhooks).order_by(_webhooks.c.id))


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where events are to be posted. `secret` is `whsec_` and base64; `events` are types or `*`."""

    url: str
    events: tuple[str, ...]
    secret: str


def all_endpoints(connection: Connection) -> Sequence[Record]:
    """Every endpoint, oldest first."""
    return _ALL.rows(connection, {})


def get(connection: Connection, webhook_id: str) -> Record | None:
    """One endpoint."""
    return connection.execute(select(_webhooks).where(_webhooks.c.id == webhook_id)).one_or_none()


def add(connection: Connection, endpoint: Endpoint, origin: str, now: float) -> Record:
    """Make an endpoint; events from now on are owed to it."""
    return connection.execute(
        insert(_webhooks)
        .values(
            id=new_id("whk"),
            url=endpoint.url,
            events=list(endpoint.events),
            secret=endpoint.secret,
            origin=origin,
            enabled=True,
            created_at=now,
        )
        .returning(_webhooks)
    ).one()


def remove(connection: Connection, webhook_id: str) -> bool:
    """Forget an endpoint and what is owed to it; false when there is none."""
    connection.execute(delete(_deliveries).where(_deliveries.c.webhook_id == webhook_id))
    gone = connection.execute(delete(_webhooks).where(_webhooks.c.id == webhook_id))
    return bool(gone.rowcount)


def change(connection: Connection, webhook_id: str, **values: Any) -> Record:
    """Set columns of an endpoint; the endpoint then."""
    return connection.execute(
        update(_webhooks).where(_webhooks.c.id == webhook_id).values(**values).returning(_webhooks)
    ).one()


def disable(connection: Connection, webhook_id: str, reason: str) -> None:
    """Owe nothing more to an endpoint; what is pending stays for when it is enabled again."""
    connection.execute(
        update(_webhooks)
        .where(_webhooks.c.id == webhook_id)
        .values(enabled=False, disabled_reason=reason)
    )


def sync_configured(connection: Connection, wanted: Sequence[Endpoint], now: float) -> None:
    """Make the endpoints of the configuration file those that it names, by their URL."""
    there = {row.url: row for row in all_endpoints(connection) if row.origin == "config"}
    for endpoint in wanted:
        row = there.pop(endpoint.url, None)
        if row is None:
            add(connection, endpoint, "config", now)
            continue
        connection.execute(
            update(_webhooks)
            .where(_webhooks.c.id == row.id)
            .values(
                events=list(endpoint.events),
                secret=endpoint.secret,
                enabled=True,
                disabled_reason=None,
            )
        )
    for row in there.values():
        remove(connection, row.id)


def pending(
    connection: Connection, webhook_id: str, *, after: int = 0, limit: int
) -> Sequence[Record]:
    """What is owed to an endpoint behind a position, in order, with the events themselves."""
    values = values_of(id=webhook_id, after=after, limit=limit)
    return _PENDING.rows(connection, values)


def settle(connection: Connection, webhook_id: str, position: int, **values: Any) -> None:
    """Record the outcome of an attempt."""
    _SETTLE.run(connection, values_of(id=webhook_id, at=position) | values)


def settle_all(
    connection: Connection, outcomes: Sequence[tuple[str, int, Mapping[str, Any]]]
) -> None:
    """Record the outcomes of attempts: columns to set, by webhook and position.

    All of them set the same columns, in the same order.
    """
    rows = [{**values_of(id=webhook_id, at=at), **values} for webhook_id, at, values in outcomes]
    _SETTLE.run_many(connection, rows)


def owed(connection: Connection) -> dict[str, int]:
    """How many deliveries each endpoint waits for."""
    rows = connection.execute(
        select(_deliveries.c.webhook_id, func.count().label("owed"))
        .where(_IS_PENDING)
        .group_by(_deliveries.c.webhook_id)
    )
    return {row.webhook_id: row.owed for row in rows}
