"""The fields of a control request, each read with its type and range."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class ControlError(ValueError):
    """A request that cannot be carried out; its text is the answer's `error`."""


class Fields:
    """One request. Each method raises ControlError naming the field that does not fit."""

    def __init__(self, request: Mapping[str, object]) -> None:
        self._request = request

    def has(self, name: str) -> bool:
        return self._request.get(name) is not None

    def text(self, name: str, default: str | None = None) -> str:
        value = self._request.get(name, default)
        if not isinstance(value, str):
            raise ControlError(f"{name}: a text is needed, not {value!r}")
        return value

    def value(self, name: str) -> object:
        """Whatever it is."""
        return self._request.get(name)

    def mapping(self, name: str) -> Mapping[str, object]:
        value = self._request.get(name)
        if not isinstance(value, dict):
            raise ControlError(f"{name}: an object is needed, not {value!r}")
        return value

    def choice(self, name: str, choices: tuple[str, ...], default: str | None = None) -> str:
        value = self.text(name, default)
        if value not in choices:
            raise ControlError(f"{name}: one of {', '.join(choices)}, not {value!r}")
        return value

    def number(self, name: str, low: float, high: float, default: float | None = None) -> float:
        value = self._request.get(name, default)
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or not low <= value <= high
        ):
            raise ControlError(
                f"{name}: a number from {low:g} to {high:g} is needed, not {value!r}"
            )
        return value

    def integer(self, name: str, low: int, high: int, default: int | None = None) -> int:
        value = self.number(name, low, high, default)
        if not isinstance(value, int):
            raise ControlError(f"{name}: a whole number is needed, not {value!r}")
        return value

    def integers(self, name: str, low: int, high: int) -> list[int]:
        value = self._request.get(name)
        if not isinstance(value, list):
            raise ControlError(f"{name}: a list of numbers is needed, not {value!r}")
        for item in value:
            if isinstance(item, bool) or not isinstance(item, int) or not low <= item <= high:
                raise ControlError(f"{name}: numbers from {low} to {high}, not {item!r}")
        return value
