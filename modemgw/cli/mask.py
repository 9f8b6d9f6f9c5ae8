"""Numbers and texts on a technician's screen: hidden unless asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_KEPT_IN_FRONT: Final = 4
_KEPT_AT_END: Final = 2
_SHORTEST_MASKED: Final = 7
_NUMBERS: Final = frozenset({"from", "to", "number", "caller", "sender", "recipient"})
_TEXTS: Final = frozenset({"text", "pdu"})


def number(value: str) -> str:
    """A number of which the middle is hidden, `+155…03`; short codes stay as they are."""
    if len(value) < _SHORTEST_MASKED:
        return value
    return f"{value[:_KEPT_IN_FRONT]}…{value[-_KEPT_AT_END:]}"


def text(value: str) -> str:
    """Only how long a text is."""
    return f"[{len(value)} characters]"


def document(value: Any) -> Any:
    """A JSON value with its numbers and texts masked, at any depth."""
    if isinstance(value, Mapping):
        return {key: _field(key, inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [document(inner) for inner in value]
    return value


def _field(key: str, value: Any) -> Any:
    if isinstance(value, str) and key in _NUMBERS:
        return number(value)
    if isinstance(value, str) and key in _TEXTS:
        return text(value)
    return document(value)
