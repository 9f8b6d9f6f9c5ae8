"""Values of the codec as what JSON knows, field by field."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import StrEnum


def plain_fields(some_value: object) -> dict[str, object]:
    """The fields of a value by their names; those that are None or say nothing are left out."""
    assert is_dataclass(some_value)
    return {
        field.name: plain_value(content)
        for field in fields(some_value)
        if (content := getattr(some_value, field.name)) is not None and content != b""
    }


def plain_value(content: object) -> object:
    """A value as a dictionary, octets as hex, times as ISO 8601, tuples as lists."""
    match content:
        case bytes():
            return content.hex().upper()
        case StrEnum():
            return content.value
        case datetime():
            return content.isoformat()
        case tuple():
            return [plain_value(item) for item in content]
        case str() | int():
            return content
        case _:
            return plain_fields(content)
