"""`modemgw line`, `pool` and `queue`, against a running daemon on simulated modems."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.cli.test_running_daemon import _ask, _until

if TYPE_CHECKING:
    from modemgw.cli.demo.stage import Stage


def _lines(stage: Stage) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(_ask(stage, "line", "list", "--json").stdout)
    return found


def test_a_line_is_named_tagged_and_found_by_its_name(stage: Stage) -> None:
    """Set on the command line, shown by `line show`; taken back by an empty one."""
    iccid = _lines(stage)[3]["iccid"]
    assert _ask(stage, "line", "name", iccid, "Berlin 3").returncode == 0
    assert "prepaid" in _ask(stage, "line", "tag", "Berlin 3", "prepaid", "cheap").stdout
    assert "0.07 a part" in _ask(stage, "line", "cost", iccid[-6:], "0.07").stdout
    shown = _ask(stage, "line", "show", "Berlin 3").stdout
    assert iccid in shown
    assert "cheap" in shown
    assert "active" in shown
    assert "Berlin 3" in _ask(stage, "lines").stdout
    _ask(stage, "line", "tag", "Berlin 3")
    _ask(stage, "line", "name", iccid, "")
    line = json.loads(_ask(stage, "line", "show", iccid, "--json").stdout)
    assert (line["name"], line["tags"]) == (None, [])


def test_a_typed_number_is_shown_beside_the_sim_s(stage: Stage) -> None:
    """Where both differ, the typed one counts."""
    line = _lines(stage)[3]
    done = _ask(stage, "line", "number", line["iccid"], "+15550900900")
    assert f"+15550900900 (the SIM says {line['sim_number']})" in done.stdout
    assert line["number"] in _ask(stage, "line", "number", line["iccid"], "").stdout
    refused = _ask(stage, "line", "number", line["iccid"], "nonsense")
    assert (refused.returncode, "number" in refused.stderr) == (1, True)


def test_a_line_is_paused_retired_and_put_back(stage: Stage) -> None:
    """Each step tells how it stands then."""
    iccid = _lines(stage)[3]["iccid"]
    said = _ask(stage, "line", "pause", iccid, "--reason", "no credit").stdout
    assert "paused: no credit" in said
    assert "active" in _ask(stage, "line", "resume", iccid).stdout
    assert "retired" in _ask(stage, "line", "retire", iccid).stdout
    assert "active" in _ask(stage, "line", "release", iccid).stdout
    unknown = _ask(stage, "line", "pause", "8900")
    assert unknown.returncode == 1
    assert iccid in unknown.stderr


def test_everything_is_paused_and_goes_on(stage: Stage) -> None:
    """A text that is sent meanwhile waits, and says what for."""
    assert _ask(stage, "queue", "pause", "--reason", "fire drill").returncode == 0
    assert "everything is paused: fire drill" in _ask(stage, "queue", "show").stdout
    done = _ask(stage, "send", "+15550300077", "wait", "--json")
    message = json.loads(done.stdout)["id"]
    assert stage.client.get(f"/v1/messages/{message}")["waiting_for"] == "paused"
    assert stage.client.get("/readyz")["paused"] == "fire drill"
    assert _ask(stage, "queue", "resume").returncode == 0

    def gone() -> bool:
        status = stage.client.get(f"/v1/messages/{message}")["status"]
        return status in ("sent", "delivered")

    _until(gone, "the text goes when the pause is over")


def test_a_pool_that_is_none_cannot_be_paused(stage: Stage) -> None:
    """The list says which there are."""
    refused = _ask(stage, "pool", "pause", "nowhere")
    assert refused.returncode == 1
    assert "nowhere" in refused.stderr
    told = json.loads(_ask(stage, "pool", "list", "--json").stdout)
    assert [item["name"] for item in told] == [None]
    assert "(default)" in _ask(stage, "pool", "list").stdout


def test_the_default_pool_is_paused_by_its_own_option(stage: Stage) -> None:
    """Not by leaving the name out: it takes one or the other."""
    for slip in ((), ("campaigns", "--default"), ("",)):
        refused = _ask(stage, "pool", "pause", *slip)
        assert refused.returncode == 2
        assert "name a pool, or say --default" in refused.stderr
    paused = _ask(stage, "pool", "pause", "--default", "--reason", "wrong list")
    assert "the default pool is paused: wrong list" in paused.stdout, paused.stderr
    resumed = _ask(stage, "pool", "resume", "--default")
    assert "the default pool is not paused" in resumed.stdout, resumed.stderr


def test_a_line_learns_its_number_over_the_air(stage: Stage) -> None:
    """A real text from one simulated SIM to another, whose sender is kept."""
    line = _lines(stage)[2]
    learned = _ask(stage, "line", "learn-number", line["iccid"])
    assert learned.returncode == 0, learned.stderr
    assert f"the number is {line['sim_number']}" in learned.stdout
    assert _lines(stage)[2]["typed_number"] == line["sim_number"]
