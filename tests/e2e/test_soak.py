"""Everything at once, for longer: not part of `make test`."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.e2e.site import Site, running, wait_for

if TYPE_CHECKING:
    from pathlib import Path

FAULTS: dict[str, dict[str, Any]] = {
    "cms_error": {"p": 0.05, "codes": [21, 27, 42, 192, 322]},
    "accepted_error": {"p": 0.02, "codes": [500, 0]},
    "lost_ok": {"p": 0.01},
    "late_ok": {"p": 0.03, "seconds": 1.5},
    "no_answer": {"p": 0.005, "seconds": 125},
    "no_prompt": {"p": 0.01},
    "slow_prompt": {"p": 0.01, "seconds": 12},
    "garbage": {"p": 0.2},
    "nul": {"p": 0.05},
    "echo": {"p": 0.02},
    "drop_cmti": {"p": 0.1},
    "dup_cmti": {"p": 0.3},
    "reboot_in_submit": {"p": 0.01},
    "unplug_in_submit": {"p": 0.005, "seconds": 3},
    "unplug_in_listing": {"p": 0.05, "seconds": 3},
    "unplug_in_delete": {"p": 0.01, "seconds": 3},
    "garbled": {"p": 0.01},
    "urc": {"p": 0.05},
    "trickle": {"p": 0.05, "seconds": 0.001},
    "slow": {"p": 0.01, "seconds": 6},
    "dead": {"p": 0.001, "seconds": 20},
    "sim_removed": {"p": 0.005, "seconds": 5},
    "registration_lost": {"p": 0.005, "seconds": 5},
}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_bank_with_every_fault_at_once_loses_none_and_doubles_none(tmp_path: Path) -> None:
    """250 texts out, 60 in, on modems that err, spew, stutter, restart, hang and are unplugged,
    and a kill of the daemon: all accounted for, and every modem works again by itself."""
    site = Site(
        tmp_path,
        f"sqlite:///{tmp_path}/modemgw.db",
        submit_ms=40,
        extra="[messages]\nline_rest = 1\n",
    )
    with running(site):
        for name, values in FAULTS.items():
            site.ctl("fault", name=name, **values)
        site.send_many(
            [
                {"to": f"+1555200{i:04}", "text": f"Soak {i} " + "long 😀 " * 20 * (i % 7 == 0)}
                for i in range(250)
            ]
        )
        expected = pour_in(site)
        for name in FAULTS:
            site.ctl("fault", name=name, p=0)
        wait_for(
            "every text that came in",
            lambda: sorted(m["text"] for m in site.inbound()) == sorted(expected),
            400,  # a submit whose answer is lost holds its modem for two minutes
        )
        wait_for("all to be settled", lambda: not site.judge()["queued"], 400)
        counts = site.judge()
        assert (counts["accepted"], counts["doubled"], counts["missing"]) == (250, 0, 0)
        site.wait_ready(4)


def plug_in(site: Site, modem: int) -> None:
    """Plug a modem in, unless a fault that ended has done so."""
    if site.ctl("stats")["modems"][modem]["power"] == "unplugged":
        site.ctl("replug", modem=modem)


def pour_in(site: Site) -> list[str]:
    """Sixty texts from customers while the bank is being mistreated; what they wrote."""
    modem, written = random.Random(5), []
    for i in range(60):
        text = f"in {i} " + "x€[]" * 60 * (i % 5 == 0)
        if not 20 < i < 28:  # nobody can be injected into a modem that is unplugged
            site.inject(modem.randrange(4), f"+1555301{i:04}", text)
            written.append(text)
        time.sleep(0.15)  # the faults need time to strike
        if i == 20:
            site.ctl("unplug", modem=1)
        elif i == 28:
            plug_in(site, 1)
        elif i == 40:
            site.ctl("hang", modem=2, seconds=4)
        elif i == 50:
            site.kill_daemon()
            site.start_daemon(ready=False)
    return written
