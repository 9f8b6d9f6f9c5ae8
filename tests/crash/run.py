"""One run: kills at random instants while sixteen modems send and receive, then the verdict.

Everything is seen from outside: the daemon is the installed command, its death is SIGKILL, and the
verdict comes from the simulator's journal and the public API (`tests/crash/verdict.py`).
"""

from __future__ import annotations

import random
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from tests.crash.traffic import Traffic
from tests.crash.verdict import Verdict, read
from tests.e2e.site import Site, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MODEMS = 16
SUBMIT_MS = 100
REPORT_MS = 2_000  # so that some come to the modem of a daemon that is dead, and most do not
STARTS = 0.2  # of the kills strike while the daemon starts
_START_S = 1.5  # within this
_SUBMITS = 40  # the others strike behind so many at the most, and
_MOMENT_S = 0.2  # within this
_WORK_S = 20.0  # or when so few have come within this
_READY_S = 120.0  # for all modems, after the last kill
_REST_S = 330.0  # for what is left: a confirmation behind a part in doubt waits its five minutes


def site_in(folder: Path, database_url: str, **more: Any) -> Site:
    """The site of a run, not yet started."""
    return Site(folder, database_url, modems=MODEMS, submit_ms=SUBMIT_MS, **more)


class Crashes:
    """Kills the daemon of a site again and again. `strike` kills it, and does what goes with it."""

    def __init__(
        self,
        site: Site,
        kills: int,
        seed: int,
        strike: Callable[[], None] | None = None,
        progress: Callable[[int], None] = lambda _done: None,
        limit_s: float = float("inf"),
    ) -> None:
        """`limit_s`: no kill after so many seconds, however few there were."""
        self._site, self._kills, self._seed = site, kills, seed
        self._strike, self._progress = strike or site.kill_daemon, progress
        self._instants = random.Random(seed)
        self._traffic = Traffic(site, seed)
        self._until = time.monotonic() + limit_s
        self._in_doubt: set[str] = set()
        self._kills_unseen = 0  # since what is in doubt was last looked at
        self._verdict = Verdict(seed)

    def go(self) -> Verdict:
        """All kills, then the rest; the site must stand."""
        self._site.ctl("report", delay_ms=REPORT_MS, state="on")
        traffic = self._traffic
        traffic.start()
        while self._verdict.kills < self._kills and time.monotonic() < self._until:
            self._live()
            self._strike()
            self._verdict.kills += 1
            self._kills_unseen += 1
            self._site.launch_daemon()
            traffic.check()
            self._progress(self._verdict.kills)
        self._site.await_api()
        self._look_at_doubts()
        self._site.wait_ready(self._site.modems, _READY_S)
        traffic.end()
        self._settle()
        self._verdict.refused, self._verdict.stops = traffic.refused, traffic.stops
        return read(self._site, self._verdict, traffic.accepted)

    def _live(self) -> None:
        """Let the daemon, which was started just now, live for a random time."""
        if self._instants.random() < STARTS:
            self._verdict.in_start += 1
            time.sleep(self._instants.uniform(0, _START_S))
            return
        self._site.await_api()
        self._look_at_doubts()
        self._await_submits(self._instants.randint(0, _SUBMITS))
        time.sleep(self._instants.uniform(0, _MOMENT_S))

    def _await_submits(self, count: int) -> None:
        progress = self._traffic.progress
        wanted, until = progress.submits + count, time.monotonic() + _WORK_S
        while progress.submits < wanted and time.monotonic() < until:
            time.sleep(0.01)

    def _look_at_doubts(self) -> None:
        """What the last kills left in doubt: the API tells it before any modem is open again."""
        found = self._site.items("/v1/messages?status=in_doubt&direction=outbound&limit=500")
        fresh = Counter(item["line"] for item in found if item["id"] not in self._in_doubt)
        self._in_doubt = {item["id"] for item in found}
        most = max(fresh.values(), default=0)
        self._verdict.most_in_doubt = max(self._verdict.most_in_doubt, most)
        self._verdict.too_many_in_doubt += sum(
            max(0, count - self._kills_unseen) for count in fresh.values()
        )
        self._verdict.seen_in_doubt += fresh.total()
        self._kills_unseen = 0

    def _settle(self) -> None:
        """Until nothing is to be sent any more, and no modem has a text that is to be read."""
        site = self._site

        def settled() -> bool:
            return not any(
                site.get(f"/v1/messages?status={status}&limit=1")["items"]
                for status in ("queued", "sending")
            )

        def emptied() -> bool:
            return not site.judge()["inbound"]["waiting"]

        wait_for("all texts to go", settled, _REST_S, pause_s=0.5)
        wait_for("all modems to be emptied", emptied, _REST_S, pause_s=2)
