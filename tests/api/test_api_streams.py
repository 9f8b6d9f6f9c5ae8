"""The stream of events: live, resumed, reset, filtered, and closed."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from modemgw.api import feed as feed_module
from modemgw.gateway.views import event as view
from modemgw.store import events, keys
from tests.api.house import SETTINGS, House, event, open_house

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import aiohttp


class Listener:
    """Reads server-sent events."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response

    async def block(self) -> dict[str, str]:
        """The next block, comments included."""
        fields: dict[str, str] = {}
        while True:
            line = (await self.response.content.readline()).decode()
            if not line:
                raise EOFError
            if line == "\n":
                return fields
            name, _, value = line.rstrip("\n").partition(":")
            fields[name] = value.removeprefix(" ")

    async def next(self) -> dict[str, str]:
        """The next event."""
        while True:
            block = await self.block()
            if "data" in block:
                return block

    async def texts(self, count: int) -> list[str]:
        """The texts of the next events."""
        return [json.loads((await self.next())["data"])["data"]["text"] for _ in range(count)]


@asynccontextmanager
async def listening(
    house: House, query: str = "", last: str | None = None
) -> AsyncIterator[Listener]:
    """A stream that has begun: what is published from here on is in it."""
    headers = {"Authorization": f"Bearer {house.keys['all']}"}
    if last is not None:
        headers["Last-Event-ID"] = last
    async with (
        asyncio.timeout(5),
        house.client.get(f"{house.base}/v1/events{query}", headers=headers) as response,
    ):
        assert response.status == 200
        assert response.content_type == "text/event-stream"
        listener = Listener(response)
        assert await listener.block() == {"retry": "2000"}
        yield listener


async def test_events_come_as_they_happen_whole_and_in_order(house: House) -> None:
    """`id` is the event's, `event` its type, `data` the whole of it; older ones do not come."""
    await house.emit(event("before"))
    async with listening(house) as stream:
        published = [event(f"n{n}") for n in range(3)]
        await house.emit(*published[:1])
        await house.emit(*published[1:])
        for expected in published:
            got = await stream.next()
            assert (got["id"], got["event"]) == (expected.id, expected.type)
            assert json.loads(got["data"]) == view(expected)


async def test_a_stream_resumes_after_the_last_event_seen(house: House) -> None:
    """By header or by parameter; the header wins. Nothing is skipped, nothing comes twice."""
    published = [event(f"n{n}") for n in range(5)]
    await house.emit(*published)
    async with listening(house, last=published[1].id) as stream:
        assert await stream.texts(3) == ["n2", "n3", "n4"]
    async with listening(house, f"?after={published[3].id}") as stream:
        assert await stream.texts(1) == ["n4"]
    async with listening(house, f"?after={published[0].id}", last=published[3].id) as stream:
        assert await stream.texts(1) == ["n4"]


async def test_a_stream_that_lags_behind_the_ring_reads_the_database(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However far back it resumes, every event comes once."""
    monkeypatch.setattr(feed_module, "RING_SIZE", 4)
    monkeypatch.setattr(feed_module, "BATCH", 3)
    async with open_house(tmp_path) as house:
        published = [event(f"n{n}") for n in range(20)]
        for one in published:
            await house.emit(one)
        async with listening(house, last=published[0].id) as stream:
            assert await stream.texts(19) == [f"n{n}" for n in range(1, 20)]
            await house.emit(event("live"))
            assert await stream.texts(1) == ["live"]


async def test_an_unknown_resume_point_gets_a_reset_and_then_what_is_new(house: House) -> None:
    """A client then knows that it missed something."""
    await house.emit(event("missed"))
    async with listening(house, last="evt_" + "0" * 32) as stream:
        assert (await stream.next())["event"] == "reset"
        await house.emit(event("new"))
        assert await stream.texts(1) == ["new"]


async def test_a_new_stream_is_told_where_to_resume_before_the_first_event(house: House) -> None:
    """A connection that breaks before the first event loses nothing either."""
    last = event("before")
    await house.emit(last)
    async with listening(house) as stream:
        assert await stream.block() == {"id": last.id}


async def test_types_filter_the_stream(house: House) -> None:
    """Other events are passed over, and remembered as seen."""
    async with listening(house, "?types=modem.state,message.status") as stream:
        await house.emit(event("a"), event("b", kind="modem.state"), event("c"))
        await house.emit(event("d", kind="message.status"))
        assert await stream.texts(2) == ["b", "d"]
    reply = await house.call("GET", "/v1/events?types=message.sent")
    assert (reply.status, reply.fields) == (422, {"types"})


async def test_an_idle_stream_shows_that_it_lives(house: House) -> None:
    """Comments come at each heartbeat."""
    async with listening(house) as stream:
        assert await stream.block() == {"": "still here"}


async def test_a_revoked_key_ends_its_stream(house: House) -> None:
    """At a heartbeat, once the key is no longer remembered."""
    async with listening(house) as stream:
        await house.gateway.writer.run(lambda tx: keys.revoke(tx.connection, "all", 1.0))
        with pytest.raises(EOFError):
            await stream.next()


async def test_streams_are_bounded_and_end_with_the_daemon(tmp_path: Path) -> None:
    """One too many is told to come later; a stop ends them at once."""
    async with open_house(tmp_path, SETTINGS, stream_limit=1) as house, listening(house) as stream:
        reply = await house.call("GET", "/v1/events")
        assert (reply.status, reply.kind) == (503, "too-many-streams")
        assert "Retry-After" in reply.headers
        await house.api.stop()
        with pytest.raises(EOFError):
            await stream.next()


async def test_a_thousand_events_reach_many_streams_without_a_gap(house: House) -> None:
    """Each stream sees every position, whenever it began."""

    async def follow(last: str | None, count: int) -> list[str]:
        async with listening(house, last=last) as stream:
            return await stream.texts(count)

    first = event("first")
    await house.emit(first)
    readers = [asyncio.create_task(follow(first.id, 1_000)) for _ in range(10)]
    for start in range(0, 1_000, 50):
        await house.emit(*(event(f"n{n}") for n in range(start, start + 50)))
    expected = [f"n{n}" for n in range(1_000)]
    for seen in await asyncio.gather(*readers):
        assert seen == expected
    position: Any = await house.gateway.reader.run(events.last_position)
    assert position >= 1_001


async def test_a_stream_whose_client_has_gone_takes_no_place(tmp_path: Path) -> None:
    """It notices with its next heartbeat; who comes again must not wait for that."""
    async with open_house(tmp_path, stream_limit=2, heartbeat_s=60.0) as house:
        head = {"Authorization": f"Bearer {house.keys['all']}"}
        for _ in range(6):
            async with asyncio.timeout(5):
                status = 503
                while status != 200:
                    async with house.client.get(f"{house.base}/v1/events", headers=head) as reply:
                        status = reply.status
                    await asyncio.sleep(0.005)
