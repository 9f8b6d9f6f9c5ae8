"""What about a modem a person has to be told: events `alert.raised` and `alert.cleared`.

An alert is raised once and cleared once. What is raised is kept in memory: after a restart of the
daemon it is raised anew, if it still holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from modemgw.modem.interface import ModemState
from modemgw.store.events import Event

from . import views

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modemgw.modem.interface import ModemStatus
    from modemgw.store.prepared import Record

QUARANTINED: Final = "modem_quarantined"
STORAGE_FULL: Final = "storage_full"
IMEI_TWICE: Final = "imei_twice"

# What a modem that was given up goes through at each new attempt.
_ATTEMPT: Final = frozenset({ModemState.OPENING, ModemState.INITIALISING, ModemState.RECOVERING})


# It drives a line of its own: no second port of a modem that is driven gets so far.
_AT_WORK: Final = frozenset(
    {ModemState.DENIED, ModemState.REGISTERING, ModemState.READY, ModemState.DEGRADED}
)


def alerts_of(
    status: ModemStatus, raised: Mapping[str, str], imei_twice: str | None = None
) -> dict[str, str]:
    """What holds for a modem now, by kind, in words; `raised` is what held before.

    `imei_twice` is the port of another modem that bears its IMEI.
    """
    alerts: dict[str, str] = {}
    if status.state is ModemState.QUARANTINED:
        alerts[QUARANTINED] = status.reason
    elif status.state in _ATTEMPT and QUARANTINED in raised:
        alerts[QUARANTINED] = raised[QUARANTINED]
    if status.full:
        alerts[STORAGE_FULL] = (
            f"storage {status.full} stays full, so no text comes in: empty it with another program"
        )
    if imei_twice is not None and status.state in _AT_WORK:
        alerts[IMEI_TWICE] = f"the modem at {imei_twice} has the same IMEI, {status.imei}"
    return alerts


def changes(
    row: Record, now: float, before: Mapping[str, str], after: Mapping[str, str]
) -> Iterator[Event]:
    """The events that tell of a change."""
    for kind in after.keys() - before.keys():
        yield Event("alert.raised", now, views.alert(kind, row, after[kind]))
    for kind in before.keys() - after.keys():
        yield Event("alert.cleared", now, views.alert(kind, row, before[kind]))
