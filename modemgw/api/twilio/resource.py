"""A message as that API shows it: counts are strings, dates RFC 2822, statuses its own words."""

from __future__ import annotations

from datetime import datetime
from email.utils import format_datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from modemgw.api.twilio.faults import of_ended
from modemgw.store.sids import message_sid, service_sid

if TYPE_CHECKING:
    from collections.abc import Mapping

VERSION: Final = "2010-04-01"

# Names in `metadata` that only these routes may set.
ACCOUNT: Final = "twilio.account"
STATUS_CALLBACK: Final = "twilio.status_callback"
REPLY: Final = "twilio.reply"

STATUSES: Mapping[str, str] = MappingProxyType(
    {
        "scheduled": "scheduled",
        "queued": "queued",
        "sending": "sending",
        "in_doubt": "sending",
        "sent": "sent",
        "delivered": "delivered",
        "undelivered": "undelivered",
        "failed": "failed",
        "expired": "failed",
        "blocked": "failed",
        "canceled": "canceled",
        "received": "received",
    }
)


def uri_of(account: str, sid: str = "", suffix: str = "") -> str:
    """Where the messages of an account are, or one of them, or something of that."""
    one = f"/{sid}" if sid else ""
    return f"/{VERSION}/Accounts/{account}/Messages{one}{suffix}.json"


def resource(message: Mapping[str, Any], account: str) -> dict[str, Any]:
    """A message, given as `views.message` has it."""
    sid = message_sid(message["id"])
    code = of_ended(message["status"], _code(message))
    return {
        "account_sid": account,
        "api_version": VERSION,
        "body": message["text"],
        "date_created": rfc2822(message["created_at"]),
        "date_sent": rfc2822(message["sent_at"] or message["received_at"]),
        "date_updated": rfc2822(_last(message)),
        "direction": direction(message),
        "error_code": code,
        "error_message": None if code is None else (message["error"] or {}).get("message"),
        "from": message["from"],
        "messaging_service_sid": service_sid(message["pool"]) if message["pool"] else None,
        "num_media": "0",
        "num_segments": str(message["parts"]),
        "price": None,
        "price_unit": None,
        "sid": sid,
        "status": STATUSES[message["status"]],
        "subresource_uris": {"media": uri_of(account, sid, "/Media")},
        "to": message["to"],
        "uri": uri_of(account, sid),
    }


def _code(message: Mapping[str, Any]) -> str | None:
    return None if message["error"] is None else message["error"]["code"]


def direction(message: Mapping[str, Any]) -> str:
    """Who began it."""
    if message["direction"] == "inbound":
        return "inbound"
    return "outbound-reply" if message["metadata"].get(REPLY) else "outbound-api"


def rfc2822(timestamp: str | None) -> str | None:
    """An RFC 3339 time as RFC 2822 §3.3 has it, to the second; None stays None."""
    if timestamp is None:
        return None
    return format_datetime(datetime.fromisoformat(timestamp).replace(microsecond=0))


def _last(message: Mapping[str, Any]) -> str:
    names = ("created_at", "sent_at", "delivered_at", "received_at")
    times: list[str] = [message[name] for name in names if message[name] is not None]
    return max(times)
