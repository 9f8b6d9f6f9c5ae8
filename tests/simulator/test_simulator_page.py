"""The page about the bank names what there is."""

from __future__ import annotations

import re
from pathlib import Path

from modemgw.simulator.control_commands import COMMANDS
from modemgw.simulator.faults import FaultName
from modemgw.simulator.journal import Event

PAGE = Path(__file__).parents[2] / "docs" / "simulator.md"


def named(title: str, column: int) -> list[str]:
    """What stands in code type in a column of the tables of a section."""
    found = re.search(
        rf"^## {title}$(.*?)(?=^## |\Z)", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert found is not None
    rows = [row.split(" | ") for row in found[1].splitlines() if row.startswith("| ")]
    return [
        name for row in rows if len(row) > column for name in re.findall(r"`(\w+)`", row[column])
    ]


def test_every_command_every_event_and_every_fault_is_explained() -> None:
    """And nothing that there is not."""
    assert sorted(named("Control socket", 0)) == sorted(COMMANDS)
    assert sorted(named("Journal", 0)) == sorted(Event)
    assert sorted(named("Faults", 1)) == sorted(FaultName)
