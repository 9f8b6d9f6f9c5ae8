"""Two hosts do not wait for each other: locks of several kinds are taken in one order."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from modemgw.gateway import limits
from modemgw.gateway.bulk import Refused
from modemgw.gateway.consenting import Consent
from modemgw.gateway.requests import Caller
from modemgw.ids import new_id
from modemgw.store import messages, optouts
from modemgw.store.engine import writer_engine
from modemgw.store.waiting import Wanted
from tests.gateway.world import ALICE, BOB, START, World

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine

    from sqlalchemy import Connection

BOSS = Caller("key_boss", frozenset({"admin"}), frozenset())
FIRST, SECOND = sorted((ALICE, BOB))


@pytest.fixture
async def world(postgres_url: str) -> AsyncIterator[World]:
    """A host on PostgreSQL, whose lines are elsewhere."""
    world = World(postgres_url)
    await world.start()
    yield world
    await world.stop()


def agreed(number: str) -> Consent:
    return Consent(number, "marketing", "all", "form", "key_1", obtained_at=START)


async def texts(world: World) -> dict[str, str]:
    """A text to each."""
    return {number: await world.send(number) for number in (FIRST, SECOND)}


async def questions(world: World) -> dict[str, str]:
    """A question for the consent of each."""
    record = world.gateway.consent_desk.record
    return {
        number: (await record(agreed(number), BOSS, double=True))["request"]
        for number in (FIRST, SECOND)
    }


async def count(world: World, message_ids: list[str]) -> None:
    """Let each text have been claimed, and counted with what other hosts count."""
    reserved: dict[str, Any] = {"counts": [["to:x", "day", START, 1]], "attempts": {"1": 0}}

    def operation(connection: Connection) -> None:
        for message_id in message_ids:
            messages.change(connection, message_id, reserved=reserved)

    await world.writer.run(lambda tx: operation(tx.connection))


async def import_opt_outs(world: World) -> None:
    rows = [Refused(number, "all", "a list") for number in (SECOND, FIRST)]
    assert await world.gateway.bulk.opt_out(rows) == [True, True]


async def import_consents(world: World) -> None:
    rows = [agreed(number) for number in (SECOND, FIRST)]
    assert await world.gateway.bulk.consent(rows) == [True, True]


async def opt_out_one(world: World) -> None:
    await world.gateway.opt_out(SECOND, "api", "asked")


async def cancel_all(world: World) -> None:
    done = await world.gateway.cancels.cancel(Wanted(before_id=new_id("msg")))
    assert done.canceled >= 2


def lock_recipient(connection: Connection, _: dict[str, str]) -> None:
    """As a STOP does, or a write-ahead."""
    optouts.lock(connection, SECOND)


def lock_row(connection: Connection, texts: dict[str, str]) -> None:
    """As a claim does."""
    messages.get(connection, texts[SECOND], alone=True)


@pytest.mark.parametrize(
    ("make", "act", "take"),
    [
        (texts, import_opt_outs, lock_recipient),
        (texts, import_opt_outs, lock_row),
        (questions, import_consents, lock_recipient),
        (questions, import_consents, lock_row),
        (texts, cancel_all, lock_row),
        (texts, opt_out_one, lock_row),
    ],
)
async def test_who_waits_for_a_person_or_a_text_does_not_hold_the_limits(
    world: World,
    make: Callable[[World], Coroutine[Any, Any, dict[str, str]]],
    act: Callable[[World], Coroutine[Any, Any, None]],
    take: Callable[[Connection, dict[str, str]], None],
) -> None:
    """Another host has the one, and wants the other; it gets it, and then this one goes on."""
    found = await make(world)
    if act is opt_out_one:  # of which the second is being claimed
        found[FIRST], found[SECOND] = found[SECOND], await world.send(SECOND, "one more")
    await count(world, list(found.values()))
    engine = writer_engine(world.url)
    with engine.connect() as other:
        other.begin()
        take(other, found)
        other.execute(text("SET LOCAL lock_timeout = '300ms'"))
        task = asyncio.create_task(act(world))

        async def waits() -> bool:
            waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            return bool(await world.reader.run(lambda c: c.execute(waiting).scalar_one()))

        await world.until_async(waits)
        limits.lock(other)
        other.commit()
    await task
    engine.dispose()
