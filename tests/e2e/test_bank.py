"""A bank with bad company: ports that spew, vanish, or are none."""

from __future__ import annotations

import os
import pty
import threading
import tty
from typing import TYPE_CHECKING

from tests.e2e.site import Site, running, wait_for

if TYPE_CHECKING:
    from pathlib import Path


def test_a_port_that_spews_garbage_harms_none_of_the_others(tmp_path: Path) -> None:
    """Beside a port that never stops four good modems send as ever, and it is never ready."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    ending = threading.Event()

    def spew() -> None:
        os.set_blocking(master, False)
        while not ending.wait(0.01):
            try:
                os.write(master, os.urandom(512))
            except BlockingIOError:
                pass
            except OSError:
                return

    thread = threading.Thread(target=spew, daemon=True)
    thread.start()
    site = Site(tmp_path, f"sqlite:///{tmp_path}/modemgw.db", extra_ports=[os.ttyname(slave)])
    try:
        with running(site):
            site.send_many([{"to": f"+1555200{i:04}", "text": f"No. {i}"} for i in range(40)])
            wait_for(
                "all to be delivered",
                lambda: len(site.items("/v1/messages?status=delivered&limit=100")) == 40,
            )
            bad = next(m for m in site.items("/v1/modems") if m["port"] == os.ttyname(slave))
            assert bad["state"] != "ready"
    finally:
        ending.set()
        thread.join()
        os.close(master)
        os.close(slave)


def test_a_port_that_does_not_exist_is_shown_as_absent(tmp_path: Path) -> None:
    """A path of the configuration without a port is in the list, with the reason."""
    missing = str(tmp_path / "no-such-port")
    site = Site(tmp_path, f"sqlite:///{tmp_path}/modemgw.db", modems=1, extra_ports=[missing])
    with running(site):
        found = wait_for(
            "the port", lambda: [m for m in site.items("/v1/modems") if m["port"] == missing]
        )
        assert found[0]["state"] == "absent"
        assert found[0]["reason"]


def test_a_second_daemon_on_the_same_database_is_refused(site: Site) -> None:
    """It ends with status 1 and says which process has the database; the first goes on."""
    done = site.command("run", "--config", str(site.config), check=False)
    assert done.returncode == 1
    assert "another modemgw" in done.stderr
    assert site.call("GET", "/healthz")[0] == 200


def test_sigterm_ends_it_cleanly(site: Site) -> None:
    """Status 0, while texts are queued; they go after the next start."""
    site.send_many([{"to": f"+1555200{i:04}", "text": f"No. {i}"} for i in range(60)])
    assert site.stop_daemon() == 0
    site.start_daemon()
    wait_for(
        "all to be delivered",
        lambda: len(site.items("/v1/messages?status=delivered&limit=100")) == 60,
    )
    counts = site.judge()
    assert (counts["doubled"], counts["missing"], counts["in_doubt"]) == (0, 0, 0)
