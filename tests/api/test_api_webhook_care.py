"""Endpoints that change: address, types, secret; and events that are posted once more."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from modemgw.api import verdicts
from modemgw.api.courier import Receipt
from modemgw.api.settings import ApiSettings
from modemgw.store import deliveries, webhooks
from tests.api.house import House, event, open_house, until
from tests.api.receiver import Receiver, configure, receiving, settled

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from modemgw.store.transaction import Transaction

DAY_S = 86_400.0


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """An API that may post to this machine."""
    async with open_house(tmp_path, allowed_hosts=frozenset({"127.0.0.1"})) as opened:
        yield opened


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A program that webhooks are posted to."""
    async with receiving() as opened:
        yield opened


async def made(house: House, url: str, **more: Any) -> dict[str, Any]:
    """An endpoint of the API."""
    reply = await house.call("POST", "/v1/webhooks", {"url": url, **more})
    assert reply.status == 201, reply
    return dict(reply.json)


def verifies(secret: str, receiver: Receiver, number: int = -1) -> bool:
    """Whether their library accepts what came with this secret."""
    headers, body = receiver.raw[number]
    try:
        Webhook(secret).verify(body, headers)
    except WebhookVerificationError:
        return False
    return True


async def test_both_secrets_sign_while_one_takes_the_others_place(
    house: House, receiver: Receiver
) -> None:
    """A receiver may have either; after the grace the former one is worth nothing."""
    endpoint = await made(house, receiver.url)
    path = f"/v1/webhooks/{endpoint['id']}"
    rotated = (await house.call("POST", f"{path}/rotate", {"grace": 3600})).json
    assert rotated["secret"] != endpoint["secret"]
    assert rotated["former_until"] is not None
    await house.emit(event("both"))
    await settled(house, endpoint["id"])
    assert verifies(endpoint["secret"], receiver)
    assert verifies(rotated["secret"], receiver)
    at_once = (await house.call("POST", f"{path}/rotate", {"grace": 0})).json
    await house.emit(event("one"))
    await until(lambda: len(receiver.raw) == 2)
    assert not verifies(rotated["secret"], receiver)
    assert verifies(at_once["secret"], receiver)
    assert "secret" not in (await house.call("GET", path)).json


async def test_an_endpoint_moves_and_wants_other_events(house: House, receiver: Receiver) -> None:
    """What it is still owed goes to the new address."""
    async with receiving() as former:

        async def refuse(_: dict[str, Any]) -> int:
            return 500

        former.answer = refuse
        endpoint = await made(house, former.url, events=["message.received"])
        await house.emit(event("owed"))
        await until(lambda: bool(former.raw))
        path = f"/v1/webhooks/{endpoint['id']}"
        changed = await house.call("PATCH", path, {"url": receiver.url, "events": ["modem.state"]})
        assert (changed.json["url"], changed.json["events"]) == (receiver.url, ["modem.state"])
        await house.emit(event("unwanted"), event("wanted", kind="modem.state"))
        await until(lambda: len(receiver.got) == 2)
        assert receiver.texts() == ["owed", "wanted"]


async def test_an_endpoint_that_was_disabled_is_enabled_again(
    house: House, receiver: Receiver
) -> None:
    """After a 410, or on request; what it was owed comes first."""
    endpoint = await made(house, receiver.url)
    path = f"/v1/webhooks/{endpoint['id']}"

    async def gone(_: dict[str, Any]) -> int:
        return 410

    receiver.answer = gone
    await house.emit(event("n0"))

    async def enabled() -> bool:
        return bool((await house.call("GET", path)).json["enabled"])

    async with asyncio.timeout(5):
        while await enabled():
            await asyncio.sleep(0.01)
    receiver.answer = None
    assert (await house.call("PATCH", path, {"enabled": True})).json["disabled_reason"] is None
    assert await settled(house, endpoint["id"]) == [("delivered", 1)]
    off = (await house.call("PATCH", path, {"enabled": False})).json
    assert (off["enabled"], off["disabled_reason"]) == (False, "disabled on request")
    await house.emit(event("missed"))
    await house.call("PATCH", path, {"enabled": True})
    await house.emit(event("n1"))
    await until(lambda: "n1" in receiver.texts())
    assert receiver.texts() == ["n0", "n0", "n1"]


@pytest.mark.parametrize(
    ("method", "path", "body", "kind"),
    [
        ("PATCH", "", {}, "invalid"),
        ("PATCH", "", {"url": "http://10.0.0.1/"}, "webhook-address"),
        ("PATCH", "", {"events": []}, "invalid"),
        ("POST", "/rotate", {"secret": "short"}, "invalid"),
        ("POST", "/rotate", {"grace": -1}, "invalid"),
        ("POST", "/replay", {}, "invalid"),
        ("POST", "/replay", {"event": "evt_x"}, "invalid"),
        ("POST", "/replay", {"before": "2027-01-31T08:00:00Z"}, "invalid"),
        ("GET", "/deliveries/evt_" + "0" * 32, None, "not-found"),
        ("GET", "/deliveries?status=lost", None, "invalid"),
    ],
)
async def test_what_cannot_be_meant_is_refused(
    house: House, receiver: Receiver, method: str, path: str, body: Any, kind: str
) -> None:
    """In words, and nothing changes."""
    endpoint = await made(house, receiver.url)
    before = (await house.call("GET", f"/v1/webhooks/{endpoint['id']}")).json
    reply = await house.call(method, f"/v1/webhooks/{endpoint['id']}{path}", body)
    assert reply.kind == kind
    assert (await house.call("GET", f"/v1/webhooks/{endpoint['id']}")).json == before


async def test_the_configurations_endpoints_are_changed_there(
    house: House, receiver: Receiver
) -> None:
    """Or the next start would undo it."""
    (webhook,) = await configure(house, receiver.url)
    for method, path, body in (
        ("PATCH", "", {"enabled": False}),
        ("POST", "/rotate", None),
    ):
        reply = await house.call(method, f"/v1/webhooks/{webhook}{path}", body)
        assert (reply.status, reply.kind) == (409, "configured-webhook")


async def test_a_dead_event_is_posted_late_and_holds_up_nothing(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next of its conversation went long ago; it comes when the receiver can take it."""
    monkeypatch.setattr(verdicts, "FIRST_LATE_S", 0.2)
    able: list[bool] = []

    async def answer(told: dict[str, Any]) -> int:
        return 200 if able or told["data"]["text"] != "bad" else 500

    receiver.answer = answer
    async with open_house(tmp_path, webhook_dead_after_s=0.05) as house:
        (webhook,) = await configure(house, receiver.url)
        bad = event("bad", "cnv_1")
        await house.emit(bad, event("next", "cnv_1"))
        assert [status for status, _ in await settled(house, webhook)] == ["dead", "delivered"]
        path = f"/v1/webhooks/{webhook}/deliveries/{bad.id}"
        dead = (await house.call("GET", path)).json
        assert dead["next_at"] is not None
        listed = await house.call("GET", f"/v1/webhooks/{webhook}/deliveries?status=dead")
        assert [item["event"] for item in listed.json["items"]] == [bad.id]
        tried = dead["attempts"]
        able.append(True)
        async with asyncio.timeout(5):
            while (now := (await house.call("GET", path)).json)["status"] == "dead":
                await asyncio.sleep(0.02)
        assert (now["status"], now["attempts"] > tried) == ("delivered", True)
        assert receiver.texts()[-1] == "bad"


async def test_events_are_replayed_with_their_ids(house: House, receiver: Receiver) -> None:
    """One, or those of a time, be they delivered or from before the endpoint was made."""
    early = event("early")
    await house.emit(early)
    endpoint = await made(house, receiver.url, events=["message.received"])
    path = f"/v1/webhooks/{endpoint['id']}"
    told = [event(f"n{n}", "cnv_1") for n in range(3)]
    await house.emit(*told, event("other", kind="modem.state"))
    await settled(house, endpoint["id"])
    one = await house.call("POST", f"{path}/replay", {"event": told[1].id})
    assert one.json == {"replayed": 1, "more": False}
    await until(lambda: len(receiver.got) == 4)
    assert receiver.raw[3][0]["webhook-id"] == told[1].id
    assert receiver.raw[3][1] == receiver.raw[1][1]
    since = {"after": "2023-11-14T00:00:00Z"}
    none = await house.call("POST", f"{path}/replay", since)
    assert none.json == {"replayed": 0, "more": False}
    every = await house.call("POST", f"{path}/replay", {**since, "status": "any"})
    assert every.json == {"replayed": 4, "more": False}
    await until(lambda: len(receiver.got) == 8)
    assert sorted(receiver.texts()[4:]) == ["early", "n0", "n1", "n2"]
    assert [text for text in receiver.texts()[4:] if text != "early"] == ["n0", "n1", "n2"]


async def test_a_replay_is_recorded_at_once_so_that_it_can_be_asked_for_again(
    house: House, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Outcomes that nobody waits for are recorded in their own time."""
    endpoint = await made(house, receiver.url)
    told = event("again", "cnv_1")
    await house.emit(told)
    await settled(house, endpoint["id"])
    monkeypatch.setattr("modemgw.store.writer.PATIENCE_S", 60.0)
    for posts in (2, 3):
        path = f"/v1/webhooks/{endpoint['id']}/replay"
        asked = await house.call("POST", path, {"event": told.id})
        assert asked.json == {"replayed": 1, "more": False}
        async with asyncio.timeout(10):
            while await settled(house, endpoint["id"]) != [("delivered", 1)]:
                await asyncio.sleep(0.01)
        assert len(receiver.got) == posts


async def test_what_is_owed_anyway_is_not_replayed(house: House, receiver: Receiver) -> None:
    """It comes in its turn."""

    async def refuse(_: dict[str, Any]) -> int:
        return 500

    receiver.answer = refuse
    endpoint = await made(house, receiver.url)
    told = event("n0")
    await house.emit(told)
    await until(lambda: bool(receiver.got))
    path = f"/v1/webhooks/{endpoint['id']}"
    reply = await house.call("POST", f"{path}/replay", {"event": told.id})
    assert reply.json == {"replayed": 0, "more": False}
    assert (await house.call("GET", f"{path}/deliveries/{told.id}")).json["status"] == "pending"


async def test_a_long_replay_comes_in_pieces(house: House, receiver: Receiver) -> None:
    """Bounded at once; the answer says that there is more."""
    endpoint = await made(house, receiver.url)
    await house.emit(*(event(f"n{n}") for n in range(30)))
    await settled(house, endpoint["id"])

    def operation(tx: Transaction) -> tuple[int, bool]:
        row = webhooks.get(tx.connection, endpoint["id"])
        assert row is not None
        return deliveries.replay(tx.connection, row, deliveries.Range(dead=False), 1.0, 20)

    assert await house.gateway.writer.run(operation) == (20, True)


def test_late_attempts_become_rarer_and_end() -> None:
    """From a quarter of an hour to a day apart, for three days, then never."""
    settings = ApiSettings(listen=())
    at, attempts = 900.0, 0
    while (following := verdicts.late_at(0.0, settings, at)) is not None:
        step = following - at
        assert 0.8 * 900 <= step <= 1.2 * DAY_S
        at, attempts = following, attempts + 1
    assert 3 * DAY_S <= at <= 3 * DAY_S + 1.2 * DAY_S
    assert 7 <= attempts <= 14


def test_a_late_attempt_that_fails_for_days_is_the_last() -> None:
    """Dead, and due no more."""
    values = verdicts.late(
        Receipt(500, "answered 500"),
        attempts=20,
        first_tried_at=0.0,
        settings=ApiSettings(listen=()),
        now=4 * DAY_S,
    )
    assert (values["status"], values["next_at"], values["attempts"]) == ("dead", None, 21)


async def test_two_who_rotate_at_once_both_have_a_secret_that_signs(house: House) -> None:
    """The second replaces the first's, which then is the former: none was handed out in vain."""
    body = {"url": "https://example.com/sms", "events": ["*"]}
    made = (await house.call("POST", "/v1/webhooks", body)).json
    path = f"/v1/webhooks/{made['id']}/rotate"
    replies = await asyncio.gather(*(house.call("POST", path, {}) for _ in range(2)))
    row = await house.gateway.reader.run(lambda c: webhooks.get(c, made["id"]))
    assert row is not None
    assert {row.secret, row.former_secret} == {reply.json["secret"] for reply in replies}
