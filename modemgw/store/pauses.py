"""What people have paused. Scopes: `line:ID`, `modem:ID`, `pool:NAME`, `all`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select, update

from modemgw.store import tables
from modemgw.store.sql import insert_new

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from modemgw.store.prepared import Record

_pauses = tables.pauses


def every(connection: Connection) -> Sequence[Record]:
    """All pauses: `scope`, `reason`, `since`."""
    return connection.execute(select(_pauses).order_by(_pauses.c.scope)).all()


def modem_scope(modem_id: str) -> str:
    """The scope of a modem, whichever SIM sits in it."""
    return f"modem:{modem_id}"


def of_modem(connection: Connection, modem_id: str) -> str | None:
    """Why a modem is paused; None: it is not."""
    scope = modem_scope(modem_id)
    return connection.execute(
        select(_pauses.c.reason).where(_pauses.c.scope == scope)
    ).scalar_one_or_none()


def inherit(connection: Connection, former_id: str, modem_id: str) -> None:
    """A modem that was paused before its IMEI was known is paused under its name, too."""
    former, scope = modem_scope(former_id), modem_scope(modem_id)
    if of_modem(connection, modem_id) is None:
        connection.execute(update(_pauses).where(_pauses.c.scope == former).values(scope=scope))
    else:
        lift(connection, former)


def begin(connection: Connection, scope: str, reason: str, now: float) -> bool:
    """Pause; false where it was paused before, for the reason given then."""
    return insert_new(connection, _pauses, {"scope": scope, "reason": reason, "since": now})


def lift(connection: Connection, scope: str) -> bool:
    """End a pause; false where there was none."""
    return bool(connection.execute(delete(_pauses).where(_pauses.c.scope == scope)).rowcount)
