"""Calls: `RING`, `+CRING` (27.007 §6.11), `+CLIP` (§7.6), `+CCWA` (§7.12), `+CLCC` (§7.18)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING

from modemgw.at.answers.lines import every, number_in
from modemgw.at.errors import AtError
from modemgw.at.parameters import information

if TYPE_CHECKING:
    from modemgw.at.answers.lines import Lines
    from modemgw.at.parameters import Information


class CallStatus(IntEnum):
    """27.007 §7.18 `<stat>`."""

    ACTIVE = 0
    HELD = 1
    DIALLING = 2
    ALERTING = 3
    INCOMING = 4
    WAITING = 5


@dataclass(frozen=True, slots=True)
class Call:
    """An entry of `+CLCC`. `mode` is 0 voice, 1 data, 2 fax, more for alternating ones."""

    id: int
    incoming: bool
    status: CallStatus | None
    mode: int | None
    multiparty: bool
    number: str | None


@dataclass(frozen=True, slots=True)
class Ring:
    """Somebody calls. `kind` is `+CRING`'s (`VOICE`, `SYNC` …); None: not told."""

    kind: str | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: `number` is None where it is withheld or not told.

    `waiting`: while another call goes on (`+CCWA`).
    """

    number: str | None
    waiting: bool = False


@dataclass(frozen=True, slots=True)
class CallEnd:
    """A call is over; `words` are the modem's (`NO CARRIER`, `BUSY`, `VOICE CALL: END` …)."""

    words: str


def ring(line: str) -> Ring:
    """`RING`, or `+CRING: VOICE`."""
    return Ring((line.split(":", 1)[1].strip().upper() or None) if ":" in line else None)


def caller(line: str) -> str | None:
    """`+CLIP` or `+CCWA`: the caller's number; None where it is withheld."""
    if ":" not in line:
        return None
    found = information(line)
    return number_in(found.text(0), found.number(1))


def waiting_caller(line: str) -> Caller:
    """`+CCWA`, announced."""
    return Caller(caller(line), waiting=True)


def calling(line: str) -> Caller:
    """`+CLIP`, announced."""
    return Caller(caller(line))


def calls(lines: Lines) -> tuple[Call, ...]:
    """`+CLCC`: none where there is no line. Raises AtError for one without its first three
    values."""
    return tuple(_call(line) for line in every(lines, "+CLCC"))


def _call(line: Information) -> Call:
    number, direction, status = (line.number(position) for position in range(3))
    if number is None or direction is None or status is None:
        raise AtError(f"no call in {line.parameters[:3]!r}")
    return Call(
        number,
        direction == 1,
        CallStatus(status) if status in list(CallStatus) else None,
        line.number(3),
        line.number(4) == 1,
        number_in(line.text(5), line.number(6)),
    )
