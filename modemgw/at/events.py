"""Announcements as values, for who wants to know more of them than their lines.

One table says how each topic is read. What cannot be read, or says nothing that anybody here
needs, is no reason to fail: it comes out as its lines.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from modemgw.at import answers
from modemgw.at.errors import AtError
from modemgw.at.parameters import information, prefix_of
from modemgw.at.unsolicited import Topic, is_boot, topic_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Stored:
    """A text, report or broadcast message lies there."""

    topic: Topic
    place: answers.Announcement


@dataclass(frozen=True, slots=True)
class Direct:
    """A text, report or broadcast message that is printed here and lies nowhere."""

    topic: Topic
    text: answers.DirectText


@dataclass(frozen=True, slots=True)
class StorageFull:
    """A storage takes no more; None: the modem does not say which."""

    storage: str | None


@dataclass(frozen=True, slots=True)
class RegistrationChange:
    """Registration in one of the networks: `prefix` says in which (`+CREG` …)."""

    prefix: str
    status: answers.NetworkStatus


@dataclass(frozen=True, slots=True)
class SimChange:
    """What the SIM wants now: `READY`, `SIM PIN`, `NOT INSERTED` …"""

    state: str


@dataclass(frozen=True, slots=True)
class SignalChange:
    """The signal in dBm; None: not detectable."""

    rssi_dbm: int | None


@dataclass(frozen=True, slots=True)
class Time:
    """The network's time, local, with its zone where that is told."""

    time: datetime


@dataclass(frozen=True, slots=True)
class Zone:
    """How far local time is from UTC."""

    offset: timedelta


@dataclass(frozen=True, slots=True)
class Started:
    """The modem starts, or goes on starting: nothing set before still holds."""

    first: bool


@dataclass(frozen=True, slots=True)
class Other:
    """Anything else, as its lines."""

    lines: tuple[str, ...]


Told: TypeAlias = (
    Stored
    | Direct
    | StorageFull
    | RegistrationChange
    | SimChange
    | SignalChange
    | Time
    | Zone
    | Started
    | Other
    | answers.Ring
    | answers.Caller
    | answers.Call
    | answers.CallEnd
    | answers.IndicatorEvent
    | answers.UssdString
)


def told(lines: tuple[str, ...]) -> Told:
    """What an announcement says, by the lines that the dialogue gave for it. Never raises."""
    topic = topic_of(lines[0])
    read = _READ.get(topic) if topic is not None else None
    if topic is None or read is None:
        return Other(lines)
    try:
        return read(topic, lines) or Other(lines)
    except AtError:
        return Other(lines)


def _stored(topic: Topic, lines: tuple[str, ...]) -> Stored:
    return Stored(topic, answers.announced(lines[0]))


def _direct(topic: Topic, lines: tuple[str, ...]) -> Direct:
    return Direct(topic, answers.direct_text(lines))


def _full(_topic: Topic, lines: tuple[str, ...]) -> StorageFull:
    named = information(lines[0]).text(0) if prefix_of(lines[0]) else None
    return StorageFull(named.upper() if named else None)


def _registration(_topic: Topic, lines: tuple[str, ...]) -> RegistrationChange:
    change = answers.registration_change(lines[0])
    return RegistrationChange(information(lines[0]).prefix, change)


def _call(_topic: Topic, lines: tuple[str, ...]) -> answers.Call | None:
    found = answers.calls(lines)
    return found[0] if found else None


def _boot(topic: Topic, lines: tuple[str, ...]) -> Started | None:
    return Started(topic is Topic.START) if is_boot(lines[0]) else None


_READ: Final[dict[Topic, Callable[[Topic, tuple[str, ...]], Told | None]]] = {
    Topic.TEXT_STORED: _stored,
    Topic.REPORT_STORED: _stored,
    Topic.BROADCAST_STORED: _stored,
    Topic.TEXT: _direct,
    Topic.REPORT: _direct,
    Topic.BROADCAST: _direct,
    Topic.FULL: _full,
    Topic.USSD: lambda _, lines: answers.ussd(lines),
    Topic.RING: lambda _, lines: answers.ring(lines[0]),
    Topic.CALLER: lambda _, lines: answers.calling(lines[0]),
    Topic.WAITING_CALLER: lambda _, lines: answers.waiting_caller(lines[0]),
    Topic.CALL: _call,
    Topic.CALL_END: lambda _, lines: answers.CallEnd(lines[0]),
    Topic.REGISTRATION: _registration,
    Topic.SIM: lambda _, lines: SimChange(answers.sim_state(lines)),
    Topic.SIGNAL: lambda _, lines: SignalChange(answers.rssi_change(lines[0])),
    Topic.TIME: lambda _, lines: Time(answers.network_time(lines[0])),
    Topic.ZONE: lambda _, lines: Zone(answers.network_zone(lines[0])),
    Topic.INDICATOR: lambda _, lines: answers.indicator_event(lines[0]),
    Topic.START: _boot,
    Topic.BOOT: _boot,
    Topic.FUNCTION: _boot,
}
