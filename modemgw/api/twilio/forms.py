"""What a caller sends: a form, read strictly where a slip would send another text than was meant.

Parameters that mean nothing to a SIM bank (`ProvideFeedback`, `MaxPrice`, `Attempt` …) are read
over, as are those that nobody knows; `docs/twilio.md` lists them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from modemgw.api.jsonbody import read_bytes
from modemgw.api.twilio import faults
from modemgw.api.twilio.faults import wrong
from modemgw.api.twilio.resource import ACCOUNT, STATUS_CALLBACK
from modemgw.gateway.requests import SendRequest
from modemgw.store.sids import pool_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from aiohttp import web

FIELDS_LIMIT: Final = 100
LONGEST_VALIDITY_S: Final = 36_000
MOST_MEDIA: Final = 0
_FORM: Final = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Form:
    """A form's parameters; a name may come more than once."""

    values: Mapping[str, tuple[str, ...]]

    @classmethod
    def of_pairs(cls, pairs: Collection[tuple[str, str]]) -> Form:
        """A form of names and values in order."""
        found: dict[str, tuple[str, ...]] = {}
        for name, value in pairs:
            found[name] = (*found.get(name, ()), value)
        return cls(MappingProxyType(found))

    def get(self, name: str) -> str | None:
        """One value; None where there is none. Raises FaultError where there are several."""
        values = self.values.get(name, ())
        if len(values) > 1:
            raise wrong(faults.BAD_PARAMETER, f"{name} stands {len(values)} times")
        return values[0] if values else None

    def flag(self, name: str) -> bool:
        """A truth value; false where it is left out."""
        value = self.get(name)
        if value is None or value.lower() == "false":
            return False
        if value.lower() != "true":
            raise wrong(faults.BAD_PARAMETER, f"{name} is true or false; got {value[:40]!r}")
        return True


async def read_form(request: web.Request, *, limit: int, timeout_s: float) -> Form:
    """The form in a request's body. Raises FaultError, ProblemError (`too-large`, `timeout`)."""
    if request.content_type != _FORM:
        raise wrong(faults.BAD_PARAMETER, f"send a form, as {_FORM}", 415)
    body = await read_bytes(request, limit, timeout_s)
    try:
        pairs = parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            encoding="utf-8",
            errors="strict",
            max_num_fields=FIELDS_LIMIT,
        )
    except ValueError:
        words = f"the form is no UTF-8, or has more than {FIELDS_LIMIT} fields"
        raise wrong(faults.BAD_PARAMETER, words) from None
    return Form.of_pairs(pairs)


def read_message(form: Form, account: str, pools: Collection[str], now: float) -> SendRequest:
    """The text that a form asks for. Raises FaultError."""
    to, from_ = form.get("To"), form.get("From")
    service, body = form.get("MessagingServiceSid"), form.get("Body")
    if not to:
        raise wrong(faults.NO_RECIPIENT, "A 'To' phone number is required.")
    if not from_ and not service:
        words = "A 'From' phone number, or a 'MessagingServiceSid', is required."
        raise wrong(faults.NO_SENDER, words)
    if "MediaUrl" in form.values or form.get("SendAsMms") == "true":
        raise wrong(faults.MEDIA, "MediaUrl: a SIM bank sends texts, no media")
    if "ContentSid" in form.values:
        words = "ContentSid: there are no content templates here; send the text as Body"
        raise wrong(faults.BAD_PARAMETER, words)
    if not body:
        raise wrong(faults.NO_BODY, "Message body is required.")
    callback = form.get("StatusCallback")
    marks = {ACCOUNT: account} | ({STATUS_CALLBACK: callback} if callback else {})
    return SendRequest(
        to=to,
        text=body,
        from_=from_ or None,
        pool=_pool(service, pools) if service else None,
        send_at=_send_at(form, now),
        valid_for_s=_validity(form),
        transliterate=form.flag("SmartEncoded"),
        metadata=MappingProxyType(marks),
    )


def _pool(service: str, pools: Collection[str]) -> str:
    pool = pool_of(service, pools)
    if pool is None:
        words = f"no pool has the MessagingServiceSid {service[:40]!r}; `modemgw twilio` lists them"
        raise wrong(21701, words)
    return pool


def _validity(form: Form) -> float | None:
    raw = form.get("ValidityPeriod")
    if not raw:
        return None
    digits = raw.isascii() and raw.isdigit() and len(raw) <= 9
    if not (digits and 1 <= int(raw) <= LONGEST_VALIDITY_S):
        words = f"ValidityPeriod is 1 to {LONGEST_VALIDITY_S} seconds; got {raw[:40]!r}"
        raise wrong(faults.VALIDITY, words)
    return float(raw)


def _send_at(form: Form, now: float) -> float | None:
    """When to send; None: now. A time that would be ignored is refused instead."""
    how, when = form.get("ScheduleType"), form.get("SendAt")
    if not how and not when:
        return None
    if how != "fixed":
        raise wrong(faults.SCHEDULE_TYPE, "SendAt goes with ScheduleType=fixed, the only type")
    if not when:
        raise wrong(faults.NO_SEND_AT, "ScheduleType=fixed needs SendAt")
    at = read_time(when)
    if at is None or at <= now:
        words = f"SendAt is a time to come, such as 2027-01-31T15:00:00Z; got {when[:40]!r}"
        raise wrong(faults.SEND_AT, words)
    return at


def read_time(raw: str) -> float | None:
    """Seconds of the epoch of a date or time in ISO 8601, UTC where it says nothing; None: no time.

    A + that was not percent-encoded has arrived as a space.
    """
    try:
        found = datetime.fromisoformat(raw.strip().replace(" ", "+"))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None
