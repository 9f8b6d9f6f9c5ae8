"""The command of the control socket that concerns the bank's clock."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

from modemgw.simulator.clock import SCALE_LIMIT

if TYPE_CHECKING:
    from collections.abc import Callable

    from modemgw.simulator.bank import Bank
    from modemgw.simulator.control_fields import Fields
    from modemgw.simulator.control_targets import Answer

_YEAR_S: Final = 366 * 86_400.0


def _clock(bank: Bank, fields: Fields) -> Answer:
    """The time of the bank, and of everybody who follows it.

    scale: so many times as fast as real time, 0 stands still. advance: seconds that it is set on.
    to: a time (ISO 8601 with offset) that it is set on to. All three may be left out.
    """
    scale = fields.number("scale", 0, SCALE_LIMIT) if fields.has("scale") else None
    advance_s = fields.number("advance", 0, _YEAR_S, 0)
    if fields.has("to"):
        advance_s = _date(fields).timestamp() - bank.clock.time()
        if advance_s < 0:
            raise fields.error("to", f"the clock does not go back; it is {_shown(bank)}")
    fields.finish()
    if scale is not None or advance_s:
        bank.clock.set(scale=scale, advance_s=advance_s)
    course = bank.clock.course
    return {"now": course.now, "t": course.t, "scale": course.scale, "date": _shown(bank)}


def _date(fields: Fields) -> datetime:
    text = fields.text("to")
    try:
        date = datetime.fromisoformat(text)
    except ValueError:
        raise fields.error("to", f"a time is needed, not {text!r}") from None
    if date.tzinfo is None:
        raise fields.error("to", "a time with its offset is needed, as in 20:59:00+01:00")
    return date


def _shown(bank: Bank) -> str:
    return bank.clock.date().isoformat(timespec="milliseconds")


COMMANDS: dict[str, Callable[[Bank, Fields], Answer]] = {"clock": _clock}
