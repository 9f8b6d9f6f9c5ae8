"""The list of those who are not texted, changed while the daemon runs."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from tests.e2e.site import Site, running, wait_for

if TYPE_CHECKING:
    from pathlib import Path

DENIED = "+15553000001"


def test_sighup_reads_the_list_and_the_daemon_lives_on(tmp_path: Path) -> None:
    """Texts to who is new on it are refused; all others go on."""
    deny = tmp_path / "deny.txt"
    deny.write_text("", encoding="utf-8")
    site = Site(tmp_path, f"sqlite:///{tmp_path}/site.db", modems=1)
    site.extra = f'deny_file = "{deny}"\n'
    with running(site):
        site.send(DENIED, "Hello")
        deny.write_text(f"{DENIED}\n", encoding="utf-8")
        assert site.daemon is not None
        site.daemon.send_signal(signal.SIGHUP)

        def refused() -> bool:
            status, problem = site.call("POST", "/v1/messages", {"to": DENIED, "text": "Hello?"})
            return status == 422 and problem["type"].endswith("/denied")

        wait_for("the refusal", refused)
        sent = site.send("+15553000002", "Hello")
        wait_for("the other text", lambda: site.status_of(sent["id"]) in ("sent", "delivered"))
