"""Messages: send one or many, list, read, cancel."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections import Counter
from dataclasses import asdict, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from modemgw.api import answers
from modemgw.api.jsonbody import read_json, validate
from modemgw.api.problems import (
    FieldError,
    Problem,
    ProblemError,
    invalid,
    of_rate,
    of_refusal,
    problem_error,
)
from modemgw.api.queries import decode_cursor, encode_cursor, is_id, read_query
from modemgw.api.respond import answer, encoded, page, to_json
from modemgw.api.routing import CALLER, Answer, Route, Scope
from modemgw.api.schemas import (
    CancelWaiting,
    MessagesQuery,
    NoQuery,
    RawBatch,
    SendBatch,
    SendMessage,
)
from modemgw.gateway import views
from modemgw.gateway.outlook import waiting_parts
from modemgw.gateway.requests import Once, RateLimitedError, RefusalError, SendRequest
from modemgw.ids import new_id
from modemgw.store import attempts, messages, reviews
from modemgw.store.errors import StoreUnavailableError
from modemgw.store.messages import Filter
from modemgw.store.waiting import Wanted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from aiohttp import web
    from sqlalchemy import Connection

    from modemgw.api.settings import ApiSettings
    from modemgw.gateway.gateway import Gateway
    from modemgw.gateway.requests import Caller
    from modemgw.store.prepared import Record

CHUNK = 25  # texts of a batch that share one operation of the writer, so that it stays quick
DIGESTED_AT_ONCE = 500
LONGEST_TOKEN = 255

GATE_PROBLEMS = (
    "invalid",
    "invalid-number",
    "empty-text",
    "text-too-long",
    "invalid-time",
    "unknown-pool",
    "unknown-line",
    "line-retired",
    "kind-not-granted",
    "pool-not-granted",
    "opted-out",
    "consent-required",
    "destination",
)
TAG = "messages"


class Messages:
    """The resource `/v1/messages`."""

    def __init__(self, gateway: Gateway, settings: ApiSettings) -> None:
        self._gateway, self._settings = gateway, settings

    def routes(self) -> tuple[Route, ...]:
        """What is served here."""
        return (
            Route(
                "POST",
                "/v1/messages",
                self.send,
                Scope.SEND,
                "Send a text",
                Answer(201, answers.Message, description="It is written and will be sent."),
                TAG,
                description="The answer comes after the commit: from then on the text is "
                "accounted for through any crash.",
                body=SendMessage,
                idempotent_by_key=True,
                problems=GATE_PROBLEMS,
                for_bound=True,
                counted=True,
                examples=EXAMPLES,
            ),
            Route(
                "POST",
                "/v1/messages/batch",
                self.send_batch,
                Scope.SEND,
                "Send many texts",
                Answer(200, answers.BatchOutcome, description="An outcome for each, in order."),
                TAG,
                description=f"At most {self._settings.batch_limit} texts. Each is taken or "
                "refused by itself. Repeat with the same Idempotency-Key after an error: what "
                "was taken stays, the rest is tried.",
                body=SendBatch,
                idempotent_by_key=True,
                problems=("invalid",),
                for_bound=True,
                counted=True,
                examples={"two": {"messages": list(EXAMPLES.values())}},
            ),
            Route(
                "POST",
                "/v1/messages/cancel",
                self.cancel_waiting,
                Scope.SEND,
                "Cancel all texts that wait and fit a description",
                Answer(200, answers.Canceled),
                TAG,
                description="Only what is scheduled or queued and of which no part has begun. From "
                "now on nothing begins that fits. Of a key without the scope `admin` it cancels "
                "its own texts. Each has its event.",
                body=CancelWaiting,
                problems=("invalid", "invalid-number"),
                for_bound=True,
                examples={
                    "a campaign": {"kind": "marketing", "metadata": {"campaign": "winter"}},
                    "a pool": {"pool": "sales", "priority_below": 8},
                },
            ),
            Route(
                "GET",
                "/v1/messages",
                self.list_page,
                Scope.READ,
                "List messages, the newest first",
                Answer(200, answers.MessagePage),
                TAG,
                query=MessagesQuery,
                problems=("invalid", "invalid-number"),
                for_bound=True,
            ),
            Route(
                "GET",
                "/v1/messages/{id}",
                self.read,
                Scope.READ,
                "Read a message and its parts",
                Answer(200, answers.MessageDetail),
                TAG,
                query=NoQuery,
                problems=("not-found",),
                for_bound=True,
            ),
            Route(
                "POST",
                "/v1/messages/{id}/cancel",
                self.cancel,
                Scope.SEND,
                "Cancel a message of which nothing was sent",
                Answer(200, answers.Message, description="It is canceled, now or before."),
                TAG,
                problems=("not-found", "not-cancelable"),
                for_bound=True,
            ),
        )

    # -- sending --------------------------------------------------------------------------------

    async def send(self, request: web.Request) -> web.Response:
        """Take one text."""
        raw = await read_json(
            request, limit=self._settings.body_limit, timeout_s=self._settings.body_timeout_s
        )
        wanted = as_request(validate(SendMessage, raw))
        return await send_one(self._gateway, request, wanted, raw)

    async def send_batch(self, request: web.Request) -> web.Response:
        """Take many texts, each with its own outcome."""
        raw = await read_json(
            request, limit=self._settings.batch_body_limit, timeout_s=self._settings.body_timeout_s
        )
        bodies = validate(RawBatch, raw).messages
        if len(bodies) > self._settings.batch_limit:
            words = f"{len(bodies)} texts; {self._settings.batch_limit} are allowed at once"
            raise invalid(FieldError("messages", words))
        once = await _batch_once(request, bodies)
        items: list[bytes] = []  # encoded at once: all together would hold up the loop
        parts: Counter[str] = Counter()
        for start in range(0, len(bodies), CHUNK):
            try:
                found = await self._send_chunk(
                    bodies[start : start + CHUNK], request[CALLER], _chunk_once(once, start)
                )
            except (StoreUnavailableError, RateLimitedError) as error:
                if start == 0:
                    raise
                rest = to_json(_refused(_left(error)))
                items += [rest] * (len(bodies) - start)
                break
            items += [to_json(item) for item in found]
            parts += waiting_parts(item["message"] for item in found if "message" in item)
        done_at = to_json(await self._done_at(parts))
        joined = b",".join(items)
        return encoded(b'{"items":[' + joined + b'],"expected_done_at":' + done_at + b"}")

    async def _done_at(self, parts: Mapping[str, int]) -> str | None:
        """When texts that were taken will have gone, if it can be told."""
        try:
            return views.timestamp(await self._gateway.outlook.batch_done_at(parts))
        except StoreUnavailableError:  # they are taken all the same
            return None

    async def _send_chunk(
        self, bodies: Sequence[Any], caller: Caller, once: Once | None
    ) -> list[dict[str, Any]]:
        items: list[dict[str, Any] | None] = []
        wanted = []
        for body in bodies:
            try:
                wanted.append(as_request(validate(SendMessage, body)))
            except ProblemError as error:
                items.append(_refused(error.problem))
            else:
                items.append(None)
        # Also without a text that could be taken: so the key is known to be used for this batch.
        asked = wanted or once is not None
        outcomes = iter(await self._gateway.send(wanted, caller, once) if asked else ())
        return [item if item is not None else _outcome(next(outcomes)) for item in items]

    # -- reading --------------------------------------------------------------------------------

    async def list_page(self, request: web.Request) -> web.Response:
        """One page of messages."""
        query = read_query(request, MessagesQuery)
        before = decode_cursor(query.cursor, r"msg_[0-9a-f]{32}")
        wanted = self._filter(query, request[CALLER])
        rows = await self._gateway.reader.run(
            lambda c: messages.find(c, wanted, before=before, limit=query.limit + 1)
        )
        shown = rows[: query.limit]
        more = encode_cursor(shown[-1].id) if len(rows) > query.limit else None
        return page([views.message(row) for row in shown], more)

    def _filter(self, query: MessagesQuery, caller: Caller) -> Filter:
        for name, value, prefix in (
            ("line", query.line, "lin"),
            ("conversation", query.conversation, "cnv"),
        ):
            if value is not None and not is_id(value, prefix):
                raise invalid(FieldError(name, f"an id is expected: {prefix}_ and 32 hex digits"))
        return Filter(
            direction=query.direction,
            status=query.status,
            recipient=query.to and self._gateway.read_number(query.to, "to"),
            sender=query.from_ and self._sender(query.from_),
            line_id=query.line,
            conversation_id=query.conversation,
            created_after=query.created_after,
            created_before=query.created_before,
            pools=caller.pools,
        )

    def _sender(self, raw: str) -> str:
        """A sender as it is kept: a number in E.164, a name as it came."""
        try:
            return self._gateway.read_number(raw, "from")
        except RefusalError:
            return raw.strip()

    async def read(self, request: web.Request) -> web.Response:
        """One message."""
        read_query(request, NoQuery)
        message_id = _message_id(request)
        row = await self._gateway.reader.run(lambda c: messages.get(c, message_id))
        if row is None or not request[CALLER].has_pool(row.pool):
            raise _no_such_message()
        shown = await self._gateway.reader.run(lambda c: _with_parts(c, row))
        expected_at = await self._gateway.outlook.expected_at(row)
        expected = {"expected_at": views.timestamp(expected_at)}
        return answer({**shown, **self._hold(row), **expected})

    def _hold(self, row: Record) -> dict[str, Any]:
        """What a message that is its line's to take waits for."""
        hold = None if row.lane is None else self._gateway.desk.holds.of_lane(row.lane)
        if hold is None:
            return {}
        return {"waiting_for": hold.rule, "not_before": views.timestamp(hold.until)}

    async def cancel(self, request: web.Request) -> web.Response:
        """Cancel one message."""
        return answer(await self._gateway.cancel(_message_id(request), request[CALLER]))

    async def cancel_waiting(self, request: web.Request) -> web.Response:
        """Cancel all texts that wait and fit."""
        raw = await read_json(
            request, limit=self._settings.body_limit, timeout_s=self._settings.body_timeout_s
        )
        body, caller = validate(CancelWaiting, raw), request[CALLER]
        if body.line is not None and not is_id(body.line, "lin"):
            raise invalid(FieldError("line", "an id is expected: lin_ and 32 hex digits"))
        wanted = Wanted(
            before_id=new_id("msg"),
            key_id=None if Scope.ADMIN in caller.scopes else caller.key_id,
            pool=body.pool,
            pools=caller.pools,
            kind=body.kind,
            recipient=body.to and self._gateway.read_number(body.to, "to"),
            reference=body.reference,
            line_id=body.line,
            created_after=body.created_after,
            created_before=body.created_before,
            priority_below=body.priority_below,
            metadata=MappingProxyType(body.metadata or {}),
        )
        done = await self._gateway.cancels.cancel(wanted)
        return answer(asdict(done))


def _with_parts(connection: Connection, row: Record) -> dict[str, Any]:
    detail = views.detail(
        row,
        messages.get_parts(connection, row.id),
        messages.former_parts(connection, row.id) if row.restarts else (),
        attempts.of_message(connection, row.id),
    )
    customer = row.sender if row.direction == "inbound" else row.recipient
    is_open = customer is not None and reviews.open_of(connection, customer) is not None
    return {**detail, "under_review": is_open}


def _message_id(request: web.Request) -> str:
    message_id = request.match_info["id"]
    if not is_id(message_id, "msg"):
        raise _no_such_message()
    return message_id


def _no_such_message() -> ProblemError:
    return problem_error("not-found", "there is no message with this id")


async def send_one(
    gateway: Gateway, request: web.Request, wanted: SendRequest, raw: Any
) -> web.Response:
    """Take one text, once for its Idempotency-Key, which covers the body as it came."""
    (outcome,) = await gateway.send([wanted], request[CALLER], once_of(request, raw))
    if isinstance(outcome, RefusalError):
        raise outcome
    return answer(outcome, 201, Location=f"/v1/messages/{outcome['id']}")


def as_request(body: SendMessage) -> SendRequest:
    """What the gateway is asked for."""
    return SendRequest(
        to=body.to,
        text=body.text,
        from_=body.from_,
        pool=body.pool,
        kind=body.kind,
        priority=body.priority,
        send_at=body.send_at,
        valid_for_s=body.valid_for,
        time_zone=body.time_zone,
        if_in_doubt=body.if_in_doubt,
        if_partly_sent=body.if_partly_sent,
        sticky=body.sticky,
        transliterate=body.transliterate,
        reference=body.reference,
        metadata=MappingProxyType(body.metadata),
    )


def _outcome(outcome: dict[str, Any] | RefusalError) -> dict[str, Any]:
    if isinstance(outcome, RefusalError):
        return _refused(of_refusal(outcome))
    return {"status": 201, "message": outcome}


def _left(error: StoreUnavailableError | RateLimitedError) -> Problem:
    """Why the rest of a batch was not tried."""
    if isinstance(error, RateLimitedError):
        return of_rate(error)
    words = "not written: the database could not be used; send it again"
    return Problem("unavailable", words)


def _refused(problem: Problem) -> dict[str, Any]:
    return {"status": problem.status, "problem": problem.document()}


def once_of(request: web.Request, body: Any) -> Once | None:
    """The Idempotency-Key and what it covers. Raises ProblemError (`bad-idempotency-key`)."""
    token = _token(request)
    if token is None:
        return None
    covered = f"{request.method}\n{request.path}\n{_canonical(body)}"
    return Once(token, hashlib.sha256(covered.encode()).hexdigest())


async def _batch_once(request: web.Request, bodies: Sequence[Any]) -> Once | None:
    """Likewise of a batch, without holding up the loop."""
    token = _token(request)
    if token is None:
        return None
    digest = hashlib.sha256(f"{request.method}\n{request.path}".encode())
    for start in range(0, len(bodies), DIGESTED_AT_ONCE):
        for body in bodies[start : start + DIGESTED_AT_ONCE]:
            digest.update(b"\n" + _canonical(body).encode())
        await asyncio.sleep(0)
    return Once(token, digest.hexdigest(), is_batch=True)


def _token(request: web.Request) -> str | None:
    tokens = request.headers.getall("Idempotency-Key", [])
    if not tokens:
        return None
    token = tokens[0]
    visible = all("!" <= character <= "~" for character in token)
    if len(tokens) > 1 or not visible or not 0 < len(token) <= LONGEST_TOKEN:
        raise problem_error(
            "bad-idempotency-key", f"send one, of 1 to {LONGEST_TOKEN} visible ASCII characters"
        )
    return token


def _canonical(body: Any) -> str:
    return json.dumps(body, sort_keys=True, separators=(",", ":"))


def _chunk_once(once: Once | None, start: int) -> Once | None:
    """The key of a batch's later chunk: one of its own, so that a repeat resumes where it broke."""
    if once is None or start == 0:
        return once
    token = hashlib.sha256(f"{once.token}\n{start}".encode()).hexdigest()
    return replace(once, token=token)


EXAMPLES = {
    "reply": {"to": "+15550001001", "text": "Your parcel comes at 3 pm 📦", "reference": "A-17"},
    "tomorrow": {
        "to": "+15550001002",
        "text": "Half price until Sunday",
        "kind": "marketing",
        "send_at": "2027-01-31T15:00:00Z",
        "metadata": {"campaign": "winter"},
    },
}
