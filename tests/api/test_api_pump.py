"""Deliveries: signed, in order, retried, given up, and unforgotten."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from standardwebhooks import Webhook

from modemgw.api import pump as pump_module
from modemgw.clock import SharedClock
from modemgw.gateway.views import event as view
from modemgw.store import webhooks
from modemgw.store.events import Published
from tests.api.house import SETTINGS, House, event, open_house, until
from tests.api.receiver import SECRET, Receiver, configure, receiving, settled

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from modemgw.store.transaction import Transaction


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """A program that webhooks are posted to."""
    async with receiving() as opened:
        yield opened


async def test_an_event_is_posted_and_signed_by_standard_webhooks(
    house: House, receiver: Receiver
) -> None:
    """Their own library verifies it, and the id is the event's."""
    (webhook,) = await configure(house, receiver.url)
    told = event("Hello 😀", "cnv_1")
    await house.emit(told)
    assert await settled(house, webhook) == [("delivered", 1)]
    ((headers, body),) = receiver.raw
    assert Webhook(SECRET).verify(body, headers) == view(told)
    assert headers["webhook-id"] == told.id
    assert headers["content-type"] == "application/json"


async def test_only_events_that_are_wanted_are_posted(house: House, receiver: Receiver) -> None:
    """Others are not even owed."""
    (webhook,) = await configure(house, receiver.url, events=("modem.state",))
    await house.emit(event("a"), event("b", kind="modem.state"), event("c"))
    assert await settled(house, webhook) == [("delivered", 1)]
    assert receiver.texts() == ["b"]


async def test_events_of_a_conversation_come_in_order_one_at_a_time(
    house: House, receiver: Receiver
) -> None:
    """Also when the receiver is slow and fails now and then."""
    failures = iter([204, 500, 204, 503, 500] + [204] * 50)

    async def answer(_event: dict[str, Any]) -> int:
        await asyncio.sleep(0.002)
        return next(failures)

    receiver.answer = answer
    (webhook,) = await configure(house, receiver.url)
    for n in range(10):
        await house.emit(event(f"n{n}", "cnv_1"))
    statuses = await settled(house, webhook)
    assert {status for status, _ in statuses} == {"delivered"}
    assert sum(attempts for _, attempts in statuses) == 13
    assert list(dict.fromkeys(receiver.texts())) == [f"n{n}" for n in range(10)]
    assert receiver.texts() == sorted(receiver.texts())
    assert receiver.most == 1


async def test_what_waits_for_an_outcome_waits_for_no_patience(
    house: House, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor for that of the outcomes before it, which nobody waits for."""
    monkeypatch.setattr("modemgw.store.writer.PATIENCE_S", 60.0)

    async def answer(_event: dict[str, Any]) -> int:
        await asyncio.sleep(0.05)  # so that others stand behind it
        return 204

    receiver.answer = answer
    await configure(house, receiver.url)
    await house.emit(event("alone", "cnv_0"))
    await until(lambda: len(receiver.texts()) == 1)
    await house.emit(*(event(f"n{n}", "cnv_1") for n in range(5)))
    await until(lambda: len(receiver.texts()) == 6)


async def test_conversations_do_not_wait_for_each_other(house: House, receiver: Receiver) -> None:
    """One that the receiver refuses is tried again while the others go on."""

    async def answer(told: dict[str, Any]) -> int:
        return 500 if told["data"]["text"].startswith("bad") else 200

    receiver.answer = answer
    await configure(house, receiver.url)
    await house.emit(event("bad1", "cnv_1"), event("bad2", "cnv_1"))
    for n in range(3):
        await house.emit(event(f"good{n}", "cnv_2"))
    await until(lambda: "good2" in receiver.texts() and receiver.texts().count("bad1") > 2)
    assert "bad2" not in receiver.texts()


async def test_endpoints_do_not_wait_for_each_other(house: House, receiver: Receiver) -> None:
    """One that never answers takes nothing from another."""
    hang = asyncio.Event()

    async def answer(_told: dict[str, Any]) -> int:
        await hang.wait()
        return 200

    async with receiving() as other:
        other.answer = answer
        _, webhook = await configure(house, other.url, receiver.url)
        await house.emit(*(event(f"n{n}", f"cnv_{n}") for n in range(50)))
        assert await settled(house, webhook) == [("delivered", 1)] * 50
        assert other.most == SETTINGS.webhook_concurrency
        hang.set()


async def test_a_receiver_that_hangs_or_redirects_has_not_taken_the_event(
    house: House, receiver: Receiver
) -> None:
    """No answer in time and a redirect are failures; redirects are not followed."""
    answers = iter([302, 0, 200])

    async def answer(_told: dict[str, Any]) -> int:
        status = next(answers)
        if not status:
            await asyncio.sleep(5)
        return status

    receiver.answer = answer
    (webhook,) = await configure(house, receiver.url)
    await house.emit(event("n"))
    assert await settled(house, webhook) == [("delivered", 3)]


async def test_an_event_that_fails_for_too_long_is_dead_and_the_next_proceeds(
    tmp_path: Path, receiver: Receiver
) -> None:
    """The log of deliveries says why."""

    async def answer(told: dict[str, Any]) -> int:
        return 500 if told["data"]["text"] == "bad" else 200

    receiver.answer = answer
    async with open_house(tmp_path, webhook_dead_after_s=0.15) as house:
        (webhook,) = await configure(house, receiver.url)
        await house.emit(event("bad", "cnv_1"), event("next", "cnv_1"))
        (dead, attempts), next_ = await settled(house, webhook)
        assert (dead, next_) == ("dead", ("delivered", 1))
        assert attempts > 2
        page = await house.call("GET", f"/v1/webhooks/{webhook}/deliveries")
        newest, oldest = page.json["items"]
        assert newest["status"] == "delivered"
        assert (oldest["last_status"], oldest["last_error"]) == (500, "answered 500")


async def test_410_disables_the_endpoint_and_keeps_what_is_owed(
    house: House, receiver: Receiver
) -> None:
    """It is asked for nothing more; a restart with it in the configuration goes on."""

    async def gone(_told: dict[str, Any]) -> int:
        return 410

    receiver.answer = gone
    (webhook,) = await configure(house, receiver.url)
    await house.emit(event("n0", "cnv_1"))

    async def disabled() -> dict[str, Any]:
        async with asyncio.timeout(5):
            while True:
                view = (await house.call("GET", f"/v1/webhooks/{webhook}")).json
                if not view["enabled"]:
                    return dict(view)
                await asyncio.sleep(0.005)

    shown = await disabled()
    assert "410" in shown["disabled_reason"]
    assert shown["pending"] == 1
    await house.emit(event("n1", "cnv_1"))
    receiver.answer = None
    await configure(house, receiver.url)
    assert await settled(house, webhook) == [("delivered", 1)]
    assert receiver.texts() == ["n0", "n0"]


async def test_an_endpoint_is_asked_nothing_while_it_is_being_disabled(
    house: House, receiver: Receiver
) -> None:
    """However long the database takes to say so."""
    entered, released = threading.Event(), threading.Event()
    behind: list[asyncio.Task[None]] = []

    def hold(_tx: Transaction) -> None:
        entered.set()
        released.wait(20)

    async def gone(_told: dict[str, Any]) -> int:
        if not behind:
            behind.append(asyncio.create_task(house.gateway.writer.run(hold)))
            await asyncio.to_thread(entered.wait, 10)
        return 410

    receiver.answer = gone
    (webhook,) = await configure(house, receiver.url)
    await house.emit(event("n0", "cnv_1"))
    try:
        async with asyncio.timeout(10):
            while not receiver.got:
                await asyncio.sleep(0.005)
        await asyncio.sleep(6 * SETTINGS.poll_s)  # it looks for what there is to post
    finally:
        released.set()
    await behind[0]
    async with asyncio.timeout(10):
        while (await house.call("GET", f"/v1/webhooks/{webhook}")).json["enabled"]:
            await asyncio.sleep(0.005)
    assert receiver.texts() == ["n0"]


async def test_what_is_owed_survives_a_restart(tmp_path: Path, receiver: Receiver) -> None:
    """What was refused before comes after it, in order, with the same ids."""
    told = [event(f"n{n}", "cnv_1") for n in range(3)]
    receiver.answer = _refuse
    async with open_house(tmp_path) as house:
        (webhook,) = await configure(house, receiver.url)
        await house.emit(*told)
        await until(lambda: len(receiver.got) > 1)
    receiver.answer = None
    async with open_house(tmp_path) as house:
        statuses = await settled(house, webhook)
    assert [status for status, _ in statuses] == ["delivered"] * 3
    assert [got["id"] for got in receiver.got[-3:]] == [one.id for one in told]


async def _refuse(_told: dict[str, Any]) -> int:
    return 503


async def test_a_failing_event_is_not_given_up_because_the_daemon_was_away(
    tmp_path: Path, receiver: Receiver
) -> None:
    """The dead time counts from the first attempt of a run: both may start after a power cut."""
    answers = iter([503, 503, 204])

    async def answer(_told: dict[str, Any]) -> int:
        return next(answers)

    receiver.answer = answer
    long_ago = time.time() - 86_400
    async with open_house(tmp_path, webhook_backoff_s=(30.0,)) as house:
        (webhook,) = await configure(house, receiver.url)
        await house.emit(event("n"))
        await until(lambda: len(receiver.got) == 1)
    async with open_house(tmp_path) as house:
        await house.gateway.writer.run(
            lambda tx: webhooks.settle(
                tx.connection, webhook, 1, first_tried_at=long_ago, next_at=long_ago
            )
        )
        ((status, _),) = await settled(house, webhook)
        assert status == "delivered"


async def test_a_backoff_of_hours_ends_when_a_test_sets_the_clock_on(
    tmp_path: Path, receiver: Receiver
) -> None:
    """It goes by the clock that is handed in, as all policy does."""
    answers = iter([503, 204])
    clock = SharedClock(tmp_path / "clock.sock")

    async def answer(_told: dict[str, Any]) -> int:
        return next(answers)

    def later() -> bool:
        course = {"now": clock() + 3_600, "t": time.monotonic(), "scale": 1}
        clock._take(json.dumps(course).encode())
        return len(receiver.got) == 2

    receiver.answer = answer
    async with open_house(
        tmp_path, clock=clock, webhook_backoff_s=(7_200.0,), webhook_dead_after_s=1e9
    ) as house:
        (webhook,) = await configure(house, receiver.url)
        await house.emit(event("n"))
        await until(lambda: len(receiver.got) == 1)
        await until(later)
        ((status, _),) = await settled(house, webhook)
        assert status == "delivered"


async def test_a_removed_endpoint_gets_nothing_more(house: House, receiver: Receiver) -> None:
    """What was owed to it is forgotten."""
    receiver.answer = _refuse
    await configure(house, receiver.url)
    await house.emit(event("n0", "cnv_1"))
    await until(lambda: bool(receiver.got))
    await configure(house)
    house.api.published(Published(1))
    await until(lambda: receiver.running == 0)
    seen = len(receiver.got)
    await asyncio.sleep(0.15)
    assert len(receiver.got) <= seen + 1


async def test_more_than_the_window_is_owed_and_all_of_it_comes(
    house: House, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is read ahead is bounded, and read on as it drains."""
    monkeypatch.setattr(pump_module, "WINDOW", 10)
    (webhook,) = await configure(house, receiver.url)
    await house.emit(*(event(f"n{n:02}", f"cnv_{n % 3}") for n in range(75)))
    assert await settled(house, webhook) == [("delivered", 1)] * 75
    for n in range(3):
        mine = [text for text in receiver.texts() if int(text[1:]) % 3 == n]
        assert mine == sorted(mine)


async def test_a_fault_in_a_strand_is_noticed_and_its_event_tried_again(
    house: House, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake of ours costs a moment, not an event."""
    judge, faults = pump_module.Pump._judge, iter([True])

    def faulty(*args: Any) -> Any:
        if next(faults, False):
            raise ZeroDivisionError
        return judge(*args)

    monkeypatch.setattr(pump_module.Pump, "_judge", faulty)
    (webhook,) = await configure(house, receiver.url)
    await house.emit(event("n"))
    assert await settled(house, webhook) == [("delivered", 1)]
    assert receiver.texts() == ["n", "n"]
