"""Reading a JSON body that may be anything: bounded in size, time and depth, and unambiguous.

What two readers could understand differently is refused: duplicate keys, NaN, numbers too large
for a double, lone surrogates. U+0000 is refused because PostgreSQL cannot keep it. A body that is
compressed is refused, because a few of its bytes can mean an hour of work.
"""

from __future__ import annotations

import asyncio
import json
import math
from typing import TYPE_CHECKING, Any, TypeVar

from aiohttp import web
from pydantic import BaseModel, ValidationError

from modemgw.api.problems import FieldError, invalid, problem_error

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

M = TypeVar("M", bound=BaseModel)

DEEPEST = 16
LONG_BODY = 256 << 10  # from here on it is parsed beside the loop
FIELD_ERRORS_LIMIT = 20
_NAME = "[key]"  # what pydantic adds where the name in an object is at fault, and not its value


async def read_json(request: web.Request, *, limit: int, timeout_s: float) -> Any:
    """The JSON in a request's body; None where there is no body.

    Raises ProblemError: `unsupported-media-type`, `too-large`, `timeout`, `bad-json`, `invalid`.
    """
    if not request.body_exists:
        return None
    kind = request.content_type
    if kind != "application/json" and not (
        kind.startswith("application/") and kind.endswith("+json")
    ):
        raise problem_error(
            "unsupported-media-type", f"the body is {kind}; send it as application/json"
        )
    body = await read_bytes(request, limit, timeout_s)
    value = parse(body) if len(body) < LONG_BODY else await asyncio.to_thread(parse, body)
    if value is None:  # which is no empty body
        raise invalid(FieldError("", "a JSON object is expected"))
    return value


async def read_bytes(request: web.Request, limit: int, timeout_s: float) -> bytes:
    """A request's body, of any kind.

    Raises ProblemError (`too-large`, `timeout`, `unsupported-media-type`, `bad-request`).
    """
    coding = request.headers.get("Content-Encoding", "identity")
    if coding.lower() != "identity":  # RFC 9110 §12.5.3: say which would do
        words = "the body is compressed; send it as it is, without Content-Encoding"
        raise problem_error("unsupported-media-type", words, Accept_Encoding="identity")
    too_large = problem_error("too-large", f"the body has more than {limit} bytes")
    if (request.content_length or 0) > limit:
        raise too_large
    chunks, size = [], 0
    try:
        async with asyncio.timeout(timeout_s):
            async for chunk in request.content.iter_any():
                size += len(chunk)
                if size > limit:
                    raise too_large
                chunks.append(chunk)
    except web.RequestPayloadError:
        words = "the body is not framed as its head says"
        raise problem_error("bad-request", words, Connection="close") from None
    except TimeoutError:
        raise problem_error("timeout", f"the body took longer than {timeout_s:g} s") from None
    return b"".join(chunks)


def parse(body: bytes) -> Any:
    """Strict JSON (RFC 8259, with the limits above). Raises ProblemError (`bad-json`)."""
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_float,
        )
        _check(value, DEEPEST)
    except UnicodeDecodeError as error:
        raise problem_error("bad-json", f"not UTF-8 at byte {error.start}") from None
    except RecursionError:
        raise problem_error("bad-json", f"nested deeper than {DEEPEST} levels") from None
    except ValueError as error:
        raise problem_error("bad-json", str(error)) from None
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise ValueError("a number is too large")
    return value


def _check(value: object, depth: int) -> None:
    if isinstance(value, str):
        _check_string(value)
    elif isinstance(value, dict | list):
        if depth == 0:
            raise ValueError(f"nested deeper than {DEEPEST} levels")
        if isinstance(value, dict):
            for key in value:
                _check_string(key)
            value = list(value.values())
        for item in value:
            _check(item, depth - 1)


def _check_string(value: str) -> None:
    if "\0" in value:
        raise ValueError("a string holds U+0000, which cannot be kept")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("a string holds half of a surrogate pair") from None


def validate(model: type[M], value: Any, *, strict: bool = True) -> M:
    """The value as a model. Raises ProblemError (`invalid`) that names each field at fault."""
    if not isinstance(value, dict):
        words = "a JSON object is expected" if value is not None else "a JSON body is expected"
        raise invalid(FieldError("", words))
    try:
        return model.model_validate(value, strict=strict)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)[:FIELD_ERRORS_LIMIT]
        raise invalid(*(_field_error(fault) for fault in faults)) from None


def _field_error(fault: ErrorDetails) -> FieldError:
    where = ".".join(str(step) for step in fault["loc"] if step != _NAME)
    words = {
        "missing": "this field is required",
        "extra_forbidden": "there is no such field",
    }.get(fault["type"], fault["msg"].removeprefix("Value error, "))
    return FieldError(where[:200], words)
