"""Keys that are bound to pools: they send to those alone and are told of those alone."""

from __future__ import annotations

import asyncio
import json
import re
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from modemgw.gateway.routing import Rule
from modemgw.gateway.settings import Pool
from modemgw.store import keys, lines
from modemgw.store.events import Event
from tests.api.house import House, open_house
from tests.api.test_api_streams import Listener

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from modemgw.store.transaction import Transaction

OURS, THEIRS = "+15550009001", "+15550009002"
POOLS = {
    "sales": Pool("sales", frozenset({OURS})),
    "care": Pool("care", frozenset({THEIRS})),
    "more": Pool("more", frozenset({OURS})),
}
TEXT = {"to": "+15550001001", "text": "Hello"}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """Three pools, two lines; `sales` is bound to one pool, `two` to two."""
    settings = {
        "pools": MappingProxyType(POOLS),
        "routes": (Rule("care", prefixes=("+1555000",)),),
    }
    async with open_house(tmp_path, gateway_settings=settings) as opened:
        await opened.make_key("sales", scopes=["send", "read"], pools=["sales"])
        await opened.make_key("two", scopes=["send", "read"], pools=["sales", "more"])
        await opened.gateway.writer.run(_see_lines)
        await opened.gateway.registry.refresh()
        yield opened


def _see_lines(tx: Transaction) -> None:
    for number in (OURS, THEIRS):
        lines.see_line(tx.connection, "89445000000000000" + number[-2:], 1.0, number=number)


async def sent(house: House, key: str = "all", **body: Any) -> dict[str, Any]:
    """A message that was taken."""
    reply = await house.call("POST", "/v1/messages", {**TEXT, **body}, key=key)
    assert reply.status == 201, reply
    message: dict[str, Any] = reply.json
    return message


async def listed(house: House, path: str, key: str = "sales") -> list[Any]:
    """The items of a list."""
    reply = await house.call("GET", path, key=key)
    assert reply.status == 200, reply
    items: list[Any] = reply.json["items"]
    return items


async def test_a_bound_key_sends_to_its_pools_alone(house: House) -> None:
    """Its only pool where it names none; another's, the default's or a route's: refused."""
    assert (await sent(house, "sales"))["pool"] == "sales"
    assert (await sent(house, "two", pool="more"))["pool"] == "more"
    for key, body in (
        ("sales", {"pool": "care"}),
        ("two", {}),  # the route leads to another pool
        ("two", {"to": "+15559990000"}),  # no route: the default pool
        ("two", {"from": OURS}),  # a line of theirs, but in no pool
    ):
        reply = await house.call("POST", "/v1/messages", {**TEXT, **body}, key=key)
        assert (reply.status, reply.kind) == (403, "pool-not-granted"), body
        assert "care" not in reply.json["detail"].partition(":")[0]
    reply = await house.call(
        "POST", "/v1/messages/batch", {"messages": [TEXT, {**TEXT, "pool": "care"}]}, key="sales"
    )
    assert [item["status"] for item in reply.json["items"]] == [201, 403]
    assert {message["pool"] for message in await listed(house, "/v1/messages", "all")} == {
        "sales",
        "more",
    }


async def test_a_bound_key_sends_on_lines_of_its_pool_and_learns_of_no_other(house: House) -> None:
    """A line of another pool is answered as one that does not exist."""
    assert (await sent(house, "sales", **{"from": OURS}))["from"] == OURS
    answers = []
    for number in (THEIRS, "+15550009999"):
        reply = await house.call("POST", "/v1/messages", {**TEXT, "from": number}, key="sales")
        answers.append((reply.status, reply.kind, reply.json["detail"].replace(number, "N")))
    assert answers[0] == answers[1]


async def test_a_bound_key_reads_lists_and_cancels_its_pools_messages_alone(house: House) -> None:
    """Whatever it filters by; another's id is answered as one that does not exist."""
    mine, other = await sent(house, pool="sales"), await sent(house, pool="care")
    await house.receive(id="msg_" + "1" * 32, sender="+15550001001", pool="care")
    await house.receive(id="msg_" + "2" * 32, sender="+15550001001", pool="")
    heard = await house.receive(id="msg_" + "3" * 32, sender="+15550001001", pool="sales")
    assert {m["id"] for m in await listed(house, "/v1/messages")} == {mine["id"], heard}
    for query in (f"conversation={other['conversation']}", "status=received&from=%2B15550001001"):
        found = await listed(house, f"/v1/messages?{query}")
        assert {m["pool"] for m in found} <= {"sales"}
    assert (await house.call("GET", f"/v1/messages/{mine['id']}", key="sales")).status == 200
    nothing = await house.call("GET", "/v1/messages/msg_" + "9" * 32, key="sales")
    hidden = await house.call("GET", f"/v1/messages/{other['id']}", key="sales")
    assert (hidden.status, hidden.body) == (404, nothing.body)
    path = f"/v1/messages/{other['id']}/cancel"
    assert (await house.call("POST", path, key="sales")).status == 404
    assert (await house.call("GET", f"/v1/messages/{other['id']}")).json["status"] == "queued"
    path = f"/v1/messages/{mine['id']}/cancel"
    assert (await house.call("POST", path, key="sales")).status == 200


async def test_a_bound_key_sees_and_answers_its_pools_conversations_alone(house: House) -> None:
    """Another's is answered as one that does not exist, whatever is asked of it."""
    mine, other = await sent(house, pool="sales"), await sent(house, pool="care")
    assert [c["id"] for c in await listed(house, "/v1/conversations")] == [mine["conversation"]]
    assert await listed(house, "/v1/conversations?pool=care") == []
    path = "/v1/conversations/"
    for talk, status in ((mine["conversation"], 200), (other["conversation"], 404)):
        for method, rest, body in (
            ("GET", "", None),
            ("GET", "/messages", None),
            ("POST", "/messages", {"text": "Hello"}),
            ("POST", "/read", {"message": mine["id"]}),
        ):
            reply = await house.call(method, f"{path}{talk}{rest}", body, key="sales")
            good = 201 if rest == "/messages" and method == "POST" else 200
            assert reply.status == (good if status == 200 else 404), (method, rest)
    preview = await house.call(
        "POST", "/v1/messages/preview", {**TEXT, "pool": "care"}, key="sales"
    )
    assert preview.json["outlook"]["problem"]["type"].endswith("/pool-not-granted")


async def test_a_bound_key_cancels_many_in_its_pools_alone(house: House) -> None:
    """Its own of a time before it was bound stay."""
    key_id = (await listed(house, "/v1/keys", "all"))[1]["id"]
    await house.gateway.writer.run(
        lambda tx: keys.change(tx.connection, key_id, pools=None)  # not bound yet
    )
    other = await sent(house, "sales", pool="care")
    await house.call("PATCH", f"/v1/keys/{key_id}", {"pools": ["sales"]})
    mine = await sent(house, "sales")
    reply = await house.call(
        "POST", "/v1/messages/cancel", {"to": "+15550001001", "kind": mine["kind"]}, key="sales"
    )
    assert reply.json["canceled"] == 1, reply
    assert reply.json["left"] == 0
    assert (await house.call("GET", f"/v1/messages/{other['id']}")).json["status"] == "queued"


async def test_a_bound_key_sees_the_lines_and_pools_that_it_is_bound_to(house: House) -> None:
    """And of a line that is in others, too, not which those are."""
    assert [pool["name"] for pool in await listed(house, "/v1/pools")] == ["sales"]
    (line,) = await listed(house, "/v1/lines")
    assert (line["number"], line["pools"]) == (OURS, ["sales"])
    every = await listed(house, "/v1/lines", "all")
    (other,) = (line["id"] for line in every if line["number"] == THEIRS)
    read = await house.call("GET", f"/v1/lines/{line['id']}", key="sales")
    assert read.json["pools"] == ["sales"]
    assert (await house.call("GET", f"/v1/lines/{other}", key="sales")).status == 404


async def test_an_opt_out_can_be_recorded_and_asked_for_but_not_how_it_came_about(
    house: House,
) -> None:
    """A refusal holds for all pools; its words may be another's."""
    path = "/v1/optouts/%2B15550001009"
    await house.call("PUT", path, {"reason": "said so to an agent of care"})
    for method, body in (("GET", None), ("PUT", {"reason": "by phone"})):
        reply = await house.call(method, path, body, key="sales")
        assert reply.status == 200
        assert b"care" not in reply.body
    assert (await house.call("GET", "/v1/optouts", key="sales")).kind == "pool-bound"


async def test_every_other_route_refuses_a_bound_key(house: House) -> None:
    """Whoever adds one must say that it looks after pools."""
    served = set()
    for route in house.api.routes:
        if route.scope is None or route.path == "/v1/events":
            continue
        path = re.sub(r"\{\w+\}", "x", route.path)
        reply = await house.call(route.method, path, key="sales")
        if reply.status != 403:
            served.add((route.method, route.path))
        else:
            assert reply.kind in ("pool-bound", "missing-scope")
    assert served == {
        ("POST", "/v1/messages"),
        ("POST", "/v1/messages/batch"),
        ("POST", "/v1/messages/cancel"),
        ("GET", "/v1/messages"),
        ("GET", "/v1/messages/{id}"),
        ("POST", "/v1/messages/{id}/cancel"),
        ("POST", "/v1/messages/preview"),
        ("POST", "/v1/messages/batch/preview"),
        ("POST", "/v1/check"),
        ("GET", "/v1/conversations"),
        ("GET", "/v1/conversations/{id}"),
        ("GET", "/v1/conversations/{id}/messages"),
        ("POST", "/v1/conversations/{id}/messages"),
        ("POST", "/v1/conversations/{id}/read"),
        ("GET", "/v1/lines"),
        ("GET", "/v1/lines/{id}"),
        ("GET", "/v1/pools"),
        ("GET", "/v1/optouts/{number}"),
        ("PUT", "/v1/optouts/{number}"),
    }


async def test_a_stream_tells_a_bound_key_of_its_pools_messages_alone(house: House) -> None:
    """Live and resumed; what is of no pool is not told, either."""
    head = {"Authorization": f"Bearer {house.keys['sales']}"}

    async def follow(listener: Listener) -> None:
        await listener.block()
        for pool, kind in (
            ("care", "message.received"),
            (None, "message.status"),
            (None, "optout.created"),
            ("sales", "modem.state"),
            ("sales", "message.received"),
        ):
            await house.emit(Event(kind, 1.0, {"pool": pool, "number": "+15550001001"}))
        told = await listener.next()
        assert (told["event"], json.loads(told["data"])["data"]["pool"]) == (
            "message.received",
            "sales",
        )

    first = Event("message.received", 1.0, {"pool": "care"})
    await house.emit(first)
    for last in ({}, {"Last-Event-ID": first.id}):
        async with (
            asyncio.timeout(5),
            house.client.get(house.base + "/v1/events", headers={**head, **last}) as response,
        ):
            await follow(Listener(response))


async def test_a_stream_of_a_key_that_was_revoked_ends_though_it_is_never_quiet(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within a second, by whichever host it was revoked; how long is shortened here."""
    monkeypatch.setattr("modemgw.api.auth.REMEMBERED_S", 0.05)
    head = {"Authorization": f"Bearer {house.keys['sales']}"}
    async with (
        asyncio.timeout(5),
        house.client.get(house.base + "/v1/events", headers=head) as response,
    ):
        listener = Listener(response)
        await listener.block()
        await house.gateway.writer.run(lambda tx: keys.revoke(tx.connection, "sales", 1.0))
        more = True
        while more:
            await house.emit(Event("message.received", 1.0, {"pool": "sales"}))
            more = bool(await listener.response.content.readline())


async def test_a_stream_tells_no_more_of_a_pool_once_its_key_is_bound_otherwise(
    house: House,
) -> None:
    """Though it goes on."""
    head = {"Authorization": f"Bearer {house.keys['two']}"}
    (key_id,) = (k["id"] for k in await listed(house, "/v1/keys", "all") if k["name"] == "two")
    async with (
        asyncio.timeout(5),
        house.client.get(house.base + "/v1/events", headers=head) as response,
    ):
        listener = Listener(response)
        await listener.block()
        await house.call("PATCH", f"/v1/keys/{key_id}", {"pools": ["more"]})
        for pool in ("sales", "more"):
            await house.emit(Event("message.received", 1.0, {"pool": pool}))
        assert json.loads((await listener.next())["data"])["data"]["pool"] == "more"


async def test_who_repeats_with_the_token_of_another_key_gets_nothing_of_it(house: House) -> None:
    """Idempotency-Keys are each key's own."""
    token = {"Idempotency-Key": "same"}
    first = await house.call("POST", "/v1/messages", {**TEXT, "pool": "care"}, headers=token)
    second = await house.call("POST", "/v1/messages", TEXT, key="sales", headers=token)
    assert (first.status, second.status) == (201, 201)
    assert first.json["id"] != second.json["id"]
