"""A recording in a file: what a flight recorder holds, as JSON lines.

The first line is the heading, each further one an entry: `t`, seconds since the first entry by a
monotonic clock; `dir`, whose bytes they are (`recorder.Direction`); `data`, the bytes as ISO
8859-1, so that JSON escapes what cannot be shown; and, where somebody has noted them, the `events`
that a replay makes of it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Final

from modemgw.modem.errors import ModemError
from modemgw.modem.masking import masked
from modemgw.modem.recorder import Direction, Entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from modemgw.modem.recorder import Recorder

FORMAT: Final = 1
SIZE_LIMIT: Final = 16 * 1024 * 1024
"""The largest file that is read, in octets."""


class RecordingError(ModemError):
    """What was given is no recording. The text names the line."""


@dataclass(frozen=True, slots=True)
class Heading:
    """What a recording is of.

    `began_at` is the time of its first entry, in seconds of the epoch. `masked`: people's numbers
    and texts are not in it. `cut`: older entries are gone, so it begins in the middle.
    """

    began_at: float = 0.0
    masked: bool = True
    cut: bool = False
    maker: str | None = None
    model: str | None = None
    revision: str | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """An entry, and the events that it made when they were noted (see `replay.words`)."""

    entry: Entry
    events: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """A heading and what happened, oldest first."""

    heading: Heading
    moments: tuple[Moment, ...]

    def lines(self) -> Iterator[str]:
        """The file, line by line, without line ends."""
        yield json.dumps({"recording": FORMAT, **asdict(self.heading)})
        began = self.moments[0].entry.at if self.moments else 0.0
        for moment in self.moments:
            yield json.dumps(_as_json(moment, began))


def recording(
    recorder: Recorder, heading: Heading, now: tuple[float, float], *, mask: bool
) -> Recording:
    """What a recorder holds. `now` is the present by the epoch and by the recorder's clock.

    Of `heading` only what says of which modem it is need be filled in.
    """
    entries = list(recorder.entries)
    if mask:
        entries = masked(entries, cut=recorder.dropped)
    epoch, clock = now
    began = epoch - (clock - entries[0].at) if entries else epoch
    full = Heading(began, mask, recorder.dropped, heading.maker, heading.model, heading.revision)
    return Recording(full, tuple(map(Moment, entries)))


def parse(lines: Iterable[str]) -> Recording:
    """The recording in the lines of a file. Raises RecordingError."""
    heading: Heading | None = None
    moments: list[Moment] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            values = json.loads(line)
            if heading is None:
                heading = _heading(values)
            else:
                moments.append(_moment(values))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise RecordingError(f"line {number} is none of a recording: {error}") from None
    if heading is None:
        raise RecordingError("an empty file is no recording")
    return Recording(heading, tuple(moments))


def _heading(values: dict[str, Any]) -> Heading:
    if values.pop("recording") != FORMAT:
        raise ValueError(f"only format {FORMAT} is known here")
    known = {field.name for field in fields(Heading)}
    return Heading(**{name: value for name, value in values.items() if name in known})


def _moment(values: dict[str, Any]) -> Moment:
    events = values.get("events")
    if events is not None and not all(isinstance(event, str) for event in events):
        raise ValueError("`events` are texts")
    data = values.get("data", "").encode("latin-1")
    entry = Entry(float(values["t"]), Direction(values["dir"]), data)
    return Moment(entry, None if events is None else tuple(events))


def _as_json(moment: Moment, began: float) -> dict[str, Any]:
    entry = moment.entry
    values: dict[str, Any] = {"t": round(entry.at - began, 4), "dir": entry.direction.value}
    if entry.data:
        values["data"] = entry.data.decode("latin-1")
    if moment.events is not None:
        values["events"] = list(moment.events)
    return values
