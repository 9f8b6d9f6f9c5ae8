"""What programs repeat without end does not make the audit grow without end."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest

from modemgw.api import admin_log
from modemgw.api.admin_log import AdminLog, Call
from modemgw.api.routing import Answer, Route, Scope
from modemgw.store.ledger import every_entry
from tests.api.house import House, open_house
from tests.api.test_api_limits import Hand
from tests.api.wire import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

PERSON = "/v1/persons/%2B15550001009"


@pytest.fixture
def clock() -> Hand:
    """One that is set by hand."""
    return Hand()


@pytest.fixture
async def house(tmp_path: Path, clock: Any) -> AsyncIterator[House]:
    """An API that goes by it."""
    async with open_house(tmp_path, clock=clock) as opened:
        yield opened


async def noted(house: House) -> list[tuple[Any, ...]]:
    """What the audit says of admins."""
    told = await house.gateway.reader.run(every_entry)
    calls = [entry["detail"] for entry in told if entry["action"] == "admin"]
    return [(call["method"], call["route"], call["target"], call["status"]) for call in calls]


async def test_a_dashboard_is_in_the_audit_once_a_day(house: House, clock: Any) -> None:
    """So is a program that is refused again and again; each route, target and outcome is one."""
    key = (await house.call("GET", "/v1/keys")).json["items"][0]["id"]
    for _ in range(3):
        await house.call("GET", "/v1/keys")
        await house.call("GET", f"/v1/keys/{key}")
        await house.call("GET", "/v1/keys/key_none")
        await house.call("PATCH", "/v1/keys/key_none", {"name": "x"})
    day = [
        ("GET", "/v1/keys", None, 200),
        ("GET", "/v1/keys/{id}", key, 200),
        ("GET", "/v1/keys/{id}", "key_none", 404),
        ("PATCH", "/v1/keys/{id}", "key_none", 404),
    ]
    assert await noted(house) == day
    clock.now += 86_400
    await house.call("GET", "/v1/keys")
    assert await noted(house) == [*day, day[0]]


async def test_what_is_noted_over_midnight_is_of_the_day_before(house: House, clock: Any) -> None:
    """The new day has its own entry, though another call of it was first."""
    log, free = AdminLog(house.gateway), threading.Event()
    held = asyncio.create_task(house.gateway.writer.run(lambda _: free.wait(PATIENCE_S)))
    nothing: Any = None  # nobody calls it here
    route = Route("GET", "/v1/one", nothing, Scope.ADMIN, "Read", Answer(200), "tag")
    one, other = (Call("key", "GET", path, None, 200, "::1") for path in ("/v1/one", "/v1/other"))
    notes = []
    for call in (one, other):  # each waits for the database
        notes.append(asyncio.create_task(log.note(call, route, "req", None)))
        await asyncio.sleep(0)
        clock.now += admin_log.DAY_S
    clock.now -= admin_log.DAY_S
    free.set()
    await asyncio.gather(held, *notes)
    for _ in range(2):
        await log.note(one, route, "req", None)
    paths = [path for _, path, _, _ in await noted(house)]
    assert paths == ["/v1/one", "/v1/other", "/v1/one"]


async def test_another_key_and_another_address_are_noted_by_themselves(tmp_path: Path) -> None:
    """Who has stolen a key does not hide behind its owner's reads."""
    async with open_house(tmp_path, trusted_proxies=("127.0.0.1",)) as house:
        await house.make_key("boss", scopes=("admin",))
        for _ in range(2):
            for key in ("all", "boss"):
                for client in ("192.0.2.1", "192.0.2.2"):
                    sent = {"X-Forwarded-For": client, "X-Forwarded-Proto": "https"}
                    await house.call("GET", "/v1/keys", key=key, headers=sent)
        assert await noted(house) == [("GET", "/v1/keys", None, 200)] * 4


async def test_each_act_that_changes_something_is_noted(house: House) -> None:
    """However often it is the same."""
    for _ in range(3):
        assert (await house.call("POST", "/v1/keys", {"name": "x"})).status == 201
    assert await noted(house) == [("POST", "/v1/keys", None, 201)] * 3


async def test_each_look_at_a_persons_data_is_noted_and_they_have_a_pace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond it nothing is shown, and nothing noted; other calls go on."""
    monkeypatch.setattr(admin_log, "VIEWS_A_MINUTE", 3)
    async with open_house(tmp_path) as house:
        for _ in range(3):
            assert (await house.call("GET", PERSON)).status == 200
        refused = await house.call("GET", PERSON)
        assert (refused.status, refused.kind) == (429, "rate-limited")
        assert 0 < int(refused.headers["Retry-After"]) <= 60
        assert await noted(house) == [("GET", "/v1/persons/{number}", None, 200)] * 3
        assert (await house.call("GET", "/v1/keys")).status == 200


async def test_a_day_has_only_so_many_calls_that_change_nothing(
    house: House, clock: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Targets can be made up without end; what changes something is noted all the same."""
    monkeypatch.setattr(admin_log, "KNOWN_LIMIT", 3)
    for i in range(5):
        await house.call("GET", f"/v1/keys/key_{i}")
    await house.call("POST", "/v1/keys", {"name": "x"})
    entries = [("GET", "/v1/keys/{id}", f"key_{i}", 404) for i in range(3)]
    assert await noted(house) == [*entries, ("POST", "/v1/keys", None, 201)]
    clock.now += 86_400
    await house.call("GET", "/v1/keys/key_4")
    assert len(await noted(house)) == 5
