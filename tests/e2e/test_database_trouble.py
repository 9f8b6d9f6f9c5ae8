"""A database that cannot be written: callers are told, nothing is sent unrecorded, nothing is lost,
and when it is back all goes on by itself."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests import postgres
from tests.crash.disk import Disk
from tests.crash.shim import needs_compiler
from tests.e2e.site import Site, running, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.timeout(240)

QUEUED = 200
MODEMS = 4


class Trouble:
    """A site in trouble: what was accepted before and meanwhile, and what was refused."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.accepted = QUEUED
        self._posted = 0

    def begins(self) -> None:
        """Texts are queued and going out."""
        self.site.send_each(
            [{"to": f"+1555200{i:04}", "text": f"Reminder no. {i}"} for i in range(QUEUED)]
        )
        wait_for("some submits", lambda: len(self.site.journal("submit")) >= 20)

    def is_told(self) -> None:
        """Post until it is refused: 503, with words. What is accepted until then must go."""

        def refused() -> Any:
            self._posted += 1
            body = {"to": f"+1555201{self._posted:04}", "text": f"In trouble {self._posted}"}
            status, answer = self.site.call("POST", "/v1/messages", body)
            self.accepted += status == 201
            return answer if status != 201 else None

        answer = wait_for("a post to be refused", refused, 60)
        assert answer["status"] == 503, answer
        assert answer["type"].endswith("/unavailable")
        assert "database" in answer["detail"]

    def sends_nothing(self, seconds: float) -> None:
        """What was on the air ends; no other part begins. The daemon lives and says why."""
        wait_for("readiness to say so", lambda: self.site.call("GET", "/readyz")[0] == 503)
        before = len(self.site.journal("submit"))
        time.sleep(seconds)
        assert len(self.site.journal("submit")) - before <= MODEMS
        assert self.site.call("GET", "/healthz")[0] == 200
        status, state = self.site.call("GET", "/readyz")
        assert (status, state["database"]) == (503, False)
        assert any("database" in reason for reason in state["reasons"])

    def receives(self) -> None:
        """A customer writes meanwhile."""
        self.site.inject(0, "+15553000011", "Are you there?")

    def is_over(self) -> None:
        """All goes on by itself: every accepted text goes once, what came in is there once."""
        site = self.site
        wait_for("readiness", lambda: site.call("GET", "/readyz")[0] == 200, 60)
        wait_for("the text that came in", lambda: len(site.inbound()) == 1, 90)
        wait_for("all texts to go", self._settled, 120, pause_s=0.5)
        counts = site.judge()
        assert counts["held"], counts
        assert counts["accepted"] == self.accepted
        assert counts["once"] == self.accepted, counts

    def _settled(self) -> bool:
        return not any(
            self.site.get(f"/v1/messages?status={status}&limit=1")["items"]
            for status in ("queued", "sending")
        )


@pytest.fixture
def on_disk(tmp_path: Path) -> Iterator[tuple[Trouble, Disk]]:
    """A site whose disk can be full or broken, at work."""
    data, beside = tmp_path / "data", tmp_path / "disk"
    data.mkdir()
    beside.mkdir()
    disk = Disk(data, beside)
    disk.build()
    site = Site(tmp_path, f"sqlite:///{data}/modemgw.db", modems=MODEMS)
    site.daemon_environment |= disk.environment
    with running(site):
        trouble = Trouble(site)
        trouble.begins()
        yield trouble, disk


@needs_compiler
@pytest.mark.parametrize("kind", ["thin", "broken"])
def test_a_disk_that_takes_no_more_stops_the_sending(
    on_disk: tuple[Trouble, Disk], kind: str
) -> None:
    """No space left (ENOSPC), or no sync that succeeds (EIO)."""
    trouble, disk = on_disk
    disk.set(kind, on=True)
    trouble.is_told()
    trouble.sends_nothing(3)
    trouble.receives()
    disk.set(kind, on=False)
    trouble.is_over()


@needs_compiler
def test_a_full_disk_goes_on_as_far_as_it_can_record(on_disk: tuple[Trouble, Disk]) -> None:
    """No file can grow: what fits into the space that there is goes on, and all else waits."""
    trouble, disk = on_disk
    disk.set("full", on=True)
    trouble.is_told()
    trouble.receives()
    time.sleep(3)  # long enough to send more than could be recorded
    disk.set("full", on=False)
    trouble.is_over()


@needs_compiler
@pytest.mark.parametrize("kind", ["full", "thin", "broken"])
def test_a_kill_while_the_disk_takes_no_more_loses_none_and_doubles_none(
    on_disk: tuple[Trouble, Disk], kind: str
) -> None:
    """What could not be recorded is in doubt, one part a modem; it is never sent again."""
    trouble, disk = on_disk
    site = trouble.site
    disk.set(kind, on=True)
    trouble.is_told()
    site.kill_daemon()
    disk.set(kind, on=False)
    site.start_daemon()
    wait_for("all texts to go", trouble._settled, 120, pause_s=0.5)
    counts = site.judge()
    assert counts["held"], counts
    assert counts["in_doubt"] <= MODEMS
    assert counts["once"] + counts["in_doubt"] >= trouble.accepted


def test_a_file_that_another_process_locks_stops_the_sending(site: Site) -> None:
    """A backup that goes wrong, a technician's shell: for longer than we wait for a lock."""
    trouble = Trouble(site)
    trouble.begins()
    with contextlib.closing(
        sqlite3.connect(site.folder / "modemgw.db", isolation_level=None, timeout=10)
    ) as other:
        other.execute("BEGIN IMMEDIATE")
        trouble.is_told()
        trouble.sends_nothing(3)
        trouble.receives()
    trouble.is_over()


def test_a_postgresql_that_crashes_and_comes_back_stops_the_sending(tmp_path: Path) -> None:
    """Its sessions are cut in the middle of whatever they do, and there is no server for a time."""
    with (
        postgres.serving() as server,
        postgres.database(server.url) as url,
        running(Site(tmp_path, url, modems=MODEMS)) as site,
    ):
        trouble = Trouble(site)
        trouble.begins()
        server.crash()
        trouble.is_told()
        trouble.sends_nothing(3)
        trouble.receives()
        server.start()
        trouble.is_over()
