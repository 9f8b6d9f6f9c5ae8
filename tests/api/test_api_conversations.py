"""Conversations over HTTP: listed, read, answered."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from modemgw.gateway.settings import Pool
from modemgw.ids import new_id
from modemgw.store import conversations, lines, messages
from tests.api.house import House, open_house

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from modemgw.store.transaction import Transaction

ALICE, BOB, CAROL = "+12025550111", "+12025550122", "+12025550133"
LINE_NUMBER = "+12025550192"


@pytest.fixture
async def house(tmp_path: Path, database_url: str) -> AsyncIterator[House]:
    """An API on either database, with one pool."""
    pools = MappingProxyType({"sales": Pool("sales", frozenset({LINE_NUMBER}), None)})
    async with open_house(
        tmp_path, database_url=database_url, gateway_settings={"pools": pools}
    ) as opened:
        yield opened


async def get(house: House, path: str = "", **query: Any) -> Any:
    """What is read below `/v1/conversations`."""
    words = "&".join(f"{name}={str(value).replace('+', '%2B')}" for name, value in query.items())
    reply = await house.call("GET", f"/v1/conversations{path}?{words}")
    assert reply.status == 200, reply
    return reply.json


async def conversation_with(house: House, number: str, pool: str = "", at: float = 1.0) -> str:
    """A conversation that began at a time; its id."""
    row = await house.gateway.writer.run(
        lambda tx: messages.open_conversation(tx.connection, number, pool, at)
    )
    return str(row.id)


async def arrive(house: House, conversation: str, text: str, at: float, **values: Any) -> str:
    """A text of a customer comes in, as the gateway writes it."""
    message_id = new_id("msg")

    def operation(tx: Transaction) -> None:
        row = {
            "id": message_id,
            "direction": "inbound",
            "status": "received",
            "text": text,
            "encoding": "gsm7",
            "parts": 1,
            "conversation_id": conversation,
            "created_at": at,
            "received_at": at,
            **values,
        }
        messages.insert_message(tx.connection, row)
        messages.note_conversation(tx.connection, conversation, spoken_at=at, last_inbound_at=at)
        conversations.has_come_in(tx.connection, conversation)

    await house.gateway.writer.run(operation)
    return message_id


async def line_of(house: House, conversation: str, number: str = LINE_NUMBER) -> str:
    """A line on which a conversation was last spoken; its id."""

    def operation(tx: Transaction) -> str:
        row = lines.see_line(tx.connection, "8949" + number[1:], 1.0, number=number)
        messages.note_conversation(tx.connection, conversation, line_id=row.id)
        return str(row.id)

    return await house.gateway.writer.run(operation)


async def all_pages(house: House, path: str = "", **query: Any) -> list[str]:
    """The ids of all pages, two a page."""
    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = await get(house, path, limit=2, **query, **cursor)
        found += [item["id"] for item in page["items"]]
        if page["next"] is None:
            return found
        cursor = {"cursor": page["next"]}


async def test_a_conversation_makes_itself_and_holds_both_directions(house: House) -> None:
    """Of what was sent and what came in, in order, either way round."""
    sent = (await house.send(to=ALICE, text="Shall we come on Monday?")).json
    thread = sent["conversation"]
    came = await arrive(house, thread, "Yes please", 5.0, sender=ALICE)
    stop = await arrive(house, thread, "STOP", 6.0, sender=ALICE, classified="opt_out")
    other = (await house.send(to=BOB)).json
    assert other["conversation"] != thread
    path = f"/{thread}/messages"
    assert await all_pages(house, path) == [sent["id"], came, stop]
    assert await all_pages(house, path, order="newest") == [stop, came, sent["id"]]
    items = (await get(house, path))["items"]
    assert [item["keyword"] for item in items] == [None, None, "opt_out"]
    read = await get(house, f"/{thread}")
    assert (read["number"], read["pool"], read["last_message"]["id"]) == (ALICE, None, stop)


async def test_the_one_that_was_active_last_comes_first(house: House) -> None:
    """Pages follow each other without gaps, also where many were active at one moment."""
    ids = [await conversation_with(house, f"+1202555{i:04}", at=10.0) for i in range(5)]
    late = await conversation_with(house, ALICE, at=20.125)
    early = await conversation_with(house, BOB, at=2.0)
    expected = [late, *sorted(ids, reverse=True), early]
    assert await all_pages(house) == expected
    await arrive(house, early, "Hello?", 30.0)
    assert await all_pages(house) == [early, *expected[:-1]]


async def test_a_list_is_narrowed(house: House) -> None:
    """By number, pool, line, and to what nobody has read."""
    plain = await conversation_with(house, ALICE, at=2.0)
    sales = await conversation_with(house, ALICE, "sales")
    line = await line_of(house, sales)
    await arrive(house, plain, "Hi", 3.0)
    assert await all_pages(house, number=ALICE) == [plain, sales]
    assert await all_pages(house, number=BOB) == []
    assert await all_pages(house, pool="sales") == [sales]
    assert await all_pages(house, pool="") == [plain]
    assert await all_pages(house, line=line) == [sales]
    assert await all_pages(house, unread="true") == [plain]
    assert await all_pages(house, unread="false") == [sales]
    assert await all_pages(house, unread="true", number=ALICE, pool="sales") == []
    for query, field in (("unread=maybe", "unread"), ("line=7", "line"), ("cursor=AA", "cursor")):
        reply = await house.call("GET", f"/v1/conversations?{query}")
        assert (reply.status, reply.fields) == (422, {field})


async def mark(house: House, thread: str, message: str) -> Any:
    return await house.call("POST", f"/v1/conversations/{thread}/read", {"message": message})


async def test_what_was_read_is_no_longer_unread(house: House) -> None:
    """Up to a message; again, or an earlier one, changes nothing; what comes next counts."""
    thread = await conversation_with(house, ALICE)
    came = [await arrive(house, thread, f"text {i}", 10.0 + i) for i in range(3)]
    assert (await get(house, f"/{thread}"))["reading"] == {"unread": 3, "up_to": None}
    for message, unread, up_to in (
        (came[1], 1, came[1]),
        (came[1], 1, came[1]),
        (came[0], 1, came[1]),
        (came[2], 0, came[2]),
    ):
        reply = await mark(house, thread, message)
        assert reply.status == 200
        assert reply.json["reading"] == {"unread": unread, "up_to": up_to}
    await arrive(house, thread, "one more", 20.0)
    assert (await get(house, f"/{thread}"))["reading"]["unread"] == 1


async def test_own_texts_are_never_unread(house: House) -> None:
    """Reading up to an earlier text leaves what was sent since out of the count."""
    thread = await conversation_with(house, ALICE)
    came = await arrive(house, thread, "Hi", 10.0)
    assert (await house.send(to=ALICE)).json["conversation"] == thread
    assert (await mark(house, thread, came)).json["reading"]["unread"] == 0


async def test_only_a_message_of_the_conversation_marks_it_read(house: House) -> None:
    """Neither another's, nor none; and there must be such a conversation."""
    thread, other = (await conversation_with(house, ALICE)), await conversation_with(house, BOB)
    strange = await arrive(house, other, "Hi", 10.0)
    for message in (strange, new_id("msg"), "nonsense"):
        reply = await mark(house, thread, message)
        assert (reply.status, reply.fields) == (422, {"message"})
    for nowhere in (new_id("cnv"), "nonsense"):
        assert (await mark(house, nowhere, strange)).status == 404
        for path in ("", "/messages"):
            reply = await house.call("GET", f"/v1/conversations/{nowhere}{path}")
            assert (reply.status, reply.kind) == (404, "not-found")


async def reply_in(house: House, thread: str, *, once: str = "", **body: Any) -> Any:
    headers = {"Idempotency-Key": once} if once else {}
    path = f"/v1/conversations/{thread}/messages"
    return await house.call("POST", path, {"text": "At 3 pm", **body}, headers=headers)


@pytest.mark.parametrize("pool", ["", "sales"])
async def test_an_answer_goes_over_the_line_that_was_written_to(house: House, pool: str) -> None:
    """To the number, for the pool, conversational, and into the same conversation."""
    thread = await conversation_with(house, ALICE, pool)
    line = await line_of(house, thread)
    await arrive(house, thread, "When?", 10.0)
    reply = await reply_in(house, thread, reference="7")
    assert reply.status == 201, reply
    message = reply.json
    assert (message["to"], message["kind"], message["conversation"]) == (
        ALICE,
        "conversational",
        thread,
    )
    assert (message["line"], message["from"], message["pool"]) == (line, LINE_NUMBER, pool or None)
    assert message["reference"] == "7"
    assert reply.headers["Location"] == f"/v1/messages/{message['id']}"
    assert (await get(house, f"/{thread}"))["last_message"]["id"] == message["id"]


async def test_an_answer_may_go_over_another_line_when_its_own_is_none_any_more(
    house: House,
) -> None:
    """Retired, out of its pool, or when the caller says so."""
    retired = await conversation_with(house, ALICE)
    line = await line_of(house, retired)
    free = (await reply_in(house, retired, sticky="prefer")).json
    assert free["line"] is None
    assert (await house.call("POST", f"/v1/lines/{line}/retire")).status == 200
    moved = await conversation_with(house, BOB, "sales")
    await line_of(house, moved, "+12025550193")
    silent = await conversation_with(house, CAROL)
    for thread in (retired, moved, silent):
        reply = await reply_in(house, thread)
        assert (reply.status, reply.json["line"]) == (201, None)
        assert reply.json["conversation"] == thread


async def test_an_answer_is_refused_as_any_text(house: House) -> None:
    """By the gate, for its form, and for lack of the scope or the conversation."""
    thread = await conversation_with(house, ALICE)
    await house.make_key("reader", scopes=["read"])
    path = f"/v1/conversations/{thread}/messages"
    assert (await house.call("POST", path, {"text": "x"}, key="reader")).status == 403
    assert (await reply_in(house, thread, to=BOB)).fields == {"to"}
    assert (await reply_in(house, new_id("cnv"))).kind == "not-found"
    await house.call("PUT", f"/v1/optouts/{ALICE}", {"reason": "by phone"})
    reply = await reply_in(house, thread)
    assert (reply.status, reply.kind) == (422, "opted-out")


async def test_an_answer_is_taken_once_for_its_key(house: House) -> None:
    """The key covers the conversation, too."""
    thread, other = (await conversation_with(house, ALICE)), await conversation_with(house, BOB)
    first = await reply_in(house, thread, once="a")
    assert (await reply_in(house, thread, once="a")).body == first.body
    for conversation, body in ((other, {}), (thread, {"text": "At 4 pm"})):
        reply = await reply_in(house, conversation, once="a", **body)
        assert (reply.status, reply.kind) == (409, "idempotency-conflict")
