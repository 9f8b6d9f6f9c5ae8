"""Good answers as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Sequence


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def to_json(value: Any) -> bytes:
    """Compact JSON in UTF-8."""
    return _encode(value).encode()


def answer(value: Any, status: int = 200, **headers: str) -> web.Response:
    """An answer that carries JSON."""
    return web.Response(
        body=to_json(value),
        status=status,
        headers={name.replace("_", "-"): text for name, text in headers.items()},
        content_type="application/json",
    )


def encoded(body: bytes) -> web.Response:
    """An answer of JSON that is encoded already."""
    return web.Response(body=body, content_type="application/json")


def page(items: Sequence[Any], following: str | None = None) -> web.Response:
    """One page of a list; `following` leads to the next."""
    return answer({"items": list(items), "next": following})
