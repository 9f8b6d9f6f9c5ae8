"""Lines, pools and pauses over HTTP: a real gateway on each database."""

from __future__ import annotations

import asyncio
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest

from modemgw.api import answers
from modemgw.gateway.plans import Plan
from modemgw.gateway.settings import Pool
from tests.api.house import House, open_house
from tests.api.test_api_system import READY, put_in

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

POOLS = {
    "named": Pool("named", frozenset({"+15550009999"}), "conversational"),
    "tagged": Pool("tagged", frozenset(), plan=Plan("shared", per_hour=9), tags=frozenset({"a"})),
}
MISSING = "8944500000000000099"
PAIR = ("8944500000000000001", MISSING)


@pytest.fixture
async def house(tmp_path: Path, database_url: str) -> AsyncIterator[House]:
    """One line, two pools, and a line that is expected in vain."""
    settings = {
        "pools": MappingProxyType(POOLS),
        "plans": MappingProxyType({"default": Plan("default", per_day=100, recipients_per_day=7)}),
        "expected": frozenset(PAIR),
        "stop_grace_s": 0.1,  # nobody answers what the line submits
    }
    async with open_house(tmp_path, database_url=database_url, gateway_settings=settings) as opened:
        task = await put_in(opened, READY)
        yield opened
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await opened.gateway.stop()


async def line_of(house: House) -> dict[str, Any]:
    """The one line, as the list shows it."""
    reply = await house.call("GET", "/v1/lines")
    (line,) = answers.LinePage.model_validate(reply.json).items
    found: dict[str, Any] = reply.json["items"][0]
    assert found["id"] == line.id
    return found


async def act(house: House, path: str, body: Any = None, method: str = "POST") -> Any:
    """An act that succeeds; what is answered."""
    reply = await house.call(method, path, body)
    assert reply.status == 200, reply
    return reply.json


async def test_a_line_tells_how_it_stands_and_how_far_its_limits_are_used(house: House) -> None:
    """In the list and alone."""
    line = await line_of(house)
    assert (line["state"], line["reason"], line["until"]) == ("active", None, None)
    assert (line["present"], line["pools"], line["plan"]) == (True, ["named"], "default")
    assert line["usage"] == [
        {"limit": "per_day", "used": 0, "most": 100, "renews_at": None},
        {"limit": "recipients_per_day", "used": 0, "most": 7, "renews_at": None},
    ]
    assert (await house.send()).status == 201

    async def used() -> list[int]:
        return [item["used"] for item in (await line_of(house))["usage"]]

    async with asyncio.timeout(5):
        while await used() != [1, 1]:
            await asyncio.sleep(0.02)
    alone = (await house.call("GET", f"/v1/lines/{line['id']}")).json
    answers.Line.model_validate(alone)
    assert alone["usage"][0]["renews_at"] is not None
    unknown = await house.call("GET", f"/v1/lines/lin_{'0' * 32}")
    assert unknown.kind == "not-found"


async def test_what_people_set_is_kept_and_can_be_taken_back(house: House) -> None:
    """Only the fields that are given change."""
    path = f"/v1/lines/{(await line_of(house))['id']}"
    body = {"name": "Berlin 3", "number": "(555) 010-0123", "tags": ["a", "b"], "cost": 0.05}
    line = await act(house, path, {**body, "number": "+15550100123"}, "PATCH")
    assert (line["name"], line["tags"], line["cost"]) == ("Berlin 3", ["a", "b"], 0.05)
    assert (line["number"], line["sim_number"]) == ("+15550100123", "+15550009999")
    assert line["pools"] == ["tagged"]
    line = await act(house, path, {"number": None, "cost": None}, "PATCH")
    assert (line["number"], line["typed_number"], line["cost"]) == ("+15550009999", None, None)
    assert (line["name"], line["pools"]) == ("Berlin 3", ["named", "tagged"])


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"name": ""}, {"name"}),
        ({"tags": ["a b"]}, {"tags.0"}),
        ({"tags": None}, {"tags"}),
        ({"cost": -1}, {"cost"}),
        ({"state": "active"}, {"state"}),
        ({"number": "12"}, {"number"}),
    ],
)
async def test_what_cannot_be_set_is_named(house: House, body: Any, fields: set[str]) -> None:
    """The field at fault, and nothing is changed."""
    before = await line_of(house)
    reply = await house.call("PATCH", f"/v1/lines/{before['id']}", body)
    assert reply.status == 422
    assert reply.fields == fields
    assert await line_of(house) == before


async def test_pause_resume_retire_and_release(house: House) -> None:
    """Each answers with the line as it is then; each twice is once."""
    path = f"/v1/lines/{(await line_of(house))['id']}"
    for _ in range(2):
        line = await act(house, f"{path}/pause", {"reason": "no credit"})
        assert (line["state"], line["reason"]) == ("paused", "no credit")
    assert line["waiting_for"] == "line_paused"
    assert (await act(house, f"{path}/resume"))["state"] == "active"
    assert "with key" in (await act(house, f"{path}/pause"))["reason"]
    assert (await act(house, f"{path}/retire"))["state"] == "retired"
    refused = await house.send(**{"from": "+15550009999"})
    assert (refused.status, refused.kind, refused.fields) == (422, "line-retired", {"from"})
    assert (await act(house, f"{path}/release"))["state"] == "paused"
    for name in ("pause", "resume", "release", "retire", "learn-number"):
        reply = await house.call("POST", f"/v1/lines/lin_{'0' * 32}/{name}")
        assert reply.kind == "not-found", name
    alone = await house.call("POST", f"{path}/learn-number")
    assert (alone.status, alone.kind) == (409, "no-other-line")


async def test_changes_are_for_administrators(house: House) -> None:
    """Who may read and send may look."""
    await house.make_key("agent", scopes=["send", "read"])
    line = (await line_of(house))["id"]
    for method, path in (
        ("PATCH", f"/v1/lines/{line}"),
        *(
            ("POST", f"/v1/lines/{line}/{act}")
            for act in ("pause", "resume", "release", "retire", "learn-number")
        ),
        ("POST", "/v1/pools/named/pause"),
        ("POST", "/v1/pools/named/resume"),
        ("POST", "/v1/default-pool/pause"),
        ("POST", "/v1/default-pool/resume"),
        ("POST", "/v1/queue/pause"),
        ("POST", "/v1/queue/resume"),
    ):
        assert (await house.call(method, path, key="agent")).kind == "missing-scope", path
    for path in ("/v1/lines", f"/v1/lines/{line}", "/v1/pools", "/v1/inventory"):
        assert (await house.call("GET", path, key="agent")).status == 200


async def test_pools_tell_their_lines_and_their_plan(house: House) -> None:
    """The default pool, which has all lines, then the others by name; a pause has its reason."""
    line = (await line_of(house))["id"]
    reply = await house.call("GET", "/v1/pools")
    answers.PoolPage.model_validate(reply.json)
    default, named, tagged = reply.json["items"]
    assert (default["name"], default["lines"], default["plan"]) == (None, [line], None)
    assert (named["name"], named["kind"], named["lines"]) == ("named", "conversational", [line])
    assert (tagged["tags"], tagged["lines"], tagged["plan"]) == (["a"], [], "shared")
    assert tagged["usage"] == [{"limit": "per_hour", "used": 0, "most": 9, "renews_at": None}]
    pool = await act(house, "/v1/pools/named/pause", {"reason": "wrong list"})
    assert (pool["paused"], pool["waiting_for"]) == ("wrong list", "pool_paused")
    message = (await house.send(pool="named")).json["id"]
    shown = (await house.call("GET", f"/v1/messages/{message}")).json
    answers.MessageDetail.model_validate(shown)
    assert (shown["waiting_for"], shown["not_before"]) == ("pool_paused", None)
    pool = await act(house, "/v1/pools/named/resume")
    assert pool["paused"] is None
    assert (await house.call("POST", "/v1/pools/none/pause")).kind == "not-found"
    pool = await act(house, "/v1/default-pool/pause", {"reason": "wrong list"})
    assert (pool["name"], pool["paused"]) == (None, "wrong list")
    assert (await act(house, "/v1/default-pool/resume"))["paused"] is None


async def test_the_whole_queue_is_paused_and_says_so(house: House) -> None:
    """At the message, in the queue, at the line, and to monitors; through a restart, too."""
    reply = await house.call("POST", "/v1/queue/pause", {"reason": "fire drill"})
    assert reply.status == 204
    message = (await house.send()).json["id"]
    shown = (await house.call("GET", f"/v1/messages/{message}")).json
    assert (shown["status"], shown["waiting_for"]) == ("queued", "paused")
    assert (await house.call("GET", "/v1/queue")).json["paused"] == "fire drill"
    assert (await line_of(house))["reason"] == "fire drill"
    ready = await house.call("GET", "/readyz", key="")
    assert (ready.status, ready.json["paused"]) == (200, "fire drill")
    assert (await house.call("POST", "/v1/queue/resume")).status == 204
    assert (await line_of(house))["state"] == "active"
    assert (await house.call("GET", "/v1/queue")).json["paused"] is None


async def test_missing_lines_are_said_to_monitors_and_readers(house: House) -> None:
    """How many of how many, and which."""
    await line_of(house)  # reads anew
    stock = (await house.call("GET", "/v1/inventory")).json
    answers.Inventory.model_validate(stock)
    assert stock["missing"] == [MISSING]
    assert stock["summary"] == f"1 of 2, missing: {MISSING}"
    ready = await house.call("GET", "/readyz", key="")
    assert answers.Readiness.model_validate(ready.json).ready
    assert ready.json["inventory"] == stock


async def test_the_metrics_count_lines_by_their_state(house: House) -> None:
    """And those that are missing."""
    await act(house, f"/v1/lines/{(await line_of(house))['id']}/pause")
    body = (await house.call("GET", "/metrics", key="")).body.decode()
    assert 'modemgw_lines{state="paused"} 1.0' in body
    assert "modemgw_lines_missing 1.0" in body


async def test_a_text_for_a_line_that_is_away_says_so(house: House) -> None:
    """The sender sees why nothing happens, and until when where that is known."""
    line = await line_of(house)
    await act(house, f"/v1/lines/{line['id']}/pause", {"reason": "no credit"})
    message = (await house.send(**{"from": line["id"]})).json["id"]
    shown = (await house.call("GET", f"/v1/messages/{message}")).json
    assert shown["waiting_for"] == "line_paused"
