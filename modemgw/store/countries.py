"""Which countries were texted, since when, and of which that was told as an alert.

Kept among the counters: at most two rows for each country that there is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select

from modemgw.store import tables
from modemgw.store.sql import insert_new, lock_name

if TYPE_CHECKING:
    from sqlalchemy import Connection

_counters = tables.counters

_TEXTED, _TOLD = "texted:", "told:"


def first_texted(connection: Connection, country: str, now: float) -> float:
    """When a country was texted first; now, where it was not yet. Alone with it until the
    transaction ends.
    """
    lock_name(connection, "countries")
    name = _TEXTED + country
    if insert_new(connection, _counters, {"name": name, "value": int(now)}):
        return now
    found = connection.execute(select(_counters.c.value).where(_counters.c.name == name))
    return float(found.scalar_one())


def tell(connection: Connection, country: str, now: float) -> bool:
    """Note that a country is told as new; false where it is already."""
    return insert_new(connection, _counters, {"name": _TOLD + country, "value": int(now)})


def tell_no_more(connection: Connection, before: float) -> list[str]:
    """Forget those that were told before a time; which they were."""
    old = _counters.c.name.startswith(_TOLD, autoescape=True) & (_counters.c.value < int(before))
    gone = connection.execute(delete(_counters).where(old).returning(_counters.c.name))
    return sorted(name.removeprefix(_TOLD) for name in gone.scalars())
