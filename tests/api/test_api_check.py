"""May I text them? The gate's own answer, with all that stands against it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from modemgw.api.check_shapes import Check
from modemgw.api.preview_shapes import BatchPreview
from modemgw.consent.gate import Policy
from modemgw.store import messages
from tests.api.house import House, open_house
from tests.cli.commands import run

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

ALICE = "+12125550101"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """At night, to its own country alone."""
    policy = Policy.parse("08:00-21:00", ["US"])
    async with open_house(tmp_path, gateway_settings={"policy": policy}) as opened:
        yield opened


async def asked(house: House, **body: Any) -> Check:
    """What is told."""
    reply = await house.call("POST", "/v1/check", {"to": ALICE, **body})
    assert reply.status == 200, reply
    return Check.model_validate(reply.json)


async def test_everything_that_stands_against_it_is_told(house: House) -> None:
    """An opt-out and a country that is not allowed, in the order of the rules; not the first
    alone."""
    await house.call("PUT", "/v1/optouts/+447400123456", {})
    found = await asked(house, to="+447400123456", kind="marketing")
    assert found.outcome == "blocked"
    assert [objection.rule for objection in found.objections][:2] == ["opted_out", "destination"]
    assert found.until is None
    assert "Europe/London" in found.zones


async def test_the_hours_defer_until_they_open_in_the_recipients_zone(house: House) -> None:
    """What was said is what a text of that time then gets."""
    night = "2027-01-15T06:00:00Z"
    found = await asked(house, send_at=night, time_zone="America/New_York")
    assert (found.outcome, [o.rule for o in found.objections]) == ("deferred", ["outer_window"])
    sent = await house.send(to=ALICE, send_at=night, time_zone="America/New_York")
    assert found.until is not None
    assert sent.json["waiting_for"] == "outer_window"
    noon = await asked(house, send_at="2027-01-15T17:00:00Z", time_zone="America/New_York")
    assert (noon.outcome, noon.objections) == ("allowed", [])


async def test_an_answer_to_a_text_of_today_is_bound_by_no_hour(house: House) -> None:
    """It is told that it would be one."""
    now = house.gateway.clock()

    def operation(tx: Any) -> None:
        talk = messages.make_conversation(tx.connection, ALICE, "", now)
        messages.note_conversation(tx.connection, talk.id, last_inbound_at=now)

    await house.gateway.writer.run(operation)
    found = await asked(house, kind="conversational")
    assert (found.outcome, found.is_reply) == ("allowed", True)


async def test_nothing_is_written(house: House) -> None:
    """No message, no audit, no conversation."""
    await asked(house)
    assert (await house.call("GET", "/v1/messages")).json["items"] == []
    assert (await house.call("GET", "/v1/conversations")).json["items"] == []


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"to": "12"}, "invalid-number"),
        ({"pool": "nowhere"}, "unknown-pool"),
        ({"from": "+15550008888"}, "unknown-line"),
        ({"kind": "spam"}, "invalid"),
        ({"text": "x"}, "invalid"),
    ],
)
async def test_what_cannot_be_meant_is_refused(
    house: House, body: dict[str, Any], kind: str
) -> None:
    """As for a text."""
    assert (await house.call("POST", "/v1/check", {"to": ALICE, **body})).kind == kind


async def test_the_command_says_why_not(house: House, tmp_path: Path) -> None:
    """With exit status 1; 0 where they may."""
    await house.call("PUT", f"/v1/optouts/{ALICE}", {})
    more = ("--url", house.base, "--key", house.keys["all"])
    done = await asyncio.to_thread(run, "may-i-text", ALICE, *more, cwd=tmp_path)
    assert done.returncode == 1
    assert "opted_out" in done.stdout
    assert f"blocked: {ALICE}, transactional" in done.stdout


async def test_a_batch_is_asked_about_as_a_whole(house: House) -> None:
    """Each text has its outlook or its problem, in order; nothing is written."""
    await house.call("PUT", f"/v1/optouts/{ALICE}", {})
    body = {
        "messages": [
            {"to": ALICE, "text": "Hello"},
            {"to": "+12125550102", "text": "Hello"},
            {"to": "12", "text": "Hello"},
            {"to": "+12125550103"},
            {"to": "+447400123456", "text": "Hello"},
        ]
    }
    reply = await house.call("POST", "/v1/messages/batch/preview", body)
    items = BatchPreview.model_validate(reply.json).items
    outcomes = [item.outlook.outcome if item.outlook else item.status for item in items]
    assert outcomes[0] == "refused"
    assert outcomes[1] in ("queued", "scheduled")
    assert outcomes[2:] == ["refused", 422, "refused"]
    assert reply.json["outcomes"] == {
        "refused": 3, "invalid": 1, outcomes[1]: 1,
    }  # fmt: skip
    assert (await house.call("GET", "/v1/messages")).json["items"] == []
    too_many = {"messages": [body["messages"][1]] * 451}
    assert (await house.call("POST", "/v1/messages/batch/preview", too_many)).kind == "invalid"
