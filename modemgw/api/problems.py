"""Problem documents (RFC 9457): every kind of refusal, its status, and how it is written down."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from aiohttp import web

from modemgw.api.respond import to_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modemgw.gateway.requests import RateLimitedError, RefusalError

TYPE_BASE = "/problems/"  # relative to the API, which explains each kind there
CONTENT_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of problem: the HTTP status, what it is, and what a caller can do about it."""

    status: int
    title: str
    advice: str


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "bad-request": Kind(400, "The request cannot be read", "Correct it; do not repeat it."),
        "bad-json": Kind(400, "The body is no acceptable JSON", "Send one JSON object in UTF-8."),
        "bad-idempotency-key": Kind(
            400,
            "The Idempotency-Key cannot be used",
            "Send 1 to 255 visible ASCII characters, such as a UUID.",
        ),
        "unauthorized": Kind(
            401, "A key is needed", "Send `Authorization: Bearer KEY` with a key that is in force."
        ),
        "missing-scope": Kind(
            403, "The key lacks a scope", "Use a key with the scope that the answer names."
        ),
        "kind-not-granted": Kind(
            403,
            "The key may not send this kind of text",
            "Name another kind, or use a key that was granted this one.",
        ),
        "in-the-clear": Kind(
            403,
            "The key came without encryption",
            "Ask by https, and rotate the key: others may have read it.",
        ),
        "pool-not-granted": Kind(
            403,
            "The key is bound to other pools",
            "Name a pool that the key is bound to, or use a key that is not bound.",
        ),
        "pool-bound": Kind(
            403,
            "This is not for keys that are bound to pools",
            "It tells or does what concerns all pools; use a key that is not bound.",
        ),
        "not-found": Kind(404, "There is no such thing", "Check the address and the id."),
        "method-not-allowed": Kind(
            405, "The method does not exist here", "The header Allow names those that do."
        ),
        "timeout": Kind(408, "The request did not arrive in time", "Send it again, faster."),
        "not-cancelable": Kind(
            409, "The message can no longer be canceled", "It was sent, or has ended; read it."
        ),
        "already-decided": Kind(
            409, "The review was decided otherwise", "The answer says how, and what to do now."
        ),
        "not-here": Kind(
            409,
            "This daemon does not drive the modem now",
            "The answer says where it was seen.",
        ),
        "in-flight": Kind(
            409,
            "A text to this number is on the air",
            "Nothing was erased; try again soon.",
        ),
        "modem-not-ready": Kind(
            409, "The modem is not ready", "The answer says why; wait, or ask another."
        ),
        "cannot-reset": Kind(
            409, "The modem cannot be reset so now", "The answer says why, and what can be done."
        ),
        "pin-not-asked": Kind(
            409, "The SIM asks for no PIN", "The answer says what the modem is at."
        ),
        "pin-unsafe": Kind(
            409,
            "The PIN was not entered",
            "It could have been the last try before the SIM locks: unlock it by hand.",
        ),
        "pin-refused": Kind(
            422, "The SIM refused the PIN", "Try no other that you are not sure of."
        ),
        "ussd-busy": Kind(
            409, "A USSD session is open at the modem", "Answer it, or end it, or wait for its end."
        ),
        "ussd-no-question": Kind(
            409, "The network has asked nothing", "Answer while `state` is `answer_wanted`."
        ),
        "idempotency-conflict": Kind(
            409,
            "The Idempotency-Key was used for another request",
            "Use a new one for each new request, the same one only to repeat a request.",
        ),
        "configured-webhook": Kind(
            409,
            "The endpoint belongs to the configuration file",
            "Remove it there and restart the daemon.",
        ),
        "too-large": Kind(413, "The body is too large", "Send less at once."),
        "unsupported-media-type": Kind(
            415,
            "The body must be JSON",
            "Send it with `Content-Type: application/json`, and not compressed.",
        ),
        "invalid": Kind(
            422, "The request is not valid", "`errors` names each field and what is expected."
        ),
        "invalid-number": Kind(
            422,
            "The number is none that can be texted",
            "Write it in E.164: +, country code, number.",
        ),
        "empty-text": Kind(422, "The text is empty", "Send at least one visible character."),
        "text-too-long": Kind(422, "The text is too long", "Shorten it, or send several."),
        "invalid-text": Kind(422, "The text cannot be encoded", "Send text that is Unicode."),
        "invalid-time": Kind(422, "The time is out of range", "The answer names the range."),
        "unknown-pool": Kind(422, "There is no such pool", "The answer names those there are."),
        "unknown-line": Kind(422, "There is no such line", "`GET /v1/lines` lists them."),
        "line-retired": Kind(
            422, "The line is retired", "Name another, or put it into service again."
        ),
        "key-revoked": Kind(409, "The key was revoked", "Make another key."),
        "number-taken": Kind(
            409,
            "Another line has this number",
            "Retire that line first, if the number moved to a new SIM.",
        ),
        "no-other-line": Kind(
            409,
            "No other line can be texted",
            "It takes one that is present, active and whose number is known.",
        ),
        "opted-out": Kind(
            422,
            "The recipient has opted out",
            "Do not text them. Only they can opt in again, by START, or by consent that you can "
            "document.",
        ),
        "consent-required": Kind(
            422,
            "The recipient has not consented to such texts",
            "Record their consent with its source and evidence, or do not text them.",
        ),
        "asked-lately": Kind(
            409,
            "They were asked for their consent not long ago",
            "Wait for their YES; nobody is asked again before `gate.double_opt_in.again_after`.",
        ),
        "unknown-scope": Kind(
            422,
            "There is no such pool or brand",
            "`all`, or what the configuration has under `[pools]` and `[[brands]]`.",
        ),
        "destination": Kind(
            422,
            "Texts to this country are not allowed",
            "`gate.destinations` allows countries, or `destinations` of the pool.",
        ),
        "denied": Kind(
            422, "The recipient is on the list of those who are not texted", "See `gate.deny`."
        ),
        "service-number": Kind(
            422,
            "The number is that of a service",
            "Name it in `gate.allow` if it is worth what it costs.",
        ),
        "card-number": Kind(
            422,
            "The text holds the number of a payment card",
            "Leave it out, or give its last four digits alone.",
        ),
        "content": Kind(
            422,
            "The text holds what must not go out",
            "The answer names the pattern, see `gate.content`; leave out what fits it.",
        ),
        "unknown-zone": Kind(
            422, "The recipient's hour cannot be told", "Send with a key that is marked urgent."
        ),
        "no-common-hour": Kind(
            422,
            "No hour of the next week suits all places of this number",
            "Give the recipient's `time_zone`, or widen `gate.outer_window` or `gate.hours`.",
        ),
        "webhook-address": Kind(
            422,
            "The address may not be called",
            "Use a public host, or add it to `api.allowed_hosts`, or configure the endpoint.",
        ),
        "limit-reached": Kind(422, "There are as many as there may be", "Remove some first."),
        "refused": Kind(422, "The gate refuses the text", "The answer says why."),
        "rate-limited": Kind(
            429,
            "The key has sent as many texts as it may",
            "Nothing was taken. Repeat after the seconds in Retry-After.",
        ),
        "too-many-guesses": Kind(
            429,
            "Too many wrong keys came from this address",
            "Use a key that is in force: it is let in at once.",
        ),
        "internal": Kind(
            500, "The daemon made a mistake", "Report the request id; its log has the details."
        ),
        "unavailable": Kind(
            503,
            "The database cannot be used now",
            "Nothing was changed. Repeat after the seconds in Retry-After, with the same "
            "Idempotency-Key.",
        ),
        "overloaded": Kind(
            503,
            "More comes in than can be written",
            "Nothing was changed. Repeat after the seconds in Retry-After.",
        ),
        "too-many-connections": Kind(
            503,
            "Too many connections are open",
            "Nothing was read. Repeat after the seconds in Retry-After; keep fewer open, and use "
            "each for many requests.",
        ),
        "too-many-streams": Kind(
            503, "Too many streams are open", "Close some, or try again later."
        ),
    }
)

RETRY_AFTER_S: Mapping[str, int] = MappingProxyType(
    {"unavailable": 5, "overloaded": 1, "too-many-connections": 5, "too-many-streams": 10}
)


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field of the request; `field` is its path, such as `metadata.a`."""

    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a request was not carried out. `kind` is a key of `KINDS`."""

    kind: str
    detail: str
    errors: Sequence[FieldError] = ()
    headers: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def status(self) -> int:
        """The HTTP status."""
        return KINDS[self.kind].status

    def document(self) -> dict[str, Any]:
        """The members of RFC 9457 §3.1, and `errors`."""
        return {
            "type": TYPE_BASE + self.kind,
            "title": KINDS[self.kind].title,
            "status": self.status,
            "detail": self.detail,
            "errors": [{"field": e.field, "message": e.message} for e in self.errors],
        }

    def response(self) -> web.Response:
        """The answer that carries it."""
        headers = dict(self.headers)
        if self.kind in RETRY_AFTER_S:
            headers["Retry-After"] = str(RETRY_AFTER_S[self.kind])
        return web.Response(
            body=to_json(self.document()),
            status=self.status,
            headers=headers,
            content_type=CONTENT_TYPE,
        )


class ProblemError(Exception):
    """Ends a request with a problem document."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


def problem_error(kind: str, detail: str, **headers: str) -> ProblemError:
    """A problem without fields; underscores in header names become hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ProblemError(Problem(kind, detail, headers=named))


def invalid(*errors: FieldError) -> ProblemError:
    """The request has these faults."""
    detail = "; ".join(f"{error.field}: {error.message}".removeprefix(": ") for error in errors[:3])
    more = len(errors) - 3
    return ProblemError(
        Problem("invalid", f"{detail}; and {more} more" if more > 0 else detail, errors)
    )


def of_refusal(refusal: RefusalError) -> Problem:
    """How a refusal of the gateway looks from outside."""
    errors = [FieldError(refusal.field, refusal.words)] if refusal.field else []
    kind = refusal.kind if refusal.kind in KINDS else "refused"
    return Problem(kind, refusal.words, errors)


def of_rate(error: RateLimitedError) -> Problem:
    """How it looks that a key has sent what it may; whole seconds, and never too early."""
    seconds = math.ceil(max(1.0, error.retry_after_s))
    return Problem("rate-limited", error.words, headers={"Retry-After": str(seconds)})
