"""Several hosts on one PostgreSQL: one of them posts webhooks, another takes over."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from modemgw.store.reader import Reader
from tests.api.house import House, event, open_house, until
from tests.api.receiver import configure, receiving, settled

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_one_host_at_a_time_has_a_duty(postgres_url: str) -> None:
    """Whoever gives it back, or loses the connection, leaves it to another."""
    reader = Reader(postgres_url, 1)
    ours, theirs, other = reader.turn("a"), reader.turn("a"), reader.turn("b")
    assert ours.hold()
    assert ours.hold()
    assert not theirs.hold()
    assert other.hold()
    ours.release()
    assert _soon(theirs.hold)  # the server notices the end of a session a moment later
    theirs.release()
    other.release()
    reader.close()


def _soon(test: Callable[[], bool]) -> bool:
    """Whether it becomes true within some seconds."""
    until = time.monotonic() + 5
    while not (held := test()) and time.monotonic() < until:
        time.sleep(0.02)
    return held


def test_without_a_database_nobody_has_the_duty(postgres_url: str) -> None:
    """Rather than everybody."""
    reader = Reader(postgres_url.replace("/test_", "/gone_"), 1)
    turn = reader.turn("a")
    assert not turn.hold()
    turn.release()
    reader.close()


async def test_two_hosts_post_each_event_once(tmp_path: Path, postgres_url: str) -> None:
    """Events of either; when the one that posts ends, the other goes on."""
    async with receiving() as receiver:
        async with open_house(tmp_path, database_url=postgres_url) as first:
            (webhook,) = await configure(first, receiver.url)
            await first.emit(event("n0", "cnv_1"))
            await settled(first, webhook)
            async with open_house(tmp_path, database_url=postgres_url, host="other") as second:
                await second.emit(event("n1", "cnv_1"))
                await first.emit(event("n2", "cnv_1"))
                await settled(first, webhook)
                await asyncio.sleep(0.1)
                assert receiver.texts() == ["n0", "n1", "n2"]
        await _takes_over(tmp_path, postgres_url, webhook)
        await until(lambda: len(receiver.got) == 4)


async def _takes_over(folder: Path, url: str, webhook: str) -> None:
    house: House
    async with open_house(folder, database_url=url, host="other") as house:
        await house.emit(event("n3", "cnv_1"))
        await settled(house, webhook)
