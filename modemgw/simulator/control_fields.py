"""The fields of a control request or of a scenario's table, each read with its type and range."""

from __future__ import annotations

import json
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST_S: Final = 1000 * 86_400.0
_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?) ?(ms|s|m|h|d)")
_LIST_LIMIT: Final = 10_000

_Item = TypeVar("_Item")


class ControlError(ValueError):
    """A request that cannot be carried out; its text is the answer's `error`."""


class RehearsedError(Exception):
    """All fields of a request were read and fit; nothing was done, as nothing was to be."""


class Fields:
    """One request. Each method raises ControlError naming the field that does not fit.

    `path` stands in front of the names in errors. `strict`: a field that nobody asked for is an
    error. `plain`: values are texts as somebody typed them, and are read as JSON where something
    else is needed. `rehearsal`: `finish` ends the request with RehearsedError, so that nothing
    happens.
    """

    def __init__(
        self,
        request: Mapping[str, object],
        path: str = "",
        *,
        strict: bool = False,
        plain: bool = False,
        rehearsal: bool = False,
    ) -> None:
        self._request = request
        self._path = path
        self._strict = strict
        self._plain = plain
        self._rehearsal = rehearsal
        self._asked = {"cmd"}

    @property
    def request(self) -> Mapping[str, object]:
        """All of it, unread."""
        return self._request

    def finish(self) -> None:
        """All is read: what follows may act. ControlError for a field that was not asked for."""
        strange = sorted(set(self._request) - self._asked) if self._strict else ()
        for name in strange:
            close = get_close_matches(name, self._asked, 1)
            known = sorted(self._asked - {"cmd"})
            hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
            raise self.error(name, f"there is no such field; {hint}")
        if self._rehearsal:
            raise RehearsedError

    def error(self, name: str, problem: str) -> ControlError:
        """What is wrong with a field, for raising."""
        return ControlError(f"{self._path}{name}: {problem}")

    def _get(self, name: str, default: object = None) -> object:
        self._asked.add(name)
        value = self._request.get(name)
        return default if value is None else value

    def _typed(self, name: str, default: object = None) -> object:
        """What is no text, even where it was typed as one."""
        value = self._get(name, default)
        if self._plain and isinstance(value, str):
            try:
                return json.loads(value)
            except ValueError:
                return value
        return value

    def has(self, name: str) -> bool:
        return self._get(name) is not None

    def is_object(self, name: str) -> bool:
        return isinstance(self._typed(name), dict)

    def text(self, name: str, default: str | None = None) -> str:
        value = self._get(name, default)
        if not isinstance(value, str):
            raise self.error(name, f"a text is needed, not {_shown(value)}")
        return value

    def texts(self, name: str) -> list[str]:
        """A text, or a list of them."""
        value = self._get(name)
        if self._plain and isinstance(value, str) and value.startswith("["):
            value = self._typed(name)
        listed = [value] if isinstance(value, str) else value
        if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
            raise self.error(name, f"a text or a list of texts is needed, not {_shown(value)}")
        return self._bounded(name, listed)

    def value(self, name: str) -> object:
        """Whatever it is."""
        return self._typed(name)

    def mapping(self, name: str) -> Mapping[str, object]:
        value = self._typed(name)
        if not isinstance(value, dict):
            raise self.error(name, f"an object is needed, not {_shown(value)}")
        return value

    def object(self, name: str) -> Fields:
        """The fields of an object; what nobody asks for in it is always an error."""
        return Fields(self.mapping(name), f"{self._path}{name}.", strict=True)

    def objects(self, name: str) -> list[Fields]:
        """A list of objects; empty where it is left out."""
        value = self._typed(name, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.error(name, f"a list of objects is needed, not {_shown(value)}")
        return [
            Fields(item, f"{self._path}{name}[{at}].", strict=True)
            for at, item in enumerate(self._bounded(name, value))
        ]

    def choice(self, name: str, choices: tuple[str, ...], default: str | None = None) -> str:
        value = self.text(name, default)
        if value not in choices:
            raise self.error(name, f"one of {', '.join(choices)}, not {_shown(value)}")
        return value

    def one_of(self, *names: str) -> str:
        """The one field of these that is there."""
        there = [name for name in names if self.has(name)]
        if len(there) != 1:
            raise ControlError(f"{self._path.rstrip('.')}: exactly one of {', '.join(names)}")
        return there[0]

    def flag(self, name: str, default: bool) -> bool:
        value = self._typed(name, default)
        if not isinstance(value, bool):
            raise self.error(name, f"true or false, not {_shown(value)}")
        return value

    def number(self, name: str, low: float, high: float, default: float | None = None) -> float:
        value = self._typed(name, default)
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not low <= value <= high
        ):
            raise self.error(
                name, f"a number from {low:g} to {high:g} is needed, not {_shown(value)}"
            )
        return value

    def integer(self, name: str, low: int, high: int, default: int | None = None) -> int:
        value = self.number(name, low, high, default)
        if not isinstance(value, int):
            raise self.error(name, f"a whole number is needed, not {_shown(value)}")
        return value

    def integers(self, name: str, low: int, high: int) -> list[int]:
        value = self._typed(name)
        if not isinstance(value, list):
            raise self.error(name, f"a list of numbers is needed, not {_shown(value)}")
        for item in value:
            if isinstance(item, bool) or not isinstance(item, int) or not low <= item <= high:
                raise self.error(name, f"numbers from {low} to {high}, not {_shown(item)}")
        return self._bounded(name, value)

    def seconds(self, name: str, default: float | None = None) -> float:
        """A duration: a number of seconds, or a text such as 50ms, 2.5s, 3m, 1h, 2d."""
        if default is not None and not self.has(name):
            return default
        value = self._typed(name)
        found = _seconds(value)
        if found is None:
            raise self.error(
                name, f"seconds or a duration such as 50ms, 2.5s, 3m is needed, not {_shown(value)}"
            )
        return found

    def span(self, name: str) -> tuple[float, float]:
        """Two durations, the lesser in front."""
        value = self._typed(name)
        ends = [_seconds(item) for item in value] if isinstance(value, list) else []
        if len(ends) != 2 or ends[0] is None or ends[1] is None or ends[0] > ends[1]:
            raise self.error(name, f"two durations, the lesser first, not {_shown(value)}")
        return ends[0], ends[1]

    def _bounded(self, name: str, value: list[_Item]) -> list[_Item]:
        if len(value) > _LIST_LIMIT:
            raise self.error(name, f"{_LIST_LIMIT} at most, not {len(value)}")
        return value


def _seconds(value: object) -> float | None:
    if isinstance(value, str) and (match := _DURATION.fullmatch(value.strip())):
        value = float(match[1]) * _UNITS[match[2]]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value <= _LONGEST_S else None


def _shown(value: object) -> str:
    shown = "nothing" if value is None else repr(value)
    return shown if len(shown) <= 80 else f"{shown[:80]}…"
