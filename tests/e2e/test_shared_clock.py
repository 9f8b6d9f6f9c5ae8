"""Daemon, simulator and script on one clock: what takes hours takes seconds."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

from tests.e2e.site import Site, running, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BERLIN = ZoneInfo("Europe/Berlin")
RECIPIENT = "+4915112345678"
HOUR_S = 3600


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """One modem; quiet hours as they come with modemgw."""
    site = Site(tmp_path, f"sqlite:///{tmp_path}/modemgw.db", modems=1, window="08:00-21:00")
    site.extra = f'[test]\nclock = "unix:{site.bank}/clock.sock"\n'
    with running(site):
        yield site


def becomes(site: Site, message: dict[str, Any], status: str) -> dict[str, Any]:
    """Wait until a message has a status; the message then."""
    found: dict[str, Any] = wait_for(
        f"{message['id']} to be {status}",
        lambda: (now := site.get(f"/v1/messages/{message['id']}"))["status"] == status and now,
    )
    return found


def at(hour: int, minute: int) -> str:
    """The next day at this time in Berlin."""
    day = datetime.now(BERLIN) + timedelta(days=1)
    return day.replace(hour=hour, minute=minute, second=0, microsecond=0).isoformat()


def test_a_text_expires_after_an_hour_that_takes_seconds(site: Site) -> None:
    """No service: what may wait an hour waits three seconds at twelve hundred times the speed."""
    site.ctl("clock", to=at(12, 0))
    site.ctl("registration", stat=0)
    site.wait_state("degraded", 1)
    text = site.send(RECIPIENT, "Too late", valid_for=HOUR_S)
    site.ctl("clock", scale=1200)
    ended = becomes(site, text, "expired")
    assert ended["error"]["code"] == "expired"
    assert not site.journal("submit")


def test_quiet_hours_begin_and_end_by_the_clock(site: Site) -> None:
    """At 20:59 a text goes; at 21:01 one waits, until the clock is set on to 08:00 and the quarter
    of an hour over which it may be spread."""
    site.ctl("clock", to=at(20, 59))
    becomes(site, site.send(RECIPIENT, "Good evening"), "delivered")
    site.ctl("clock", advance=120)
    waiting = site.send(RECIPIENT, "Good night")
    wait_for(
        "the gate to hold it",
        lambda: site.get(f"/v1/messages/{waiting['id']}")["waiting_for"],
    )
    assert len(site.journal("submit")) == 1
    site.ctl("clock", advance=int(11.25 * HOUR_S))
    becomes(site, waiting, "delivered")
    assert len(site.journal("submit")) == 2


def test_a_report_that_takes_hours_arrives_in_seconds(site: Site) -> None:
    """A recipient whose telephone was off for six hours; the submit itself took real time."""
    site.ctl("clock", to=at(12, 0))
    site.ctl("report", delay="6h")
    sent = becomes(site, site.send(RECIPIENT, "Are you there?"), "sent")
    site.ctl("clock", scale=7200)
    delivered = becomes(site, sent, "delivered")
    took = _time(delivered["delivered_at"]) - _time(delivered["sent_at"])
    assert took >= timedelta(hours=6)
    assert site.journal("submit")[0]["answer"] == "ok"


def test_nobody_takes_it_for_real_time(site: Site) -> None:
    """It is said when the daemon starts, and to whoever asks whether it is ready."""
    (warning,) = site.get("/readyz")["warnings"]
    assert "time is not real" in warning
    assert "test_clock" in (site.folder / "run.log").read_text()


def test_without_a_clock_to_follow_the_daemon_does_not_start(tmp_path: Path) -> None:
    """Real time instead would make a test mean nothing."""
    site = Site(tmp_path, f"sqlite:///{tmp_path}/modemgw.db", modems=1)
    site.extra = f'[test]\nclock = "unix:{site.bank}/clock.sock"\n'
    site.write_config()
    done = site.command("run", "--config", str(site.config), check=False)
    assert done.returncode == 1
    assert "nobody tells the time" in done.stderr


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
