"""What applications of accounts are posted: texts that come in, and what became of those sent.

An account is owed its events as an endpoint of ours is, in the same rows, order and retries (see
`pump`); its address there is `twilio:AC…`. Only what is posted differs: a form, signed with the
account's token, to the address that the event itself or the configuration names. What the
application answers to a text is sent to whoever wrote, through the gate as anything else, and once,
however often the event has to be posted.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import aiohttp
import structlog
from yarl import URL

from modemgw.api.auth import demand
from modemgw.api.courier import Receipt
from modemgw.api.problems import ProblemError
from modemgw.api.routing import Scope
from modemgw.api.targets import GuardedResolver, check_host
from modemgw.api.twilio.faults import of_ended
from modemgw.api.twilio.resource import ACCOUNT, REPLY, STATUS_CALLBACK, STATUSES, VERSION
from modemgw.api.twilio.signature import signature
from modemgw.api.twilio.twiml import BYTES_LIMIT, TwimlError, read_twiml
from modemgw.gateway.requests import (
    ConflictError,
    Once,
    RateLimitedError,
    RefusalError,
    SendRequest,
)
from modemgw.store import lines
from modemgw.store.errors import StoreUnavailableError
from modemgw.store.sids import message_sid, service_sid

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modemgw.api.auth import Auth
    from modemgw.api.courier import Destination
    from modemgw.api.settings import ApiSettings
    from modemgw.api.targets import AllowedHosts
    from modemgw.api.twilio.settings import Account, TwilioSettings
    from modemgw.gateway.gateway import Gateway
    from modemgw.gateway.requests import Caller

log = structlog.get_logger(__name__)

SCHEME: Final = "twilio:"
EVENTS: Final = ("message.received", "message.status")
# What a conversation between two machines comes to, at most.
ANSWERS_AN_HOUR: Final = 30
REMEMBERED: Final = 10_000
_HOUR_S: Final = 3_600.0
_OPT_OUT_TYPES: Mapping[str, str] = MappingProxyType(
    {"opt_out": "STOP", "opt_in": "START", "help": "HELP"}
)
_NOTHING_TO_POST: Final = Receipt(204, None)


@dataclass(frozen=True, slots=True)
class _Letter:
    """What is posted where. `trusted`: the address is configured and may be private."""

    url: str
    form: Mapping[str, str]
    trusted: bool
    inbound: bool


class Callbacks:
    """Posts to the applications of accounts."""

    def __init__(
        self,
        gateway: Gateway,
        auth: Auth,
        allowed: AllowedHosts,
        settings: ApiSettings,
        twilio: TwilioSettings,
    ) -> None:
        self._gateway, self._auth, self._allowed = gateway, auth, allowed
        self._timeout_s, self._twilio = settings.webhook_timeout_s, twilio
        self._answers = _Answers()
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def post(self, to: Destination, event_id: str, body: bytes) -> Receipt:
        """Post one event, and send what is answered. Never raises, except for cancellation."""
        event = json.loads(body)
        account = self._twilio.account(to.url.removeprefix(SCHEME))
        letter = None if account is None else _letter(account, event)
        if account is None or letter is None:
            return _NOTHING_TO_POST
        try:
            caller = await self._caller(account)
            if not caller.has_pool(event["data"]["pool"]):
                return _NOTHING_TO_POST
            if letter.inbound and Scope.READ not in caller.scopes:
                return Receipt(204, "not posted: the account's key lacks the scope read")
            async with asyncio.timeout(self._timeout_s):
                status, answer = await self._exchange(account, event_id, letter)
        except TimeoutError:
            return Receipt(None, f"no answer within {self._timeout_s:g} s")
        except (ProblemError, StoreUnavailableError) as error:
            return Receipt(None, f"the account's key: {error}"[:300])
        except (OSError, ValueError, aiohttp.ClientError) as error:
            return Receipt(None, f"{type(error).__name__}: {error}"[:300])
        if not 200 <= status < 300:
            return Receipt(None, f"answered {status}")  # 410, too: it is no endpoint of ours
        if not letter.inbound or answer is None:
            return Receipt(status, None)
        try:
            return Receipt(status, await self._reply(account, event, answer))
        except StoreUnavailableError as error:
            return Receipt(None, f"its answer could not be kept: {error}"[:300])

    def strand(self, kind: str, conversation: str | None, data: Mapping[str, Any]) -> str | None:
        """Its conversation for a text that comes in; a status waits for that of its own message.

        Whoever sends names a StatusCallback: one that fails must hold up nothing else.
        """
        return data.get("id", conversation) if kind == "message.status" else conversation

    async def _exchange(
        self, account: Account, event_id: str, letter: _Letter
    ) -> tuple[int, bytes | None]:
        """The status, and the body where it is XML."""
        url = URL(self._twilio.posted_to(letter.url), encoded=True)
        if not letter.trusted:
            check_host(url, self._allowed)
        headers = {
            "X-Twilio-Signature": signature(account.token, letter.url, letter.form),
            "I-Twilio-Idempotency-Token": event_id,
        }
        session = self._session(trusted=letter.trusted)
        async with session.post(
            url, data=dict(letter.form), headers=headers, allow_redirects=False
        ) as response:
            if not response.content_type.endswith("xml"):
                return response.status, None
            return response.status, await _bounded(response.content)

    def _session(self, *, trusted: bool) -> aiohttp.ClientSession:
        session = self._sessions.get(trusted)
        if session is None:
            resolver = None if trusted else GuardedResolver(self._allowed)
            session = self._sessions[trusted] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(resolver=resolver, limit_per_host=16),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "modemgw", "Accept": "*/*"},
            )
        return session

    async def close(self) -> None:
        """Close all connections."""
        for session in self._sessions.values():
            await session.close()
        self._sessions.clear()

    # -- answers --------------------------------------------------------------------------------

    async def _reply(self, account: Account, event: Mapping[str, Any], answer: bytes) -> str | None:
        """Send what an application answers; what was wrong with that, for the delivery log.

        Raises StoreUnavailableError: the text is posted again, and answered again.
        """
        try:
            found = read_twiml(answer)
        except TwimlError as error:
            log.warning("twiml_refused", account=account.sid, error=str(error))
            return f"TwiML: {error}"[:300]
        fault = await self._unanswerable(event) if found.texts else None
        if fault is None and found.texts:
            fault = await self._send(account, event["id"], event["data"], found.texts)
        if fault is None and found.ignored:
            fault = f"not understood: {', '.join(found.ignored)}"
        if fault is not None:
            log.warning("twiml_not_sent", account=account.sid, reason=fault)
            fault = f"TwiML: {fault}"[:300]
        return fault

    async def _unanswerable(self, event: Mapping[str, Any]) -> str | None:
        """Why nobody may answer this text by machine."""
        text = event["data"]
        sender, kept_s = text["from"], self._gateway.settings.keep_idempotency_s
        came_at = datetime.fromisoformat(event["created_at"]).timestamp()
        if self._gateway.clock() - came_at > kept_s:
            return "the text is so old that nobody knows any more whether it was answered"
        if text["keyword"] in _OPT_OUT_TYPES:
            return "STOP, START and HELP are answered by the gateway alone"
        if sender is None:
            return "the text has no sender"
        if await self._gateway.reader.run(lambda c: lines.line_by_number(c, sender)) is not None:
            return "the sender is a line of this bank: two machines would talk for ever"
        return None

    async def _caller(self, account: Account) -> Caller:
        """Who the account's key is now. Raises ProblemError, StoreUnavailableError."""
        return await self._auth.identify(f"Bearer {account.token}", for_bound=True)

    async def _send(
        self, account: Account, event_id: str, text: Mapping[str, Any], texts: tuple[str, ...]
    ) -> str | None:
        sender = text["from"]
        if not self._answers.may(account.sid, sender, len(texts)):
            return f"more than {ANSWERS_AN_HOUR} answers to one sender within an hour"
        marks = MappingProxyType({ACCOUNT: account.sid, REPLY: message_sid(text["id"])})
        wanted = [
            SendRequest(
                to=sender, text=said, from_=text["line"], kind="conversational", metadata=marks
            )
            for said in texts
        ]
        once = Once(f"twiml:{event_id}", "")  # the first answer stands, if the event comes again
        try:
            caller = await self._caller(account)
            demand(caller, Scope.SEND)
            outcomes = await self._gateway.send(wanted, caller, once)
        except (ProblemError, ConflictError, RateLimitedError) as error:
            return str(error)
        self._answers.count(account.sid, sender, len(texts))
        refused = [outcome for outcome in outcomes if isinstance(outcome, RefusalError)]
        return refused[0].words if refused else None


def _letter(account: Account, event: Mapping[str, Any]) -> _Letter | None:
    """What an event means for an account; None: nothing."""
    text = event["data"]
    if event["type"] == "message.received":
        if account.inbound_url is None or (account.pools and text["pool"] not in account.pools):
            return None
        return _Letter(account.inbound_url, _inbound(account, text), trusted=True, inbound=True)
    if text["metadata"].get(ACCOUNT) != account.sid:
        return None
    own = text["metadata"].get(STATUS_CALLBACK)
    url = own or account.status_url
    if url is None:
        return None
    return _Letter(url, _status(account, text), trusted=own is None, inbound=False)


def _named(account: Account, text: Mapping[str, Any]) -> dict[str, str]:
    """What both kinds of letters have."""
    sid = message_sid(text["id"])
    form = {
        "MessageSid": sid,
        "SmsSid": sid,
        "AccountSid": account.sid,
        "From": text["from"] or "",
        "To": text["to"] or "",
        "ApiVersion": VERSION,
    }
    if text["pool"] and not account.by_number:
        form["MessagingServiceSid"] = service_sid(text["pool"])
    return form


def _inbound(account: Account, text: Mapping[str, Any]) -> dict[str, str]:
    form = _named(account, text) | {
        "SmsMessageSid": message_sid(text["id"]),
        "Body": text["text"],
        "NumSegments": str(text["parts"]),
        "NumMedia": "0",
        "SmsStatus": "received",
    }
    opt_out_type = _OPT_OUT_TYPES.get(text["keyword"] or "")
    return form | ({"OptOutType": opt_out_type} if opt_out_type else {})


def _status(account: Account, text: Mapping[str, Any]) -> dict[str, str]:
    status = STATUSES[text["status"]]
    form = _named(account, text) | {"MessageStatus": status, "SmsStatus": status}
    code = of_ended(text["status"], text["error"]["code"] if text["error"] else None)
    if code is not None:
        form |= {"ErrorCode": str(code)}
        form |= {"ErrorMessage": text["error"]["message"]} if text["error"] else {}
    return form


async def _bounded(content: aiohttp.StreamReader) -> bytes:
    """The body to its end, or as far as shows that it is too long."""
    body = b""
    while len(body) <= BYTES_LIMIT and (piece := await content.read(BYTES_LIMIT + 1 - len(body))):
        body += piece
    return body


class _Answers:
    """How many texts in answer each sender got from each account within the hour."""

    def __init__(self) -> None:
        self._given: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def may(self, account: str, sender: str, more: int) -> bool:
        """Whether so many texts more would not be too many."""
        given = self._given.get((account, sender), deque())
        while given and given[0] < time.monotonic() - _HOUR_S:
            given.popleft()
        return len(given) + more <= ANSWERS_AN_HOUR

    def count(self, account: str, sender: str, more: int) -> None:
        """Remember so many texts more; forget who was answered longest ago where they are many."""
        key = (account, sender)
        self._given.setdefault(key, deque()).extend([time.monotonic()] * more)
        self._given.move_to_end(key)
        if len(self._given) > REMEMBERED:
            self._given.popitem(last=False)
