"""gammu-smsd with its files service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.judges.desk import Desk, run, tally, until
from tests.judges.gammu_smsd import GammuSmsd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = [pytest.mark.judges, pytest.mark.timeout(900)]

_TEXTS = 100
_TO = "+46701100000"
_SLOW_S = 600.0


@pytest.fixture(scope="module")
def smsd(desk: Desk) -> Iterator[GammuSmsd]:
    daemon = GammuSmsd(desk.folder, desk.port())
    daemon.start()
    yield daemon
    daemon.stop()


def test_sends(desk: Desk, smsd: GammuSmsd, happened: Callable[[object], None]) -> None:
    """100 texts out, a fifth of them Unicode: sent once, unchanged, each report a file."""
    texts = [f"out {number}" + " Привет 😀" * (number % 5 == 0) for number in range(_TEXTS)]
    for text in texts:
        inject = ["gammu-smsd-inject", "-c", str(smsd.configuration), "TEXT", _TO, "-report"]
        run(*inject, *([] if text.isascii() else ["-unicode"]), "-text", text)
    until("100 sent files", lambda: len(smsd.files("sent")) == _TEXTS, _SLOW_S)
    until("100 report files", lambda: len(smsd.reports()) == _TEXTS, _SLOW_S)
    sent = desk.sent(_TO)
    counted = tally(texts, [part.text for part in sent])
    assert counted.is_clean, counted
    assert all(part.wants_report for part in sent)
    delivered = [file for file in smsd.reports() if "Delivered" in _read(file)]
    assert len(delivered) == len(desk.journal("report")) == _TEXTS
    assert not smsd.files("error")
    happened(f"{len(sent)} submits, {counted}; {len(delivered)} reports as files: Delivered")
    for file in smsd.files("inbox"):
        file.unlink()


def test_receives(desk: Desk, smsd: GammuSmsd, happened: Callable[[object], None]) -> None:
    """100 texts in: each a file with its text, and none left in the modem."""
    texts = [f"smsd in {number}" + " ж" * (number % 5 == 0) for number in range(_TEXTS)]
    for text in texts:
        desk.inject("+15553000001", text)
    until("100 files", lambda: len(smsd.files("inbox")) >= _TEXTS, _SLOW_S)
    until("an empty modem", lambda: desk.stored() == 0)
    counted = tally(texts, [_read(file) for file in smsd.files("inbox")])
    assert counted.is_clean, counted
    happened(f"{len(smsd.files('inbox'))} files, {counted}; 0 left in the modem")


def _read(file: Path) -> str:
    return file.read_text(encoding="utf-8")
