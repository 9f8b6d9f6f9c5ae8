"""Guesses are slowed down by neighbourhood; right keys, and other addresses, never."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import pytest
from multidict import CIMultiDict, CIMultiDictProxy

from modemgw.api import brakes
from modemgw.api.brakes import Brakes
from modemgw.api.clients import Client, client_of, networks
from modemgw.api.problems import ProblemError
from tests.api.house import House, open_house

if TYPE_CHECKING:
    from pathlib import Path

TRUSTED = networks(["127.0.0.1", "10.0.0.0/8", "fd00::/8"])


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(brakes, "FIRST_DELAY_S", 0.001)


async def guess(house: House, key: str, client: str = "") -> tuple[int, str | None]:
    """The status that a key gets, and when to come again."""
    headers = {"X-Forwarded-For": client} if client else {}
    reply = await house.call("GET", "/v1/messages", key=key, headers=headers)
    return reply.status, reply.headers.get("Retry-After")


async def test_who_guesses_is_told_to_come_later_each_time_and_a_right_key_is_let_in(
    house: House,
) -> None:
    """From the same address, too: a proxy may stand before everybody."""
    told = [await guess(house, f"wrong{n}") for n in range(13)]
    assert [status for status, _ in told] == [401] * 10 + [429] * 3
    assert [after for _, after in told[10:]] == ["64", "128", "256"]
    reply = await house.call("GET", "/v1/messages", key="wrong99")
    assert reply.kind == "too-many-guesses"
    assert (await guess(house, "all"))[0] == 200


async def test_a_wrong_key_that_is_sent_again_and_again_is_no_guess(house: House) -> None:
    """A client that was not told of a revocation hears 401, not 429."""
    assert {await guess(house, "old") for _ in range(20)} == {(401, None)}


async def test_each_guess_takes_longer_before_it_is_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Doubled each time, once the free ones are used up."""
    monkeypatch.setattr(brakes, "FIRST_DELAY_S", 0.02)
    pedal, took = Brakes(), []
    for n in range(8):
        began = time.monotonic()
        await pedal.wrong("a", str(n))
        took.append(time.monotonic() - began)
    assert took[5] >= 0.02
    assert took[6] >= 0.04
    assert took[7] >= 0.08


async def test_what_is_remembered_and_who_waits_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Many addresses, and many guesses at once."""
    monkeypatch.setattr(brakes, "MOST_NEIGHBOURHOODS", 3)
    monkeypatch.setattr(brakes, "MOST_WAITING", 1)
    pedal = Brakes()
    for n in range(9):
        await pedal.wrong(str(n), "x")
    assert len(pedal._guesses) == 3
    for n in range(5):
        await pedal.wrong("a", str(n))
    monkeypatch.setattr(brakes, "FIRST_DELAY_S", 0.2)
    waiting = asyncio.create_task(pedal.wrong("a", "y"))
    await asyncio.sleep(0)
    with pytest.raises(ProblemError):
        await pedal.wrong("a", "z")
    await waiting
    assert pedal._waiting == 0


async def test_guesses_are_forgotten_after_a_quiet_time() -> None:
    """The one who typed wrong starts anew."""
    now = [0.0]
    pedal = Brakes(lambda: now[0])
    for n in range(brakes.DELAYED):
        await pedal.wrong("a", str(n))
    with pytest.raises(ProblemError):
        await pedal.wrong("a", "b")
    now[0] += brakes.FORGOTTEN_AFTER_S + 1
    await pedal.wrong("a", "c")


def test_an_address_of_ipv6_is_counted_with_its_64() -> None:
    """One customer has as many addresses as he likes."""
    assert Client("2001:db8:1:2:3::4").neighbourhood == Client("2001:db8:1:2::9").neighbourhood
    assert Client("2001:db8:1:2::9").neighbourhood != Client("2001:db8:1:3::9").neighbourhood
    assert Client("192.0.2.1").neighbourhood == "192.0.2.1"


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("192.0.2.1", ["203.0.113.5"], "192.0.2.1"),  # no proxy of ours: a lie
        ("127.0.0.1", [], "127.0.0.1"),
        ("127.0.0.1", ["203.0.113.5"], "203.0.113.5"),
        ("127.0.0.1", ["198.51.100.1, 203.0.113.5"], "203.0.113.5"),  # what stands before: a lie
        ("127.0.0.1", ["198.51.100.1", "203.0.113.5, 10.1.2.3"], "203.0.113.5"),
        ("127.0.0.1", ["203.0.113.5, rubbish"], "127.0.0.1"),
        ("127.0.0.1", ["10.1.2.3"], "10.1.2.3"),
        ("::ffff:127.0.0.1", ["2001:db8::1"], "2001:db8::1"),
        ("fd00::1%eth0", ["203.0.113.5\t"], "203.0.113.5"),
        (None, ["203.0.113.5"], "unknown"),
    ],
)
def test_only_trusted_proxies_are_believed_from_the_nearest_on(
    peer: str | None, forwarded: list[str], found: str
) -> None:
    """What anybody can write stands before what our proxies write."""
    headers = CIMultiDict([("X-Forwarded-For", value) for value in forwarded])
    assert client_of(peer, CIMultiDictProxy(headers), TRUSTED).address == found


async def test_behind_a_proxy_each_client_is_counted_and_written_down_by_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And without a trusted proxy nobody changes his address by a header."""
    async with open_house(tmp_path, trusted_proxies=("127.0.0.1",)) as house:
        for n in range(12):
            await guess(house, f"wrong{n}", "203.0.113.5")
        assert (await guess(house, "wrong", "203.0.113.5"))[0] == 429
        assert (await guess(house, "wrong", "203.0.113.6"))[0] == 401
        assert (await guess(house, "all", "203.0.113.5"))[0] == 200
    assert "client=203.0.113.5" in capsys.readouterr().out


async def test_without_a_trusted_proxy_a_header_changes_nothing(house: House) -> None:
    """All guesses are those of the one who is connected."""
    told = [await guess(house, f"wrong{n}", f"203.0.113.{n}") for n in range(12)]
    assert told[-1][0] == 429


async def test_a_key_that_a_proxy_got_in_the_clear_is_refused(tmp_path: Path) -> None:
    """Unless the configuration allows it; who is no proxy is not asked."""
    told = {"X-Forwarded-For": "203.0.113.5", "X-Forwarded-Proto": "http"}
    encrypted = {**told, "X-Forwarded-Proto": "https"}
    cases: tuple[tuple[dict[str, Any], int], ...] = (
        ({"trusted_proxies": ("127.0.0.1",)}, 403),
        ({"trusted_proxies": ("127.0.0.1",), "allow_anywhere": True}, 200),
        ({}, 200),
    )
    for changes, status in cases:
        async with open_house(tmp_path, **changes) as house:
            reply = await house.call("GET", "/v1/messages", headers=told)
            assert reply.status == status
            assert status == 200 or reply.kind == "in-the-clear"
            assert (await house.call("GET", "/v1/messages", headers=encrypted)).status == 200
