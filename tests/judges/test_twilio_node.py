"""Twilio's own package for Node, on a gateway over a simulated bank."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.e2e.test_twilio import Application, tenant
from tests.judges.desk import run

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.judges, pytest.mark.timeout(300)]

SCRIPT = Path(__file__).parent.parent / "twilio" / "client.mjs"
TO = "+15553000001"


def test_it_sends_lists_cancels_and_deletes(
    tmp_path: Path, happened: Callable[[object], None]
) -> None:
    """send, list pages, fetch, cancel, delete; receive and validate; errors with their codes"""
    package = tmp_path / "tool"
    package.mkdir()
    shutil.copy(SCRIPT, package)
    (package / "package.json").write_text('{"type": "module", "private": true}')
    run("npm", "--prefix", str(package), "install", "--no-audit", "--no-fund", "twilio")
    manifest = json.loads((package / "node_modules/twilio/package.json").read_text())
    application = Application()
    try:
        with tenant(tmp_path, application) as (site, sid):
            line = site.items("/v1/lines")[0]["number"]
            words = (package / "client.mjs", site.url, sid, site.key, line, TO)
            seen = json.loads(run("node", *words))
    finally:
        application.server.shutdown()
    assert seen == {
        "sent": ["queued", "outbound-api", "1", True],
        "scheduled": ["scheduled"] * 3,
        "listed": 4,
        "canceled": "canceled",
        "fetched": "Later 1",
        "deleted": True,
        "gone": [404, 20404],
        "refused": [400, 21211],
        "valid": True,
        "forged": False,
        "statuses": "delivered",
    }
    happened(f"twilio {manifest['version']}: 1 sent, 3 scheduled, 4 listed, 1 canceled and deleted")
