"""What is written to standard error: a line an event, no number and no text in the clear."""

from __future__ import annotations

import logging
import re
import sys
from typing import TYPE_CHECKING, Any

import structlog

if TYPE_CHECKING:
    from collections.abc import MutableMapping

_NUMBER = re.compile(r"(?<!\w)\+?\d{8,15}(?!\w)")
_MASKED_KEYS = frozenset({"text", "to", "from", "sender", "recipient", "number", "caller", "pdu"})
_KEPT_KEYS = frozenset({"timestamp", "iccid", "imei", "t", "pid"})


def mask_number(value: str) -> str:
    """A number of which the middle is hidden: `+155…89`; short ones go wholly."""
    if len(value) < 8:
        return "…"
    return f"{value[:4]}…{value[-2:]}"


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
            event[key] = _NUMBER.sub(lambda found: mask_number(found.group()), value)
    return event


def set_up(level: str, form: str) -> None:
    """Write events of this level and above, as JSON or for people."""
    people = form == "console" or (form == "auto" and sys.stderr.isatty())
    renderer: Any = (
        structlog.dev.ConsoleRenderer() if people else structlog.processors.JSONRenderer()
    )
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        *([] if people else [structlog.processors.format_exc_info]),
        mask,
    ]
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # What writes to the standard library's logging goes the same way, masked too.
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("modemgw").setLevel(number)
