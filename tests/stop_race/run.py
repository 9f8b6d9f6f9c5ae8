"""One run: random rounds, faults of the modems, daemons killed; then the verdict."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any

from tests.e2e.site import wait_for
from tests.stop_race.hosts import Hosts, standing
from tests.stop_race.traffic import Traffic
from tests.stop_race.verdict import Verdict, read

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MODEMS = 8  # of all hosts
LANES = 12
SUBMIT_MS = 60
# What makes texts be sent again, prompts late, and commits and prompts meet in any order.
FAULTS: dict[str, dict[str, Any]] = {
    "slow_prompt": {"p": 0.15, "seconds": 0.3},
    "cms_error": {"p": 0.08, "codes": [42, 47, 512, 21]},
    "lost_ok": {"p": 0.002},
    "reboot_in_submit": {"p": 0.002},
    "dup_cmti": {"p": 0.1},
    "drop_cmti": {"p": 0.0},
}
_LIVES_S = (3.0, 9.0)  # between two kills
_REST_S = 90.0


def race(
    folder: Path,
    url: str,
    *,
    hosts: int,
    rounds: int,
    seed: int,
    kills: bool = True,
    tell: Callable[[int, int], None] = lambda _rounds, _kills: None,
) -> tuple[Verdict, Traffic, int]:
    """The verdict, what was done, and how many daemons were killed."""
    chance, killed = random.Random(f"{seed}/kills"), 0
    with standing(folder, url, hosts, modems=MODEMS // hosts, submit_ms=SUBMIT_MS) as bank:
        for name, values in FAULTS.items():
            bank.bank.ctl("fault", name=name, **values)
        traffic = Traffic(bank, seed, rounds, LANES)
        traffic.start()
        while not traffic.is_over:
            strike_at = time.monotonic() + chance.uniform(*_LIVES_S)
            while time.monotonic() < strike_at and not traffic.is_over:
                time.sleep(0.05)
            traffic.check()
            if kills and not traffic.is_over:
                site = chance.choice(bank.sites)
                site.kill_daemon()
                site.launch_daemon()
                site.await_api()
                killed += 1
            tell(traffic.rounds, killed)
        traffic.end()
        for name in FAULTS:
            bank.bank.ctl("fault", name=name, p=0)
        _settle(bank)
        bank.end_watch()
        return read(bank, url), traffic, killed


def _settle(hosts: Hosts) -> None:
    """Until nothing is to be sent any more: what still went wrongly would be seen. A confirmation
    behind a part in doubt would wait its five minutes."""

    def settled() -> bool:
        waiting = [
            shown
            for status in ("queued", "sending")
            for shown in hosts.bank.items(f"/v1/messages?status={status}&limit=500")
        ]
        return all(shown["waiting_for"] == "recipient_in_doubt" for shown in waiting)

    wait_for("all texts to go", settled, _REST_S, pause_s=0.5)
