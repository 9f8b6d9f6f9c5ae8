"""Conversations: list, read, answer, mark as read."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from modemgw.api import answers
from modemgw.api import conversation_shapes as shapes
from modemgw.api.jsonbody import read_json, validate
from modemgw.api.messages import GATE_PROBLEMS, send_one
from modemgw.api.problems import FieldError, invalid, problem_error
from modemgw.api.queries import decode_cursor, encode_cursor, is_id, read_query
from modemgw.api.respond import answer, page
from modemgw.api.routing import CALLER, Answer, Route, Scope
from modemgw.api.schemas import NoQuery
from modemgw.gateway import views
from modemgw.gateway.requests import SendRequest
from modemgw.store import messages
from modemgw.store.conversations import Filter

if TYPE_CHECKING:
    from aiohttp import web

    from modemgw.api.settings import ApiSettings
    from modemgw.gateway.gateway import Gateway
    from modemgw.store.conversations import Key

TAG = "conversations"
_CURSOR = r"[0-9]{1,12}(\.[0-9]{1,12})?:cnv_[0-9a-f]{32}"


class Conversations:
    """The resource `/v1/conversations`."""

    def __init__(self, gateway: Gateway, settings: ApiSettings) -> None:
        self._gateway, self._settings = gateway, settings

    def routes(self) -> tuple[Route, ...]:
        """What is served here."""
        return (
            Route(
                "GET",
                "/v1/conversations",
                self.list_page,
                Scope.READ,
                "List conversations, the one that was active last first",
                Answer(200, shapes.ConversationPage),
                TAG,
                description="A conversation is what a number and a pool have written to each "
                "other. It makes itself. One that becomes active moves to the front, also while "
                "you turn pages.",
                query=shapes.ConversationsQuery,
                problems=("invalid", "invalid-number"),
                for_bound=True,
            ),
            Route(
                "GET",
                "/v1/conversations/{id}",
                self.read,
                Scope.READ,
                "Read a conversation",
                Answer(200, shapes.Conversation),
                TAG,
                query=NoQuery,
                problems=("not-found",),
                for_bound=True,
            ),
            Route(
                "GET",
                "/v1/conversations/{id}/messages",
                self.thread,
                Scope.READ,
                "List its messages, both ways, in order",
                Answer(200, shapes.Thread),
                TAG,
                description="`keyword` marks what was a STOP, START or HELP, or may be one.",
                query=shapes.ThreadQuery,
                problems=("invalid", "not-found"),
                for_bound=True,
            ),
            Route(
                "POST",
                "/v1/conversations/{id}/messages",
                self.reply,
                Scope.SEND,
                "Answer in a conversation",
                Answer(201, answers.Message, description="It is written and will be sent."),
                TAG,
                description="As `POST /v1/messages`, to this number, over the line that the two "
                "last spoke on.",
                body=shapes.Answering,
                idempotent_by_key=True,
                problems=(*GATE_PROBLEMS, "not-found"),
                for_bound=True,
                counted=True,
                examples={"an answer": {"text": "We are open until 6 pm today."}},
            ),
            Route(
                "POST",
                "/v1/conversations/{id}/read",
                self.mark_read,
                Scope.SEND,
                "Mark as read up to a message",
                Answer(200, shapes.Conversation),
                TAG,
                description="For everybody who reads it. An earlier message than before changes "
                "nothing.",
                body=shapes.ReadUpTo,
                problems=("invalid", "not-found"),
                for_bound=True,
                examples={"up to": {"message": "msg_0198f6c2a1b27c3d8e4f5a6b7c8d9e0f"}},
            ),
        )

    async def list_page(self, request: web.Request) -> web.Response:
        """One page of conversations."""
        query = read_query(request, shapes.ConversationsQuery)
        if query.line is not None and not is_id(query.line, "lin"):
            raise invalid(FieldError("line", "an id is expected: lin_ and 32 hex digits"))
        wanted = Filter(
            number=query.number and self._gateway.read_number(query.number),
            pool=query.pool,
            line_id=query.line,
            unread=query.unread,
            pools=request[CALLER].pools,
        )
        before = _key(decode_cursor(query.cursor, _CURSOR))
        items, end = await self._gateway.talks.page(wanted, before, query.limit)
        return page(items, None if end is None else encode_cursor(f"{end[0]!r}:{end[1]}"))

    async def read(self, request: web.Request) -> web.Response:
        """One conversation."""
        read_query(request, NoQuery)
        return answer(await self._gateway.talks.read(_id(request), request[CALLER]))

    async def thread(self, request: web.Request) -> web.Response:
        """One page of its messages."""
        query, conversation_id = read_query(request, shapes.ThreadQuery), _id(request)
        after = decode_cursor(query.cursor, r"msg_[0-9a-f]{32}")
        await self._gateway.talks.read(conversation_id, request[CALLER])
        rows = await self._gateway.reader.run(
            lambda c: messages.find(
                c,
                messages.Filter(conversation_id=conversation_id),
                before=after,
                limit=query.limit + 1,
                oldest_first=query.order == "oldest",
            )
        )
        shown = rows[: query.limit]
        more = encode_cursor(shown[-1].id) if len(rows) > query.limit else None
        return page([views.message(row) for row in shown], more)

    async def reply(self, request: web.Request) -> web.Response:
        """Answer in it."""
        raw = await read_json(
            request, limit=self._settings.body_limit, timeout_s=self._settings.body_timeout_s
        )
        body = validate(shapes.Answering, raw)
        wanted = await self._gateway.talks.answering(
            _id(request),
            _as_request(body),
            request[CALLER],
            same_line=body.sticky == "require",
        )
        return await send_one(self._gateway, request, wanted, raw)

    async def mark_read(self, request: web.Request) -> web.Response:
        """Mark it as read."""
        raw = await read_json(
            request, limit=self._settings.body_limit, timeout_s=self._settings.body_timeout_s
        )
        body = validate(shapes.ReadUpTo, raw)
        if not is_id(body.message, "msg"):
            raise invalid(FieldError("message", "an id is expected: msg_ and 32 hex digits"))
        shown = await self._gateway.talks.mark_read(_id(request), body.message, request[CALLER])
        return answer(shown)


def _id(request: web.Request) -> str:
    conversation_id = request.match_info["id"]
    if not is_id(conversation_id, "cnv"):
        raise problem_error("not-found", "there is no conversation with this id")
    return conversation_id


def _key(cursor: str | None) -> Key | None:
    if cursor is None:
        return None
    active_at, _, conversation_id = cursor.partition(":")
    return float(active_at), conversation_id


def _as_request(body: shapes.Answering) -> SendRequest:
    """What the gateway is asked for, but for whom and on which line."""
    return SendRequest(
        to="",
        text=body.text,
        kind=body.kind,
        priority=body.priority,
        send_at=body.send_at,
        valid_for_s=body.valid_for,
        time_zone=body.time_zone,
        if_in_doubt=body.if_in_doubt,
        if_partly_sent=body.if_partly_sent,
        transliterate=body.transliterate,
        reference=body.reference,
        metadata=MappingProxyType(body.metadata),
    )
