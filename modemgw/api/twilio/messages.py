"""The routes: create, list, fetch, cancel, redact, delete."""

from __future__ import annotations

import base64
import binascii
import math
import re
from dataclasses import dataclass, replace
from functools import wraps
from typing import TYPE_CHECKING, Final, TypeAlias
from urllib.parse import urlencode

from aiohttp import web

from modemgw.api.clients import CLIENT
from modemgw.api.messages import once_of
from modemgw.api.problems import ProblemError, problem_error
from modemgw.api.respond import answer
from modemgw.api.routing import CALLER, Scope
from modemgw.api.targets import ForbiddenTargetError, check_url
from modemgw.api.twilio import faults
from modemgw.api.twilio.faults import FaultError, of_problem, of_refusal, wrong
from modemgw.api.twilio.forms import Form, read_form, read_message, read_time
from modemgw.api.twilio.resource import STATUS_CALLBACK, resource, uri_of
from modemgw.gateway import views
from modemgw.gateway.requests import ConflictError, RateLimitedError, RefusalError
from modemgw.store import messages
from modemgw.store.errors import StoreUnavailableError
from modemgw.store.messages import Filter
from modemgw.store.sids import account_sid, message_id, message_sid

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from modemgw.api.auth import Auth
    from modemgw.api.settings import ApiSettings
    from modemgw.api.targets import AllowedHosts
    from modemgw.gateway.gateway import Gateway
    from modemgw.gateway.requests import Caller
    from modemgw.store.prepared import Record

Handler: TypeAlias = "Callable[[web.Request], Awaitable[web.StreamResponse]]"

BASE: Final = "/2010-04-01/Accounts/{account}"
PAGE_SIZE: Final = 50
LARGEST_PAGE: Final = 1_000
LONGEST_CALLBACK: Final = 2_048
_DAY_S: Final = 86_400.0
_WRITTEN_URL = re.compile(r"[!-~]+")  # it is posted to, and signed, to the letter
_TOKEN = re.compile(r"PA([0-9a-f]{32})")
_RETRY_AFTER_S: Final = "5"


@dataclass(frozen=True, slots=True)
class _Page:
    """Which page of a list is asked for."""

    size: int
    number: int
    before: str | None  # the message behind which it begins


class TwilioMessages:
    """`/2010-04-01/Accounts/{AccountSid}/Messages`."""

    def __init__(
        self,
        gateway: Gateway,
        auth: Auth,
        allowed: AllowedHosts,
        settings: ApiSettings,
    ) -> None:
        self._gateway, self._auth, self._allowed = gateway, auth, allowed
        self._settings, self._twilio = settings, settings.twilio

    def routes(self) -> tuple[tuple[str, str, Handler], ...]:
        """Method, path and handler of each."""
        many, one = f"{BASE}/Messages.json", f"{BASE}/Messages/{{sid}}.json"
        guarded = self._guarded
        return (
            ("GET", f"{BASE}.json", guarded(None, self.account)),
            ("POST", many, guarded(Scope.SEND, self.create)),
            ("GET", many, guarded(Scope.READ, self.list_page)),
            ("GET", one, guarded(Scope.READ, self.fetch)),
            ("POST", one, guarded(Scope.SEND, self.update)),
            ("DELETE", one, guarded(Scope.SEND, self.delete)),
            ("GET", f"{BASE}/Messages/{{sid}}/Media.json", guarded(Scope.READ, self.media)),
        )

    # -- the door -------------------------------------------------------------------------------

    def _guarded(self, scope: Scope | None, handler: Handler) -> Handler:
        """The handler behind basic auth; whatever goes wrong is told in that API's way."""

        @wraps(handler)
        async def guarded(request: web.Request) -> web.StreamResponse:
            try:
                request[CALLER] = await self._enter(request, scope)
                return await handler(request)
            except FaultError as error:
                return error.fault.response()
            except RefusalError as refusal:
                return of_refusal(refusal).response()
            except ProblemError as error:
                fault = of_problem(error.problem)
                return fault.response(**_kept_headers(error.problem.response()))
            except RateLimitedError as limited:
                fault = faults.Fault(429, faults.TOO_MANY, limited.words)
                return fault.response(Retry_After=str(math.ceil(limited.retry_after_s)))
            except ConflictError:
                words = "this Idempotency-Key came with another request before; use a new one"
                return wrong(faults.BAD_PARAMETER, words, 409).fault.response()
            except StoreUnavailableError:
                words = "The database cannot be used now; nothing was changed."
                fault = faults.Fault(503, faults.UNAVAILABLE, words)
                return fault.response(Retry_After=_RETRY_AFTER_S)

        return guarded

    async def _enter(self, request: web.Request, scope: Scope | None) -> Caller:
        """Who asks: the account as user, its token as password."""
        user, token = _basic(request.headers.get("Authorization"))
        if request[CLIENT].clear and not self._settings.allow_anywhere:
            raise problem_error("in-the-clear", "the proxy says that this came without TLS")
        caller = await self._auth.identify(
            f"Bearer {token}", for_bound=True, client=request[CLIENT]
        )
        sid = account_sid(caller.key_id)
        if user != sid:
            words = f"the user is no account of this token; `modemgw twilio` tells which is ({sid})"
            raise wrong(faults.AUTHENTICATION, words, 401)
        if request.match_info["account"] != sid:
            raise wrong(faults.NOT_FOUND, "The requested resource was not found", 404)
        if scope is not None and scope not in caller.scopes:
            raise wrong(faults.AUTHENTICATION, f"the key lacks the scope {scope}", 403)
        return caller

    # -- sending --------------------------------------------------------------------------------

    async def create(self, request: web.Request) -> web.Response:
        """Take one text."""
        form = await self._form(request)
        account = request.match_info["account"]
        wanted = read_message(form, account, self._gateway.settings.pools, self._gateway.clock())
        callback = wanted.metadata.get(STATUS_CALLBACK)
        if callback is not None:
            self._check_callback(account, callback)
        once = once_of(request, {name: list(values) for name, values in form.values.items()})
        (outcome,) = await self._gateway.send([wanted], request[CALLER], once)
        if isinstance(outcome, RefusalError):
            raise outcome
        return answer(resource(outcome, account), 201)

    def _check_callback(self, account: str, callback: str) -> None:
        if self._twilio.account(account) is None:
            words = (
                "StatusCallback: callbacks are signed with the account's token, which the daemon "
                "must know: name it in [[twilio.accounts]]"
            )
            raise wrong(faults.STATUS_CALLBACK, words)
        if len(callback) > LONGEST_CALLBACK:
            words = f"StatusCallback: it has more than {LONGEST_CALLBACK} characters"
            raise wrong(faults.STATUS_CALLBACK, words)
        if _WRITTEN_URL.fullmatch(callback) is None:
            words = "StatusCallback: percent-encode what is no printable ASCII, and spaces"
            raise wrong(faults.STATUS_CALLBACK, words)
        try:
            check_url(self._twilio.posted_to(callback), self._allowed)
        except (ForbiddenTargetError, ValueError) as error:
            raise wrong(faults.STATUS_CALLBACK, f"StatusCallback: {error}") from None

    # -- reading --------------------------------------------------------------------------------

    async def list_page(self, request: web.Request) -> web.Response:
        """One page, the newest first."""
        account, query = request.match_info["account"], Form.of_pairs(list(request.query.items()))
        wanted, page = self._filter(query, request[CALLER]), _page(query)
        rows = await self._gateway.reader.run(
            lambda c: messages.find(c, wanted, before=page.before, limit=page.size + 1)
        )
        shown = [resource(views.message(row), account) for row in rows[: page.size]]
        following = replace(page, number=page.number + 1) if len(rows) > page.size else None
        last = rows[page.size - 1].id if following else None
        first_at = page.number * page.size
        body = {
            "messages": shown,
            "page": page.number,
            "page_size": page.size,
            "start": first_at,
            "end": first_at + max(len(shown) - 1, 0),
            "uri": request.path_qs,
            "first_page_uri": _page_uri(account, query, replace(page, number=0), None),
            "next_page_uri": _page_uri(account, query, following, last) if following else None,
            "previous_page_uri": None,
        }
        return answer(body)

    def _filter(self, query: Form, caller: Caller) -> Filter:
        to, from_ = query.get("To"), query.get("From")
        begins, ends = _time(query, "DateSent>"), _time(query, "DateSent<")
        day = _time(query, "DateSent")
        if day is not None:
            begins = day - day % _DAY_S
            ends = begins + _DAY_S
        return Filter(
            recipient=self._gateway.read_number(to, "to") if to else None,
            sender=self._gateway.read_number(from_, "from") if from_ else None,
            created_after=None if begins is None else begins - 0.001,
            created_before=ends,
            pools=caller.pools,
        )

    async def fetch(self, request: web.Request) -> web.Response:
        """One message."""
        row = await self._find(request)
        return answer(resource(views.message(row), request.match_info["account"]))

    async def _find(self, request: web.Request) -> Record:
        found = message_id(request.match_info["sid"])
        row = None
        if found is not None:
            row = await self._gateway.reader.run(lambda c: messages.get(c, found))
        if row is None or not request[CALLER].has_pool(row.pool):
            raise _not_found(request.path)
        return row

    async def media(self, request: web.Request) -> web.Response:
        """The media of a message: texts have none."""
        row = await self._find(request)
        account = request.match_info["account"]
        uri = uri_of(account, message_sid(row.id), "/Media")
        size = {"page": 0, "page_size": PAGE_SIZE, "start": 0, "end": 0}
        uris = {"uri": uri, "first_page_uri": uri, "next_page_uri": None, "previous_page_uri": None}
        return answer({"media_list": [], **size, **uris})

    async def account(self, request: web.Request) -> web.Response:
        """The account itself, which tools fetch to see whether their credentials hold."""
        sid = request.match_info["account"]
        return answer(
            {
                "sid": sid,
                "owner_account_sid": sid,
                "friendly_name": "modemgw",
                "status": "active",
                "type": "Full",
                "uri": f"/2010-04-01/Accounts/{sid}.json",
                "subresource_uris": {"messages": uri_of(sid)},
            }
        )

    # -- changing -------------------------------------------------------------------------------

    async def update(self, request: web.Request) -> web.Response:
        """Cancel a message (`Status=canceled`), or blank its text (an empty `Body`)."""
        form, row = await self._form(request), await self._find(request)
        status, body = form.get("Status"), form.get("Body")
        if status is None and body is None:
            raise wrong(faults.BAD_PARAMETER, "name Status=canceled, or an empty Body")
        if status is not None and status != "canceled":
            raise wrong(faults.BAD_PARAMETER, f"Status can become canceled; got {status[:40]!r}")
        if body:
            raise wrong(faults.BAD_PARAMETER, "Body can become empty, nothing else")
        if status is not None:
            await self._cancel(row.id, request[CALLER])
        if body is not None:
            await self._remove(request, row, redact=True)
        row = await self._find(request)
        return answer(resource(views.message(row), request.match_info["account"]))

    async def _cancel(self, message_id: str, caller: Caller) -> None:
        try:
            await self._gateway.cancel(message_id, caller)
        except RefusalError as refusal:
            if refusal.kind != "not-cancelable":
                raise
            raise wrong(faults.NOT_CANCELABLE, refusal.words, 409) from None

    async def delete(self, request: web.Request) -> web.Response:
        """Forget a message that has ended."""
        await self._remove(request, await self._find(request), redact=False)
        return web.Response(status=204)

    async def _remove(self, request: web.Request, row: Record, *, redact: bool) -> None:
        """A key may take out what it sent; what others sent, or was sent to us, takes `admin`."""
        caller, removals = request[CALLER], self._gateway.removals
        if row.key_id != caller.key_id and Scope.ADMIN not in caller.scopes:
            words = "the message is not this key's own: that takes the scope admin"
            raise wrong(faults.AUTHENTICATION, words, 403)
        try:
            await (removals.blank if redact else removals.delete)(row, caller.key_id)
        except RefusalError as refusal:
            if refusal.kind != "in-progress":
                raise
            raise wrong(faults.IN_PROGRESS, refusal.words, 409) from None

    async def _form(self, request: web.Request) -> Form:
        settings = self._settings
        return await read_form(
            request, limit=settings.body_limit, timeout_s=settings.body_timeout_s
        )


def _basic(authorization: str | None) -> tuple[str, str]:
    """User and password of basic auth (RFC 7617). Raises FaultError."""
    scheme, _, encoded = (authorization or "").partition(" ")
    try:
        plain = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError):
        plain = ""
    user, colon, password = plain.partition(":")
    if scheme.lower() != "basic" or not colon:
        words = "use basic auth, with the AccountSid as user and the AuthToken as password"
        raise wrong(faults.AUTHENTICATION, words, 401)
    return user, password


def _kept_headers(response: web.Response) -> dict[str, str]:
    names = ("Retry-After", "RateLimit", "RateLimit-Policy", "Allow")
    return {name: response.headers[name] for name in names if name in response.headers}


def _not_found(path: str) -> FaultError:
    return wrong(faults.NOT_FOUND, f"The requested resource {path} was not found", 404)


def _time(query: Form, name: str) -> float | None:
    raw = query.get(name)
    if not raw:
        return None
    at = read_time(raw)
    if at is None:
        raise wrong(faults.BAD_PARAMETER, f"{name} is a date or time in ISO 8601; got {raw[:40]!r}")
    return at


def _page(query: Form) -> _Page:
    token = query.get("PageToken")
    found = _TOKEN.fullmatch(token) if token else None
    if token and found is None:
        raise wrong(faults.BAD_PARAMETER, "take PageToken from next_page_uri of the page before")
    size = _count(query, "PageSize", PAGE_SIZE, least=1)
    before = None if found is None else f"msg_{found[1]}"
    return _Page(min(size, LARGEST_PAGE), _count(query, "Page", 0, least=0), before)


def _count(query: Form, name: str, default: int, *, least: int) -> int:
    raw = query.get(name)
    if not raw:
        return default
    if not (raw.isascii() and raw.isdigit() and len(raw) <= 9 and int(raw) >= least):
        raise wrong(faults.BAD_PARAMETER, f"{name} is a number from {least} on; got {raw[:40]!r}")
    return int(raw)


def _page_uri(account: str, query: Form, page: _Page, last: str | None) -> str:
    """Where a page is: the same filters, and where it begins."""
    own = ("Page", "PageSize", "PageToken")
    kept = [(name, v) for name, values in query.values.items() if name not in own for v in values]
    place = [("PageSize", str(page.size)), ("Page", str(page.number))]
    if last is not None:
        place.append(("PageToken", "PA" + last.rpartition("_")[2]))
    return f"{uri_of(account)}?{urlencode([*kept, *place])}"
