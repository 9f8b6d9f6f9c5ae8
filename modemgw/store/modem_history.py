"""Where modems have been: each state with its reason, the last ones of each modem."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import delete, insert, select, update

from modemgw.ids import new_id
from modemgw.store import tables
from modemgw.store.sql import fitted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from modemgw.store.prepared import Record

KEPT: Final = 200  # of each modem

_history = tables.modem_history


@dataclass(frozen=True, slots=True)
class Stage:
    """A state, why, and since when, in seconds of the epoch."""

    state: str
    reason: str
    at: float


def note(connection: Connection, modem_id: str, stages: Sequence[Stage]) -> None:
    """Add what a modem went through, in order; the oldest go where there are too many."""
    if not stages:
        return
    rows = [
        {"modem_id": modem_id, "id": new_id("mst"), "at": stage.at}
        | fitted(_history, {"state": stage.state, "reason": stage.reason})
        for stage in stages[-KEPT:]
    ]
    connection.execute(insert(_history), rows)
    ids = select(_history.c.id).where(_history.c.modem_id == modem_id)
    first_to_go = ids.order_by(_history.c.id.desc()).offset(KEPT).limit(1).scalar_subquery()
    connection.execute(
        delete(_history).where(_history.c.modem_id == modem_id, _history.c.id <= first_to_go)
    )


def page(
    connection: Connection, modem_id: str, *, before: str | None, limit: int
) -> Sequence[Record]:
    """The newest ones first, older than the entry `before` where it is given."""
    wanted = select(_history).where(_history.c.modem_id == modem_id)
    if before is not None:
        wanted = wanted.where(_history.c.id < before)
    return connection.execute(wanted.order_by(_history.c.id.desc()).limit(limit)).all()


def inherit(connection: Connection, former_id: str, modem_id: str) -> None:
    """What was noted of a modem before its IMEI was known is of this one."""
    connection.execute(
        update(_history).where(_history.c.modem_id == former_id).values(modem_id=modem_id)
    )
