"""What was demanded and what happened, gathered from a run of the tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.judges.programs import JUDGES

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

_HEAD = "| judge | demanded | happened | |\n| --- | --- | --- | --- |"
_NAMES = {judge.key: judge.name for judge in JUDGES}


@dataclass(frozen=True, slots=True)
class Row:
    """One demand of one judge."""

    judge: str
    demanded: str
    happened: str
    held: bool

    def __str__(self) -> str:
        cells = (self.judge, self.demanded, self.happened, "held" if self.held else "**not held**")
        return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


class Table:
    """A pytest plugin: a row for each test, in the order in which they ran."""

    def __init__(self) -> None:
        self.rows: list[Row] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when != "call" and report.passed:
            return
        noted = [(name, str(value)) for name, value in report.user_properties]
        demanded = next((value for name, value in noted if name == "demanded"), report.nodeid)
        happened = [value for name, value in noted if name == "happened"]
        if not report.passed:
            happened.append(_reason(report))
        key = report.nodeid.partition("::")[0].rpartition("test_")[2].removesuffix(".py")
        self.rows.append(Row(_NAMES[key], demanded, "; ".join(happened), report.passed))

    def __str__(self) -> str:
        return _HEAD + "\n" + "\n".join(map(str, self.rows))


def _reason(report: pytest.TestReport) -> str:
    crash = getattr(report.longrepr, "reprcrash", None)
    words = crash.message if crash else report.longreprtext
    return " ".join(words.split())[:300]


def versions(keys: Iterable[str]) -> str:
    """Which programs judged."""
    return ", ".join(f"{judge.name} {judge.version}" for judge in JUDGES if judge.key in keys)
