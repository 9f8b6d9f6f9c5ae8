"""Where texts lie and how they are announced: `+CPMS`, `+CNMI`, `+CSMS` (27.005 §3.2, §3.4.1)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modemgw.at.answers.lines import first
from modemgw.at.errors import AtError
from modemgw.at.parameters import Information, information

if TYPE_CHECKING:
    from modemgw.at.answers.lines import Lines

_STORAGE = re.compile(r"[A-Za-z0-9_]{1,6}")  # what else came is noise on the line


@dataclass(frozen=True, slots=True)
class StorageChoices:
    """What `+CPMS=?` offers: for reading, writing, receiving.

    `places` is how many storages may be named: two where the modem has none for receiving alone.
    """

    read: Lines
    write: Lines
    receive: Lines
    places: int = 3


@dataclass(frozen=True, slots=True)
class StorageUse:
    """A storage, with its texts and its places; None where the modem does not tell.

    The answer to setting `+CPMS` has no names.
    """

    name: str | None
    used: int | None
    total: int | None

    @property
    def full(self) -> bool:
        """Whether it certainly takes no more texts."""
        return self.used is not None and self.total is not None and self.used >= self.total > 0


@dataclass(frozen=True, slots=True)
class AnnouncementSettings:
    """`+CNMI?`: `<mode>`, `<mt>`, `<bm>`, `<ds>`, `<bfr>`."""

    mode: int
    texts: int
    broadcasts: int
    reports: int
    buffer: int


@dataclass(frozen=True, slots=True)
class MessageService:
    """`+CSMS?`: service 1 has the duty to acknowledge; then what of texts in, texts out and
    broadcasts the modem has. `service` is None in the answer to setting it."""

    service: int | None
    receives: bool
    sends: bool
    broadcasts: bool


@dataclass(frozen=True, slots=True)
class Announcement:
    """Where an announced text or report lies (`+CMTI`, `+CDSI`, `+CBMI`)."""

    storage: str
    index: int


def storage_choices(lines: Lines) -> StorageChoices:
    """`+CPMS=?`. A modem that gives one list means it for all three."""
    line = first(lines, "+CPMS")
    outer = line.parameters[0] if len(line.parameters) == 1 else None
    if isinstance(outer, tuple) and any(isinstance(item, tuple) for item in outer):
        line = Information(line.prefix, outer)  # Wavecom puts a bracket around all three
    lists = _without_brackets(line) or [
        line.options(position) for position in range(min(3, len(line.parameters)))
    ]
    if not lists or not lists[0]:
        raise AtError(f"no storage in the answer {lines[:1]!r}")
    places = 2 if len(lists) == 2 else 3
    while len(lists) < 3:
        lists.append(lists[0])
    read, write, receive = (tuple(name.upper() for name in names) for names in lists)
    return StorageChoices(read, write, receive, places)


def _without_brackets(line: Information) -> list[Lines]:
    """Three lists of the same length that stand in a row: Thuraya leaves the brackets out."""
    names = [value for value in line.parameters if isinstance(value, str)]
    if len(names) != len(line.parameters) or len(names) <= 3 or len(names) % 3:
        return []
    size = len(names) // 3
    return [tuple(names[start : start + size]) for start in range(0, len(names), size)]


def storage_use(lines: Lines) -> tuple[StorageUse, ...]:
    """`+CPMS?` and the answer to setting it: three storages, or as many as the modem has."""
    line = first(lines, "+CPMS")
    if len(line.parameters) % 3 == 0 and line.number(0) is None:
        return tuple(
            StorageUse(line.text(at), line.number(at + 1), line.number(at + 2))
            for at in range(0, len(line.parameters), 3)
        )
    return tuple(
        StorageUse(None, line.number(at), line.number(at + 1))
        for at in range(0, len(line.parameters) - 1, 2)
    )


def announcement_choices(lines: Lines) -> tuple[Lines, ...]:
    """`+CNMI=?`: what each of its values may be."""
    line = first(lines, "+CNMI")
    return tuple(line.options(position) for position in range(len(line.parameters)))


def announcement_settings(lines: Lines) -> AnnouncementSettings:
    """`+CNMI?`; what is left out counts as 0. Raises AtError without `<mode>`."""
    line = first(lines, "+CNMI")
    mode, *others = (line.number(position) for position in range(5))
    if mode is None:
        raise AtError(f"no <mode> in the answer {lines[:1]!r}")
    return AnnouncementSettings(mode, *(value or 0 for value in others))


def message_service(lines: Lines) -> MessageService:
    """`+CSMS?`, and with three values the answer to setting it."""
    line = first(lines, "+CSMS")
    found = [line.number(position) for position in range(len(line.parameters))]
    if len(found) not in (3, 4) or None in found:
        raise AtError(f"not three or four numbers in {lines[:1]!r}")
    service = found.pop(0) if len(found) == 4 else None
    return MessageService(service, *(value == 1 for value in found))


def announced(line: str) -> Announcement:
    """`+CMTI`, `+CDSI` or `+CBMI`. Raises AtError where it names no place."""
    found = information(line)
    storage, index = found.text(0), found.number(1)
    if not is_storage(storage) or index is None or index < 0:
        raise AtError(f"an announcement of nothing: {line[:40]!r}")
    assert storage is not None
    return Announcement(storage.upper(), index)


def is_storage(name: str | None) -> bool:
    """Whether that may be a storage's name, which goes back into commands."""
    return name is not None and _STORAGE.fullmatch(name) is not None
