"""What is decided of lines, pools and the queue, by people or by the guard: the acts themselves.

Each runs in one transaction with its entry in the audit and its events, `line.state` where a line
stands otherwise afterwards.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from modemgw.gateway import views
from modemgw.gateway.line_state import EVERYTHING, Facts, Pauses, line_scope, standing_of
from modemgw.gateway.requests import RefusalError
from modemgw.store import lines, pauses
from modemgw.store.events import Event
from modemgw.store.pauses import modem_scope

if TYPE_CHECKING:
    from modemgw.gateway.line_state import Standing
    from modemgw.store.prepared import Record
    from modemgw.store.transaction import Transaction

PoolsOf: TypeAlias = Callable[[str, str | None], "tuple[str, ...]"]
"""The pools of a line, by its ICCID and number."""

BLOCKED: Final = "line_blocked"
SILENT: Final = "line_silent"

_IN_SERVICE: dict[str, Any] = {
    "retired_at": None,
    "quarantined_at": None,
    "quarantine_reason": None,
    "resting_until": None,
    "rest_reason": None,
}


def line_of(tx: Transaction, line_id: str) -> Record:
    """A line that nobody else changes meanwhile. Raises RefusalError (`not-found`)."""
    row = lines.line_by_id(tx.connection, line_id, alone=True)
    if row is None:
        raise RefusalError("not-found", f"there is no line {line_id}")
    return row


def change(
    tx: Transaction, line_id: str, key_id: str, now: float, values: dict[str, Any]
) -> Record:
    """Set what people set of a line: `name`, `number`, `tags`, `cost`. Raises RefusalError."""
    line_of(tx, line_id)
    told = dict(values)
    if told.get("number") is not None:
        _refuse_taken(tx, line_id, told["number"])
    if "number" in told:
        lines.type_number(tx.connection, line_id, told.pop("number"))
    row = lines.change_line(tx.connection, line_id, **told) if told else line_of(tx, line_id)
    _record(tx, "line_changed", line_scope(line_id), key_id, now, changes=values)
    return row


def pause_line(
    tx: Transaction, line_id: str, reason: str, key_id: str, now: float, pools_of: PoolsOf
) -> Record:
    """Let a line send nothing until it is resumed. Raises RefusalError."""
    row, was = _before(tx, line_id, now)
    if pauses.begin(tx.connection, line_scope(line_id), reason, now):
        _record(tx, "paused", line_scope(line_id), key_id, now, reason=reason)
    return _tell(tx, row, was, now, pools_of)


def resume_line(
    tx: Transaction, line_id: str, key_id: str, now: float, pools_of: PoolsOf
) -> Record:
    """Let it send again. Raises RefusalError."""
    row, was = _before(tx, line_id, now)
    if pauses.lift(tx.connection, line_scope(line_id)):
        _record(tx, "resumed", line_scope(line_id), key_id, now)
    return _tell(tx, row, was, now, pools_of)


def pause(
    tx: Transaction, scope: str, reason: str, key_id: str, now: float, pools_of: PoolsOf
) -> None:
    """Pause a pool or everything, by its scope."""
    was = _all_standings(tx, now) if scope == EVERYTHING else {}
    if pauses.begin(tx.connection, scope, reason, now):
        _record(tx, "paused", scope, key_id, now, reason=reason)
        _tell_all(tx, was, now, pools_of)


def resume(tx: Transaction, scope: str, key_id: str, now: float, pools_of: PoolsOf) -> None:
    """End the pause of a pool or of everything."""
    was = _all_standings(tx, now) if scope == EVERYTHING else {}
    if pauses.lift(tx.connection, scope):
        _record(tx, "resumed", scope, key_id, now)
        _tell_all(tx, was, now, pools_of)


def pause_modem(tx: Transaction, modem_id: str, reason: str, key_id: str, now: float) -> bool:
    """Let nothing be sent through a modem until it is resumed; false where it was paused before."""
    if not pauses.begin(tx.connection, modem_scope(modem_id), reason, now):
        return False
    _record(tx, "paused", modem_scope(modem_id), key_id, now, reason=reason)
    return True


def resume_modem(tx: Transaction, modem_id: str, key_id: str, now: float) -> bool:
    """Let it send again; false where it was not paused."""
    if not pauses.lift(tx.connection, modem_scope(modem_id)):
        return False
    _record(tx, "resumed", modem_scope(modem_id), key_id, now)
    return True


def note_reset(tx: Transaction, modem_id: str, rung: str, key_id: str, now: float) -> None:
    """Keep who had a modem reset, and from which rung on."""
    _record(tx, "modem_reset", modem_scope(modem_id), key_id, now, rung=rung)


def note_pin(tx: Transaction, modem_id: str, outcome: str, key_id: str, now: float) -> None:
    """Keep who gave a PIN and what came of it; never the PIN."""
    _record(tx, "pin_given", modem_scope(modem_id), key_id, now, outcome=outcome)


def retire(tx: Transaction, line_id: str, key_id: str, now: float, pools_of: PoolsOf) -> Record:
    """Take a line out of service for good. Raises RefusalError."""
    row, was = _before(tx, line_id, now)
    if row.retired_at is None:
        _clear_alerts(tx, row, now)
        row = _changed(tx, line_id, **{**_IN_SERVICE, "retired_at": now})
        _record(tx, "line_retired", line_scope(line_id), key_id, now)
    return _tell(tx, row, was, now, pools_of)


def release(tx: Transaction, line_id: str, key_id: str, now: float, pools_of: PoolsOf) -> Record:
    """Put a line into service again, out of quarantine, rest or retirement. Raises RefusalError."""
    row, was = _before(tx, line_id, now)
    if any(getattr(row, name) is not None for name in _IN_SERVICE):
        _clear_alerts(tx, row, now)
        row = _changed(tx, line_id, **_IN_SERVICE)
        _record(tx, "line_released", line_scope(line_id), key_id, now, was=was.state)
    return _tell(tx, row, was, now, pools_of)


def quarantine(tx: Transaction, line_id: str, words: str, now: float, pools_of: PoolsOf) -> None:
    """Send nothing more on a line that its operator seems to have blocked."""
    row, was = _before(tx, line_id, now)
    if row.quarantined_at is not None or row.retired_at is not None:
        return
    row = _changed(tx, line_id, quarantined_at=now, quarantine_reason=words)
    _record(tx, "line_quarantined", line_scope(line_id), None, now, reason=words)
    tx.emit(Event("alert.raised", now, views.line_alert(BLOCKED, row, words)))
    _tell(tx, row, was, now, pools_of)


def rest(
    tx: Transaction, line_id: str, words: str, until: float, now: float, pools_of: PoolsOf
) -> None:
    """Let a line rest whose texts arrive no longer."""
    row, was = _before(tx, line_id, now)
    if row.resting_until is not None or row.retired_at is not None:
        return
    row = _changed(tx, line_id, resting_until=until, rest_reason=words)
    _record(tx, "line_rests", line_scope(line_id), None, now, reason=words)
    tx.emit(Event("alert.raised", now, views.line_alert(SILENT, row, words)))
    _tell(tx, row, was, now, pools_of)


def end_rests(tx: Transaction, now: float, pools_of: PoolsOf) -> int:
    """End the rests whose time is over; how many."""
    over = lines.rested(tx.connection, now)
    paused = _pauses(tx)
    for row in over:
        tx.emit(Event("alert.cleared", now, views.line_alert(SILENT, row, row.rest_reason)))
        # As it was while it rested, by whatever clock.
        was = standing_of(row.id, Facts.of(row), paused, row.resting_until - 1)
        _tell(tx, line_of(tx, row.id), was, now, pools_of)
    return len(over)


def _refuse_taken(tx: Transaction, line_id: str, number: str) -> None:
    """Two lines with one number: a text that names it would go on either."""
    other = lines.line_by_number(tx.connection, number)
    if other is not None and other.id != line_id and other.retired_at is None:
        words = f"the line {other.iccid} has this number; retire it first, if it moved to a new SIM"
        raise RefusalError("number-taken", words, field="number")


def _before(tx: Transaction, line_id: str, now: float) -> tuple[Record, Standing]:
    row = line_of(tx, line_id)
    return row, standing_of(line_id, Facts.of(row), _pauses(tx), now)


def _changed(tx: Transaction, line_id: str, **values: Any) -> Record:
    row = lines.change_line(tx.connection, line_id, **values)
    assert row is not None
    return row


def _tell(tx: Transaction, row: Record, was: Standing, now: float, pools_of: PoolsOf) -> Record:
    """Emit the event of a line that stands otherwise than before."""
    standing = standing_of(row.id, Facts.of(row), _pauses(tx), now)
    if standing != was:
        pools = pools_of(row.iccid, row.number)
        tx.emit(Event("line.state", now, views.line(row, pools, standing)))
    return row


def _all_standings(tx: Transaction, now: float) -> dict[str, Standing]:
    paused, rows = _pauses(tx), lines.all_lines(tx.connection)
    return {row.id: standing_of(row.id, Facts.of(row), paused, now) for row in rows}


def _tell_all(tx: Transaction, was: dict[str, Standing], now: float, pools_of: PoolsOf) -> None:
    for row in lines.all_lines(tx.connection) if was else ():
        if row.id in was:
            _tell(tx, row, was[row.id], now, pools_of)


def _pauses(tx: Transaction) -> Pauses:
    return Pauses({row.scope: row.reason for row in pauses.every(tx.connection)})


def _clear_alerts(tx: Transaction, row: Record, now: float) -> None:
    if row.quarantined_at is not None:
        words = row.quarantine_reason
        tx.emit(Event("alert.cleared", now, views.line_alert(BLOCKED, row, words)))
    if row.resting_until is not None:
        tx.emit(Event("alert.cleared", now, views.line_alert(SILENT, row, row.rest_reason)))


def _record(
    tx: Transaction, action: str, scope: str, key_id: str | None, now: float, **detail: Any
) -> None:
    tx.record(action, None, now, scope=scope, key=key_id, **detail)
