"""A host that is killed, its modems with it: the other one sends what was not begun, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.e2e.site import wait_for
from tests.stop_race.hosts import standing

if TYPE_CHECKING:
    from pathlib import Path

TEXTS = 16
WAITS = "host_wait = 1\nsticky_wait = 1\n"


def test_a_killed_host_leaves_nothing_behind_and_doubles_nothing(
    tmp_path: Path, postgres_url: str
) -> None:
    """SIGKILL with texts on the air, claimed and sticking to its lines: by the journal and the API
    each went once, or is in doubt, at most one a modem; what names its line waits, and says so."""
    with standing(tmp_path, postgres_url, 2, modems=2, submit_ms=200, messages=WAITS) as hosts:
        dead, alive = hosts.sites
        line = hosts.line_of(0)
        dead.send("+15557770000", "Hello", **{"from": line})
        wait_for("the first text", lambda: len(dead.journal("submit")) == 1)
        for modem in (0, 1):  # nearly always there is something on the air
            dead.ctl("latency", modem=modem, min_ms=1500, max_ms=1500)
        dead.send_many([_text(i) for i in range(TEXTS)])
        dead.send_many([{"to": "+15557770000", "text": f"Again {i}"} for i in range(3)])
        bound = dead.send("+15557779999", "Bound", priority=0, **{"from": line})["id"]
        wait_for("a few submits", lambda: len(dead.journal("submit")) >= 4)
        dead.kill_daemon()

        def settled() -> bool:
            waiting = alive.items("/v1/messages?status=queued&limit=500")
            sending = alive.items("/v1/messages?status=sending&limit=500")
            return [message["id"] for message in (*waiting, *sending)] == [bound]

        wait_for("all but one to go", settled, 60)
        shown = alive.get(f"/v1/messages/{bound}")
        assert shown["waiting_for"] == "line_away"
        counts = alive.judge()
    assert (counts["accepted"], counts["doubled"], counts["strangers"]) == (TEXTS + 5, 0, 0), counts
    assert 1 <= counts["in_doubt"] <= 2
    assert counts["once"] + counts["in_doubt"] == TEXTS + 4


def _text(number: int) -> dict[str, str]:
    return {"to": f"+1555778{number:04}", "text": f"Reminder no. {number}"}
