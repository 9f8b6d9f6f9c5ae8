"""`modemgw person` on a running daemon."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.cli.commands import run

if TYPE_CHECKING:
    from pathlib import Path

    from modemgw.cli.demo.stage import Stage

NUMBER = "+12025550177"


def test_a_person_is_shown_erased_and_still_opted_out(stage: Stage, tmp_path: Path) -> None:
    """What the command prints is what the daemon has; the audit holds afterwards."""
    reach = {"MODEMGW_URL": stage.url, "MODEMGW_KEY": stage.key}
    stage.client.call("PUT", "/v1/optouts/%2B12025550177", {"reason": "on the phone"})
    shown = run("person", "show", NUMBER, cwd=tmp_path, **reach)
    assert shown.returncode == 0, shown.stderr
    assert "opted out of all at" in shown.stdout
    assert "on the phone" in shown.stdout
    erased = run("person", "erase", NUMBER, "--reason", "asked for it", cwd=tmp_path, **reach)
    assert erased.returncode == 0, erased.stderr
    assert "the opt-out stays" in erased.stdout
    told = json.loads(run("person", "show", NUMBER, "--json", cwd=tmp_path, **reach).stdout)
    assert (told["audit"], told["opt_outs"][0]["reason"]) == ([], "")
    config = ("--config", str(stage.config))
    checked = json.loads(run("audit", "verify", "--json", *config, cwd=tmp_path).stdout)
    assert (checked["holds"], checked["key"], checked["erased"]) == (True, True, 1)
    assert checked["heads"] >= 1
    why = run("audit", "export", "--number", NUMBER, *config, cwd=tmp_path)
    assert why.returncode == 0, why.stderr
    assert "what was kept before was erased" in why.stdout
