"""Kinds of fields that requests share: times, metadata, limits, the words of events."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Annotated, Literal, TypeAlias, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, WithJsonSchema

_RFC3339 = re.compile(
    r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII
)
_METADATA_KEYS = 50
_METADATA_BYTES = 8_192
_RESERVED = "twilio."  # of texts that were sent by its routes


def parse_timestamp(value: object) -> float:
    """Seconds of the epoch of an RFC 3339 time. Raises ValueError."""
    if not isinstance(value, str) or _RFC3339.fullmatch(value) is None:
        raise ValueError("write a time with its offset, such as 2026-01-31T08:00:00Z (RFC 3339)")
    text = re.sub(r"(\.\d{6})\d+", r"\1", value.upper())
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError as error:
        raise ValueError(f"this is no time: {error}") from None


def _known_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError('a time zone is a name such as "Europe/Berlin"') from None
    return value


def _small(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if len(value) > _METADATA_KEYS:
        raise ValueError(f"{_METADATA_KEYS} keys are allowed")
    if any(name.startswith(_RESERVED) for name in value):
        raise ValueError(f"names that begin with {_RESERVED!r} are not yours to set")
    if len(json.dumps(value, ensure_ascii=False).encode()) > _METADATA_BYTES:
        raise ValueError(f"{_METADATA_BYTES} bytes of JSON are allowed")
    return value


Timestamp: TypeAlias = Annotated[
    float,
    BeforeValidator(parse_timestamp),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
Metadata: TypeAlias = Annotated[
    dict[str, JsonValue],
    AfterValidator(_small),
    Field(max_length=_METADATA_KEYS, description="Yours; at most 8 KiB of JSON."),
]
TimeZone: TypeAlias = Annotated[
    str, Field(min_length=1, max_length=64), AfterValidator(_known_zone)
]
MetadataName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$")]
Number: TypeAlias = Annotated[str, Field(min_length=1, max_length=64)]
Limit: TypeAlias = Annotated[int, Field(ge=1, le=1_000, description="Items a page.")]
Cursor: TypeAlias = Annotated[str, Field(max_length=200, description="`next` of the page before.")]
Kind: TypeAlias = Literal["conversational", "transactional", "marketing"]

EventType: TypeAlias = Literal[
    "message.received",
    "message.status",
    "optout.created",
    "optout.removed",
    "review.opened",
    "review.decided",
    "consent.given",
    "consent.requested",
    "consent.withdrawn",
    "modem.state",
    "line.state",
    "call.received",
    "ussd.received",
    "alert.raised",
    "alert.cleared",
    "audit.head",
    "person.erased",
]
EVENT_TYPES: tuple[str, ...] = get_args(EventType)
EventChoice: TypeAlias = Literal[EventType, "*"]
