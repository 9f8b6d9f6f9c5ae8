"""Limits of keys: counted with what was taken, told in headers, and refused with 429."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from tests.api.house import House, Reply, open_house

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NOON = 1_800_014_400.0  # 2027-01-15T12:00:00Z
TEXT = {"to": "+15550001001", "text": "Hello"}


class Hand:
    """A clock that goes when it is told to."""

    warning = ""

    def __init__(self) -> None:
        self.now = NOON + 15

    def __call__(self) -> float:
        return self.now

    def elapsed(self) -> float:
        """Seconds since some moment."""
        return self.now


@pytest.fixture
def clock() -> Hand:
    """A quarter past the minute, at noon."""
    return Hand()


@pytest.fixture
async def house(tmp_path: Path, clock: Any, database_url: str) -> AsyncIterator[House]:
    """A key named `few` with limits, on each database."""
    async with open_house(tmp_path, clock=clock, database_url=database_url) as opened:
        await opened.make_key("few", scopes=["send", "read"], per_minute=3, per_day=5)
        yield opened


async def post(house: House, **changes: Any) -> Reply:
    """A text with the key that has limits."""
    return await house.call("POST", "/v1/messages", {**TEXT, **changes}, key="few")


async def batch(house: House, count: int, token: str = "") -> Reply:
    """Many texts with it."""
    headers = {"Idempotency-Key": token} if token else {}
    body = {"messages": [TEXT] * count}
    return await house.call("POST", "/v1/messages/batch", body, key="few", headers=headers)


async def test_what_is_left_is_told_and_what_is_too_much_refused(house: House) -> None:
    """429 says when the minute is over; nothing was taken."""
    lefts = []
    for _ in range(3):
        reply = await post(house)
        assert reply.status == 201
        assert reply.headers["RateLimit-Policy"] == '"minute";q=3;w=60, "day";q=5;w=86400'
        lefts.append(reply.headers["RateLimit"])
    assert lefts[0] == '"minute";r=2;t=45, "day";r=4;t=43185'
    assert lefts[2] == '"minute";r=0;t=45, "day";r=2;t=43185'
    reply = await post(house)
    assert (reply.status, reply.kind) == (429, "rate-limited")
    assert reply.headers["Retry-After"] == "45"
    assert reply.headers["RateLimit"] == lefts[2]
    assert len((await house.call("GET", "/v1/messages")).json["items"]) == 3


async def test_the_minute_begins_anew_and_the_day_goes_on(house: House, clock: Hand) -> None:
    """The day's limit then says until midnight."""
    for _ in range(3):
        await post(house)
    clock.now += 45
    assert [(await post(house)).status for _ in range(3)] == [201, 201, 429]
    reply = await post(house)
    assert reply.headers["Retry-After"] == str(43_200 - 60)
    clock.now = NOON + 43_200
    assert (await post(house)).status == 201


async def test_what_is_refused_or_repeated_does_not_count(house: House) -> None:
    """Only what was taken."""
    assert (await post(house, text=" ")).status == 422
    token = {"Idempotency-Key": "one"}
    for _ in range(5):
        reply = await house.call("POST", "/v1/messages", TEXT, key="few", headers=token)
        assert reply.status == 201
    assert reply.headers["RateLimit"].startswith('"minute";r=2;')


async def test_a_batch_that_does_not_fit_is_not_taken_at_all(house: House) -> None:
    """And says that it never will where it is larger than the limit."""
    reply = await batch(house, 4)
    assert (reply.status, reply.kind) == (429, "rate-limited")
    assert "fewer at once" in reply.json["detail"]
    assert (await batch(house, 3)).status == 200
    assert (await house.call("GET", "/v1/messages")).json["items"].__len__() == 3


async def test_the_rest_of_a_batch_is_taken_when_it_is_repeated_later(
    house: House, clock: Hand
) -> None:
    """With the same Idempotency-Key: what was taken is not taken twice."""
    key_id = (await house.call("GET", "/v1/keys")).json["items"][1]["id"]
    await house.call("PATCH", f"/v1/keys/{key_id}", {"per_minute": 30, "per_day": None})
    first = (await batch(house, 50, "list")).json["items"]
    assert [item["status"] for item in first] == [201] * 25 + [429] * 25
    clock.now += 60
    second = (await batch(house, 50, "list")).json["items"]
    assert [item["status"] for item in second] == [201] * 50
    assert second[:25] == first[:25]


async def test_requests_at_the_same_time_do_not_pass_the_limit_together(house: House) -> None:
    """The count is in the transaction that takes them."""
    replies = await asyncio.gather(*(post(house) for _ in range(12)))
    assert sorted(reply.status for reply in replies) == [201] * 3 + [429] * 9


async def test_two_hosts_count_together_and_a_restart_forgets_nothing(
    house: House, tmp_path: Path, clock: Any, database_url: str
) -> None:
    """The count is in the database."""
    await post(house)
    if database_url.startswith("sqlite"):
        await house.api.stop()
        await house.gateway.writer.stop()
    async with open_house(tmp_path, clock=clock, database_url=database_url, host="b") as other:
        other.keys["few"] = house.keys["few"]
        assert [(await post(other)).status for _ in range(3)] == [201, 201, 429]


async def test_a_key_without_limits_is_told_none(house: House) -> None:
    """No header where there is nothing to say; neither on routes that take no texts."""
    reply = await house.call("POST", "/v1/messages", TEXT)
    assert "RateLimit" not in reply.headers
    assert "RateLimit" not in (await house.call("GET", "/v1/messages", key="few")).headers
