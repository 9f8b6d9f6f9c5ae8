"""Reviews over HTTP: listed in the order in which they matter, decided by who may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from modemgw.gateway.reviews import open_review
from modemgw.ids import new_id
from tests.api.house import House, open_house

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NUMBERS = [f"+1202555010{i}" for i in range(5)]
OPT_OUT = {"decision": "opt_out", "reason": "said so on the phone"}
KEEP = {"decision": "keep", "reason": "was about the bus stop"}


@pytest.fixture
async def house(tmp_path: Path, database_url: str) -> AsyncIterator[House]:
    """An API on either database, with keys that may send and administrate."""
    async with open_house(tmp_path, database_url=database_url) as opened:
        await opened.make_key("sender", scopes=["send"])
        await opened.make_key("admin", scopes=["send", "admin"])
        yield opened


async def doubt(house: House, number: str = NUMBERS[0]) -> str:
    """A doubtful text of a number; its review's id."""
    message_id = await house.receive(id=new_id("msg"), sender=number, classified="review")
    now = house.gateway.clock()
    row = await house.gateway.writer.run(
        lambda tx: open_review(
            tx,
            number,
            now,
            house.gateway.settings.optouts,
            within_s=60,
            message_id=message_id,
            line_id=None,
            reason="unwilling: not interested",
        )
    )
    assert row is not None
    house.gateway.refusals.review(number, row.due_at)
    return str(row.id)


async def decide(house: House, review: str, body: dict[str, str], key: str = "all") -> Any:
    return await house.call("POST", f"/v1/optouts/reviews/{review}/decide", body, key=key)


async def ids(house: House, query: str = "") -> list[str]:
    """The ids of all pages of a list, two a page."""
    found: list[str] = []
    cursor = ""
    while True:
        reply = await house.call("GET", f"/v1/optouts/reviews?limit=2{query}{cursor}")
        assert reply.status == 200, reply
        found += [item["id"] for item in reply.json["items"]]
        if reply.json["next"] is None:
            return found
        cursor = f"&cursor={reply.json['next']}"


async def test_open_reviews_come_first_then_the_decided(house: House) -> None:
    """The oldest open one is the most urgent; of the decided, the newest comes first."""
    reviews = [await doubt(house, number) for number in NUMBERS]
    for review in reviews[:2]:
        assert (await decide(house, review, KEEP)).status == 200
    assert await ids(house) == [*reviews[2:], reviews[1], reviews[0]]
    assert await ids(house, "&state=open") == reviews[2:]
    assert await ids(house, "&state=decided") == [reviews[1], reviews[0]]
    number = NUMBERS[3].replace("+", "%2B")
    assert await ids(house, f"&number={number}") == [reviews[3]]


async def test_a_wrong_filter_is_told(house: House) -> None:
    """Each by its name."""
    for query, field in (("state=maybe", "state"), ("cursor=AAAA", "cursor"), ("limit=0", "limit")):
        reply = await house.call("GET", f"/v1/optouts/reviews?{query}")
        assert (reply.status, reply.fields) == (422, {field})


async def test_a_refusal_may_be_recorded_by_who_may_send(house: House) -> None:
    """It opts the number out; once more it changes nothing, and the other way is refused."""
    review = await doubt(house)
    for _ in range(2):
        reply = await decide(house, review, OPT_OUT, "sender")
        assert (reply.status, reply.json["state"]) == (200, "decided")
        assert (reply.json["decision"], reply.json["decision_reason"]) == tuple(OPT_OUT.values())
    refused = await house.send(to=NUMBERS[0])
    assert (refused.status, refused.kind) == (422, "opted-out")
    found = await house.call("GET", f"/v1/optouts/{NUMBERS[0]}")
    assert found.json["source"] == "review"
    reply = await decide(house, review, KEEP)
    assert (reply.status, reply.kind) == (409, "already-decided")


async def test_marketing_goes_on_only_by_an_administrator(house: House) -> None:
    """As an opt-out is lifted: a tool that sends must not clear its own way."""
    review = await doubt(house)
    held = (await house.send(to=NUMBERS[0], kind="marketing")).json
    assert (held["status"], held["waiting_for"]) == ("scheduled", "under_review")
    other = (await house.send(to=NUMBERS[0], kind="conversational")).json
    assert (other["status"], other["waiting_for"]) == ("queued", None)
    reply = await decide(house, review, KEEP, "sender")
    assert (reply.status, reply.kind) == (403, "missing-scope")
    assert (await house.call("GET", f"/v1/messages/{held['id']}")).json["under_review"] is True
    assert (await decide(house, review, KEEP, "admin")).status == 200
    freed = (await house.call("GET", f"/v1/messages/{held['id']}")).json
    assert (freed["waiting_for"], freed["under_review"]) == (None, False)


async def test_the_doubtful_message_says_that_it_is_under_review(house: House) -> None:
    """Until it is decided; and the review names it."""
    review = await doubt(house)
    (item,) = (await house.call("GET", "/v1/optouts/reviews")).json["items"]
    assert (item["state"], item["decision"], item["by"]) == ("open", None, None)
    path = f"/v1/messages/{item['message']}"
    assert (await house.call("GET", path)).json["under_review"] is True
    await decide(house, review, KEEP)
    assert (await house.call("GET", path)).json["under_review"] is False


async def test_what_is_no_review_or_no_decision_is_refused(house: House) -> None:
    """A reason is not optional: the audit asks for it."""
    for review in ("rev_" + "0" * 32, "nonsense"):
        reply = await decide(house, review, OPT_OUT)
        assert (reply.status, reply.kind) == (404, "not-found")
    review = await doubt(house)
    reply = await decide(house, review, {"decision": "maybe"})
    assert (reply.status, reply.fields) == (422, {"decision", "reason"})


async def test_open_reviews_are_counted(house: House) -> None:
    """For whoever watches the bank."""
    await doubt(house)
    metrics = (await house.call("GET", "/metrics")).body.decode()
    assert "modemgw_reviews_open 1.0" in metrics
