"""What is written to standard error: a line an event, no number and no text in the clear."""

from __future__ import annotations

import logging
import re
import sys
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from collections.abc import MutableMapping

_NUMBER = re.compile(r"(?<![\w.:-])\+?\d{3}(\d{4,12})(?=\d{2}(?![\w.:-]))")
_MASKED_KEYS = frozenset({"text", "to", "from", "sender", "recipient", "number", "caller", "pdu"})
_KEPT_KEYS = frozenset({"timestamp", "iccid", "imei", "t", "pid"})


def mask_number(value: str) -> str:
    """A number of which the middle is hidden: `+1555…89`; short ones go wholly."""
    if len(value) < 7:
        return "…"
    return f"{value[:5]}…{value[-2:]}"


def mask(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Hide what identifies a person: known keys, and digits that look like a number."""
    for key, value in event.items():
        if not isinstance(value, str) or key in _KEPT_KEYS:
            continue
        if key in _MASKED_KEYS:
            event[key] = mask_number(value)
        else:
            event[key] = _NUMBER.sub(lambda found: mask_number(found.group() + "00")[:-2], value)
    return event


def set_up(level: str, form: str) -> None:
    """Write events of this level and above, as JSON or for people."""
    people = form == "console" or (form == "auto" and sys.stderr.isatty())
    renderer: Any = (
        structlog.dev.ConsoleRenderer() if people else structlog.processors.JSONRenderer()
    )
    processors: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        *([] if people else [structlog.processors.format_exc_info]),
        mask,
        renderer,
    ]
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=max(number, logging.WARNING), stream=sys.stderr)
