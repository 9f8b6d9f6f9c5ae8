"""A request under an Idempotency-Key is carried out once, whoever asks again, and when."""

from __future__ import annotations

import asyncio
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from modemgw.gateway.settings import GatewaySettings
from tests.api.house import House, Reply, open_house

if TYPE_CHECKING:
    from pathlib import Path

BODY = {"to": "+15550001001", "text": "once"}
CHUNK = 25


async def post(house: House, body: Any, token: str = "t", path: str = "", **options: Any) -> Reply:
    """Send it under a key."""
    headers = {"Idempotency-Key": token}
    return await house.call("POST", f"/v1/messages{path}", body, headers=headers, **options)


async def texts(house: House) -> list[str]:
    """The texts of all messages, the newest first."""
    items = (await house.call("GET", "/v1/messages?limit=1000")).json["items"]
    return [item["text"] for item in items]


async def test_requests_in_flight_at_once_are_one(tmp_path: Path, database_url: str) -> None:
    """Twenty at the same time: one message, one answer, octet by octet."""
    async with open_house(tmp_path, database_url=database_url) as house:
        replies = await asyncio.gather(*(post(house, BODY) for _ in range(20)))
        assert {reply.status for reply in replies} == {201}
        assert len({reply.body for reply in replies}) == 1
        assert await texts(house) == ["once"]


async def test_requests_in_flight_on_two_hosts_are_one(tmp_path: Path, postgres_url: str) -> None:
    """Whichever commits first; the other waits for it and says the same."""
    async with (
        open_house(tmp_path, database_url=postgres_url) as here,
        open_house(tmp_path, database_url=postgres_url, host="there") as there,
    ):
        key = await here.make_key("shared", scopes=["send", "read"])
        for round_ in range(10):
            replies = await asyncio.gather(
                *(post(house, BODY, f"t{round_}", key=key) for house in (here, there) * 4)
            )
            assert {reply.status for reply in replies} == {201}
            assert len({reply.body for reply in replies}) == 1
        assert await texts(here) == ["once"] * 10


async def test_of_two_bodies_in_flight_one_is_taken(tmp_path: Path, postgres_url: str) -> None:
    """The other is a conflict, on whichever host, and leaves nothing."""
    async with (
        open_house(tmp_path, database_url=postgres_url) as here,
        open_house(tmp_path, database_url=postgres_url, host="there") as there,
    ):
        key = await here.make_key("shared", scopes=["send", "read"])
        for round_ in range(10):
            replies = await asyncio.gather(
                post(here, {**BODY, "text": "a"}, f"t{round_}", key=key),
                post(there, {**BODY, "text": "b"}, f"t{round_}", key=key),
            )
            assert sorted(reply.status for reply in replies) == [201, 409]
        assert len(await texts(here)) == 10


async def test_another_key_may_use_the_same_token(house: House) -> None:
    """A token belongs to the API key that used it."""
    await house.make_key("other", scopes=["send"])
    first, second = await post(house, BODY), await post(house, BODY, key="other")
    assert (first.status, second.status) == (201, 201)
    assert first.json["id"] != second.json["id"]


async def test_an_error_is_not_kept(house: House) -> None:
    """What was refused is looked at anew, for its form or by the gate."""
    for wrong in ({**BODY, "to": "nobody"}, {**BODY, "colour": "red"}):
        assert (await post(house, wrong)).status == 422
    await house.call("PUT", f"/v1/optouts/{BODY['to']}", {"reason": "by phone"})
    assert (await post(house, BODY)).kind == "opted-out"
    await house.call("DELETE", f"/v1/optouts/{BODY['to']}?reason=wrote")
    assert (await post(house, BODY)).status == 201


def _batch(*texts: str, wrong: int = 0) -> dict[str, Any]:
    good = [{"to": f"+1555000{2000 + n}", "text": text} for n, text in enumerate(texts)]
    return {"messages": [{"to": "x"}] * wrong + good}


async def test_a_batch_is_answered_the_same_again(tmp_path: Path, database_url: str) -> None:
    """All its items, octet by octet, the refused ones too, in pieces as it is written."""
    body = _batch(*(f"text {n} ü 📦" for n in range(60)), wrong=1)
    async with open_house(tmp_path, database_url=database_url) as house:
        replies = [await post(house, body, path="/batch") for _ in range(2)]
        replies += await asyncio.gather(*(post(house, body, path="/batch") for _ in range(4)))
        items = {reply.body.partition(b'],"expected_done_at"')[0] for reply in replies}
        assert len(items) == 1
        assert len(await texts(house)) == 60


async def test_what_was_refused_in_a_batch_stays_refused_under_its_key(house: House) -> None:
    """The key covers the whole answer, also where the reason is gone by now."""
    await house.call("PUT", "/v1/optouts/+15550002000", {"reason": "by phone"})
    first = await post(house, _batch("one"), path="/batch")
    assert [item["status"] for item in first.json["items"]] == [422]
    await house.call("DELETE", "/v1/optouts/+15550002000?reason=wrote")
    assert (await post(house, _batch("one"), path="/batch")).json["items"] == first.json["items"]
    assert (await post(house, _batch("one"), "u", "/batch")).json["items"][0]["status"] == 201


async def test_another_batch_under_a_used_key_takes_nothing(house: House) -> None:
    """Also where the first piece of the first one had no text that could be taken."""
    wrong_first = _batch("one", wrong=CHUNK)
    assert (await post(house, wrong_first, path="/batch")).status == 200
    for other in (_batch(*["two"] * (CHUNK + 1)), _batch("one", wrong=CHUNK + 1)):
        reply = await post(house, other, path="/batch")
        assert (reply.status, reply.kind) == (409, "idempotency-conflict")
    assert await texts(house) == ["one"]


def test_answers_are_kept_for_a_day_at_least() -> None:
    """Whoever had no network over night asks again the next morning."""
    (kept,) = (f for f in fields(GatewaySettings) if f.name == "keep_idempotency_s")
    assert isinstance(kept.default, float)
    assert kept.default >= 86_400
