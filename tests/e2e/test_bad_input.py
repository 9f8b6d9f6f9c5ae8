"""Clients that are hostile or broken, thousands at once, while the bank sends: right answers, no
leak, and every text goes once. `make api-fuzz` does it longer, by SEED."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import resource
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.api.hostile import CLOSED, Door, crowd, unfair_answers, wrong_answers
from tests.e2e.site import Site, running, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

TIMES: Final = int(os.environ.get("API_FUZZ_TIMES", "1"))
SEED: Final = int(os.environ.get("API_FUZZ_SEED", "20261128"))
CROWD: Final = 2_000
LET_IN: Final = 500
TEXTS: Final = 80
DRIPS: Final = (b"", b"GET / HTTP/1.1\r\nX: aaaaaaaaaaaaaaaaaaaaaa", b"\x16\x03\x01\x02\x00")


@pytest.fixture
def files() -> Iterator[None]:
    """Enough file descriptors for the crowd."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 2 * CROWD)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def sockets(site: Site) -> int:
    """How many sockets the daemon has open; its files are the database's, as many as it reads."""
    assert site.daemon is not None
    found = 0
    for entry in Path(f"/proc/{site.daemon.pid}/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # closed meanwhile
            found += str(entry.readlink()).startswith("socket:")
    return found


def waiting(site: Site) -> bool:
    """Whether a text has not gone yet."""
    pages = (site.get(f"/v1/messages?status={status}&limit=1") for status in ("queued", "sending"))
    return any(page["items"] for page in pages)


async def attack(door: Door, chance: random.Random) -> list[str]:
    """All of it, one after the other; what was answered wrongly."""
    wrong = await wrong_answers(door)
    unfair = await unfair_answers(door, chance, 100)
    found = await crowd(door, CROWD, DRIPS)
    # Ended by the clock, or as no HTTP; refused in words, or by closing where many are at once.
    assert found.keys() <= {408, 400, 503, CLOSED}, found
    assert found[408] + found[400] >= LET_IN // 2, found  # who still drips may read no answer
    assert found[503] > 0, found
    return [*wrong, *map(repr, unfair)]


@pytest.mark.usefixtures("files")
def test_hostile_clients_get_right_answers_and_take_nothing(tmp_path: Path) -> None:
    """It has no more sockets open afterwards than before; the bank has sent all the while."""
    site = Site(tmp_path, f"sqlite:///{tmp_path}/modemgw.db", submit_ms=100)
    site.daemon_environment = {
        "MODEMGW_API__HEAD_TIMEOUT": "1.5",
        "MODEMGW_API__BODY_TIMEOUT": "1",
        "MODEMGW_API__MAX_CLIENT_CONNECTIONS": str(LET_IN),
    }
    chance = random.Random(SEED)
    with running(site):
        door = Door("127.0.0.1", site.port, site.key)
        assert asyncio.run(wrong_answers(door)) == []  # once, so that what is opened once is open
        before = sockets(site)
        for number in range(TIMES):
            sent = len(site.journal("submit"))
            first = f"+1555{number % 10_000:04}0"
            texts = [{"to": f"{first}{i:03}"[:12], "text": f"No. {i}"} for i in range(TEXTS)]
            site.send_many(texts)
            assert asyncio.run(attack(door, chance)) == []
            assert len(site.journal("submit")) > sent + TEXTS // 4
            wait_for("all connections to be gone", lambda: sockets(site) <= before)
            assert site.call("GET", "/healthz")[0] == 200
        wait_for("all texts to go", lambda: not waiting(site), 60)
        counts = site.judge()
        assert counts["held"], counts
        assert counts["once"] == counts["accepted"], counts
