"""Errors as that API tells them: a number that programs know, words, and where to read more."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from modemgw.api.respond import to_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modemgw.api.problems import Problem
    from modemgw.gateway.requests import RefusalError

MORE_INFO: Final = "https://www.twilio.com/docs/errors/"

AUTHENTICATION: Final = 20003
NOT_FOUND: Final = 20404
TOO_MANY: Final = 20429
INTERNAL: Final = 20500
UNAVAILABLE: Final = 20503
BAD_PARAMETER: Final = 20001
IN_PROGRESS: Final = 20009
NOT_CANCELABLE: Final = 30409
NO_BODY: Final = 21602
NO_SENDER: Final = 21603
NO_RECIPIENT: Final = 21604
STATUS_CALLBACK: Final = 21609
OPTED_OUT: Final = 21610
BODY_TOO_LONG: Final = 21617
MEDIA: Final = 21623
VALIDITY: Final = 21624
FILTERED: Final = 30007
NO_SEND_AT: Final = 35111
SEND_AT: Final = 35114
SCHEDULE_TYPE: Final = 35126

_UNKNOWN: Final = 30008
_UNREACHABLE: Final = 30003
_NO_SUBSCRIBER: Final = 30005
_LANDLINE: Final = 30006

# Why the gateway takes no text, by the kind of its refusal.
_REFUSED: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "opted-out": (400, OPTED_OUT),
        "held": (400, OPTED_OUT),
        "unknown-line": (400, 21606),
        "line-retired": (400, 21606),
        "unknown-pool": (400, 21701),
        "pool-not-granted": (400, 21701),
        "not-found": (404, NOT_FOUND),
        "empty-text": (400, NO_BODY),
        "text-too-long": (400, BODY_TOO_LONG),
        "invalid-text": (400, NO_BODY),
        "destination": (400, 21408),
        "service-number": (400, 21614),
        "kind-not-granted": (403, AUTHENTICATION),
        "invalid-time": (400, SEND_AT),
        "idempotency-conflict": (409, BAD_PARAMETER),
    }
)
_INVALID_NUMBER: Mapping[str, int] = MappingProxyType({"to": 21211, "from": 21212})

# What is told by HTTP alone.
_BY_STATUS: Mapping[int, int] = MappingProxyType(
    {
        401: AUTHENTICATION,
        403: AUTHENTICATION,
        404: NOT_FOUND,
        405: 20004,
        429: TOO_MANY,
        500: INTERNAL,
        503: UNAVAILABLE,
    }
)

# Why a message ended badly, by our code; `causes` tells those of a refused part.
_ENDED: Mapping[str, int] = MappingProxyType(
    {
        "opted_out": OPTED_OUT,
        "held": OPTED_OUT,
        "unknown_recipient": _NO_SUBSCRIBER,
        "recipient_barred": _LANDLINE,
        "recipient_unreachable": _UNREACHABLE,
        "undelivered": _UNREACHABLE,
        "rejected": FILTERED,
    }
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One error: HTTP status, number, words."""

    status: int
    code: int
    words: str

    def response(self, **headers: str) -> web.Response:
        """The answer that carries it."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.status == 401:
            named["WWW-Authenticate"] = 'Basic realm="modemgw"'
        return web.Response(
            body=to_json(self.document()),
            status=self.status,
            headers=named,
            content_type="application/json",
        )

    def document(self) -> dict[str, Any]:
        """Its JSON."""
        return {
            "code": self.code,
            "message": self.words,
            "more_info": f"{MORE_INFO}{self.code}",
            "status": self.status,
        }


class FaultError(Exception):
    """Ends a request with a fault."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.words)
        self.fault = fault


def wrong(code: int, words: str, status: int = 400) -> FaultError:
    """A request that cannot be carried out."""
    return FaultError(Fault(status, code, words))


def of_refusal(refusal: RefusalError) -> Fault:
    """How a refusal of the gateway looks here; a rule of the gate without a number filters."""
    if refusal.kind == "invalid-number":
        return Fault(400, _INVALID_NUMBER.get(refusal.field or "to", 21211), refusal.words)
    if refusal.kind == "invalid-time" and refusal.field == "valid_for":
        return Fault(400, VALIDITY, refusal.words)
    status, code = _REFUSED.get(refusal.kind, (400, FILTERED))
    return Fault(status, code, refusal.words)


def of_problem(problem: Problem) -> Fault:
    """How a problem of the API looks here."""
    code = _BY_STATUS.get(problem.status, BAD_PARAMETER)
    return Fault(problem.status, code, problem.detail)


def of_ended(status: str, code: str | None) -> int | None:
    """The number for a message that ended so; None where it ended well or has not ended."""
    if status == "blocked":
        return _ENDED.get(code or "", FILTERED)
    if status in ("failed", "undelivered", "expired"):
        return _ENDED.get(code or "", _UNKNOWN)
    return None
