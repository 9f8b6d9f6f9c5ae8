"""Query parameters and cursors: read once, strictly, with words for each that is wrong."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, TypeVar

from pydantic import BaseModel

from modemgw.api.jsonbody import validate
from modemgw.api.problems import FieldError, invalid

if TYPE_CHECKING:
    from aiohttp import web

M = TypeVar("M", bound=BaseModel)

_ID = re.compile(r"[a-z]{3}_[0-9a-f]{32}")


def read_query(request: web.Request, model: type[M]) -> M:
    """The query as a model. Raises ProblemError (`invalid`) for unknown and repeated ones, too."""
    values: dict[str, str] = {}
    for name, value in request.query.items():
        if name in values:
            raise invalid(FieldError(name[:200], "this parameter stands twice"))
        if "\0" in value or "\ufffd" in value:
            raise invalid(FieldError(name[:200], "this is no UTF-8 text"))
        values[name] = value
    return validate(model, values, strict=False)


def is_id(value: str, prefix: str) -> bool:
    """Whether this is shaped like one of our identifiers with the prefix."""
    return value.startswith(prefix + "_") and _ID.fullmatch(value) is not None


def encode_cursor(key: str) -> str:
    """A cursor that leads on behind `key`; opaque to callers."""
    return base64.urlsafe_b64encode(key.encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, pattern: str) -> str | None:
    """The key in a cursor; None stays None. Raises ProblemError when it is none of ours."""
    if cursor is None:
        return None
    try:
        key = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        key = ""
    if re.fullmatch(pattern, key) is None:
        raise invalid(FieldError("cursor", "take it from `next` of the page before"))
    return key
