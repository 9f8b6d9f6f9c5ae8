"""The wall clock of the host is put right, or wrong, while the daemon works."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.crash.shim import Clock, needs_compiler
from tests.e2e.site import Site, running, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [needs_compiler, pytest.mark.timeout(240)]

HOUR_S, DAY_S = 3_600, 86_400
EACH = 60  # texts between two jumps
JUMPS_S = (6 * HOUR_S, 0, -6 * HOUR_S, 0, -400 * DAY_S)  # none beyond what a text is valid for
REFUSED_FOR_NOW = 42  # network congestion: tried again after a while


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    """The daemon's clock."""
    return Clock(tmp_path)


@pytest.fixture
def site(tmp_path: Path, clock: Clock) -> Iterator[Site]:
    """Four modems and the daemon on SQLite, with that clock."""
    made = Site(tmp_path, f"sqlite:///{tmp_path}/modemgw.db")
    made.daemon_environment |= clock.environment
    with running(made) as started:
        yield started


def test_texts_go_and_come_while_the_clock_jumps(site: Site, clock: Clock) -> None:
    """Hours forwards and back, and more than a year back, while texts are on the air: all go once,
    what customers write is taken in, and no modem is given up."""
    for turn, offset_s in enumerate(JUMPS_S):
        submits = len(site.journal("submit"))
        site.send_many(
            [{"to": f"+155520{turn}{i:04}", "text": f"Text {turn} {i}"} for i in range(EACH)]
        )
        site.inject(turn % 4, f"+1555301000{turn}", f"Answer {turn}")
        at_work = partial(_has_submitted, site, submits + EACH // 4)
        wait_for("texts on the air", at_work)
        clock.put(offset_s)
    wait_for("all texts to go", lambda: not _queued(site), 90, pause_s=0.5)
    wait_for("all answers", lambda: len(site.inbound()) == len(JUMPS_S), 60)
    counts = site.judge()
    assert counts["held"], counts
    assert counts["once"] == EACH * len(JUMPS_S), counts
    site.wait_ready(4)


def test_a_retry_does_not_wait_for_a_clock_that_was_put_back(site: Site, clock: Clock) -> None:
    """What was to be tried again in a moment is, though by the clock that is a day ahead."""
    site.ctl("fault", name="cms_error", p=1, code=REFUSED_FOR_NOW)
    message = site.send("+15552001234", "Again, please")
    wait_for("its refusal", lambda: site.get(f"/v1/messages/{message['id']}")["not_before"])
    clock.put(-DAY_S)
    site.ctl("fault", name="cms_error", p=0)
    wait_for("it to go", lambda: site.status_of(message["id"]) in ("sent", "delivered"), 90)


def test_a_text_for_later_waits_for_the_clock_as_it_is_now(site: Site, clock: Clock) -> None:
    """Put back, it shows when the text is meant to go; what is scheduled does not go early."""
    at = (datetime.now(UTC) + timedelta(hours=2)).isoformat(timespec="seconds")
    message = site.send("+15552001234", "Happy new year", send_at=at)
    clock.put(-DAY_S)
    other = site.send("+15552001235", "Now")
    wait_for("the other to go", lambda: site.status_of(other["id"]) in ("sent", "delivered"))
    found = site.get(f"/v1/messages/{message['id']}")
    assert (found["status"], found["not_before"][:19]) == ("scheduled", at[:19])


def _has_submitted(site: Site, count: int) -> bool:
    return len(site.journal("submit")) >= count


def _queued(site: Site) -> bool:
    return any(
        site.get(f"/v1/messages?status={status}&limit=1")["items"]
        for status in ("queued", "sending", "scheduled")
    )
