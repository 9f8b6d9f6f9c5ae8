"""Accounted for, never doubled: what the network saw, counted from outside."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.e2e.site import Site, wait_for

if TYPE_CHECKING:
    from typing import Any


def texts(count: int) -> list[dict[str, Any]]:
    return [{"to": f"+1555200{i:04}", "text": f"Reminder no. {i}"} for i in range(count)]


def settled(site: Site) -> bool:
    """Whether nothing is to be sent any more; what is in doubt stays so.

    `sent` may be a text's last word: a report that comes directly is lost with the daemon that was
    about to write it down, and one that comes for a missing SIM is not told again.
    """
    return not any(
        site.get(f"/v1/messages?status={status}&limit=1")["items"]
        for status in ("queued", "sending")
    )


def in_the_middle(site: Site, submits: int) -> None:
    wait_for(f"{submits} submits", lambda: len(site.journal("submit")) >= submits)


def test_kill_in_the_middle_of_500_texts_doubles_none(any_site: Site) -> None:
    """SIGKILL while four modems have texts on the air: after the restart every text is accounted
    for, at most one a modem is in doubt, and none is at the network twice."""
    site = any_site
    site.send_many(texts(500))
    in_the_middle(site, 150)
    site.kill_daemon()
    site.start_daemon()
    wait_for("all texts to go", lambda: settled(site), 60)
    counts = site.judge()
    assert counts["accepted"] == 500
    assert counts["doubled"] == 0
    assert counts["missing"] == 0
    assert counts["in_doubt"] <= 4
    assert counts["once"] + counts["in_doubt"] == 500
    assert counts["strangers"] == 0


def test_killed_again_and_again_doubles_none(site: Site) -> None:
    """Several kills at other moments, reports and answers on their way included."""
    site.send_many(texts(200))
    for submits in (20, 55, 90, 140):
        in_the_middle(site, submits)
        site.kill_daemon()
        site.start_daemon()
    wait_for("all texts to go", lambda: settled(site), 60)
    counts = site.judge()
    assert (counts["accepted"], counts["doubled"], counts["missing"]) == (200, 0, 0)
    assert counts["in_doubt"] <= 16


def test_a_modem_unplugged_while_sending_doubles_none(site: Site) -> None:
    """The part on the air is in doubt; the others go by the lines that are left, and by the one
    that comes back."""
    site.send_many(texts(100))
    in_the_middle(site, 20)
    site.ctl("unplug", modem=1)
    wait_for(
        "its absence to be noticed",
        lambda: any(
            m["state"] == "absent" for m in site.items("/v1/modems") if m["port"].endswith("001")
        ),
    )
    site.ctl("replug", modem=1)
    wait_for("all texts to go", lambda: settled(site), 60)
    site.wait_ready(4)
    counts = site.judge()
    assert (counts["accepted"], counts["doubled"], counts["missing"]) == (100, 0, 0)
    assert counts["in_doubt"] <= 1


def test_an_ok_that_is_lost_is_never_sent_again(site: Site) -> None:
    """The network took the text, its answer vanished and no report comes: in doubt it stays."""
    site.ctl("report", state="off")
    site.ctl("fault", modem=0, name="lost_ok", p=1, count=1)
    line = next(m["line"] for m in site.items("/v1/modems") if m["port"].endswith("000"))
    message = site.send("+15552001234", "Only once", **{"from": line})
    wait_for("its submit", lambda: site.journal("submit"))
    site.kill_daemon()
    site.start_daemon()
    assert site.status_of(message["id"]) == "in_doubt"
    time.sleep(2)  # what would send it again would do so by now
    assert len(site.journal("submit")) == 1


def test_a_report_settles_what_was_in_doubt(site: Site) -> None:
    """A report to that recipient, with a reference that no other part has, is proof."""
    site.ctl("report", delay_ms=3000, state="on")
    message = site.send("+15552001234", "Only once")
    wait_for("its submit", lambda: site.journal("submit"))
    site.kill_daemon()
    site.start_daemon()
    wait_for("the report", lambda: site.status_of(message["id"]) == "delivered")
    assert len(site.journal("submit")) == 1


def test_an_answer_that_waits_in_the_port_is_read_before_anything_is_sent(site: Site) -> None:
    """The daemon dies with a text on the air; the OK lies in the port when it is back."""
    site.ctl("report", state="off")
    site.ctl("latency", modem=0, min_ms=700, max_ms=700)
    line = next(m["line"] for m in site.items("/v1/modems") if m["port"].endswith("000"))
    message = site.send("+15552001234", "Only once", **{"from": line})
    wait_for("its begin", lambda: site.get(f"/v1/messages/{message['id']}")["status"] == "sending")
    time.sleep(0.2)  # past the prompt
    site.kill_daemon()
    wait_for("its submit", lambda: site.journal("submit"))
    site.start_daemon()
    assert site.status_of(message["id"]) == "sent"
    assert len(site.journal("submit")) == 1
