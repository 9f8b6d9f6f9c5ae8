"""SMS Server Tools 3: smsd with its spool folders."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modemgw.simulator.personality import PERSONALITIES
from tests.judges.desk import Desk, holds, tally, until
from tests.judges.smstools import ANNOUNCE, Smstools

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.judges, pytest.mark.timeout(900)]

_TEXTS = 100
_TO = "+46701200000"
_SLOW_S = 600.0


def _one_memory(profile: str) -> str:
    """Makers differ in where they put texts; some have but one place."""
    return "AT" if profile.startswith("wavecom") else 'AT+CPMS="SM","SM","SM"'


@pytest.fixture(scope="module")
def smsd(desk: Desk) -> Iterator[Smstools]:
    daemon = Smstools(desk.folder, [desk.port()], [ANNOUNCE])
    daemon.start()
    yield daemon
    daemon.stop()


@pytest.fixture
def smsd_on_all(bank_of_all: Desk) -> Iterator[Smstools]:
    ports = [bank_of_all.port(modem) for modem in range(len(PERSONALITIES))]
    inits = [_one_memory(name) for name in PERSONALITIES]
    daemon = Smstools(bank_of_all.folder, ports, inits, queues=True)
    daemon.start()
    yield daemon
    daemon.stop()


def test_sends(desk: Desk, smsd: Smstools, happened: Callable[[object], None]) -> None:
    """100 texts out, a fifth of them Unicode: sent once, unchanged, each report a file."""
    texts = [f"out {number}" + " Привет" * (number % 5 == 0) for number in range(_TEXTS)]
    for number, text in enumerate(texts):
        smsd.write(f"m{number}", _TO, text, "Alphabet: UTF-8")
    until("100 sent files", lambda: len(smsd.files("sent")) == _TEXTS, _SLOW_S)
    until("100 report files", lambda: len(smsd.files("report")) == _TEXTS, _SLOW_S)
    sent = desk.sent(_TO)
    counted = tally(texts, [part.text for part in sent])
    assert counted.is_clean, counted
    assert all(part.wants_report for part in sent)
    delivered = [file for file in smsd.files("report") if "Status: 0,Ok" in file.text]
    assert len(delivered) == _TEXTS
    assert not smsd.files("failed")
    happened(f"{len(sent)} submits, {counted}; {len(delivered)} reports as files: 0,Ok; 0 failed")


def test_receives(desk: Desk, smsd: Smstools, happened: Callable[[object], None]) -> None:
    """100 texts in, a fifth of them Unicode: each a file without a warning, none left."""
    texts = [f"in {number}" + " Привет 😀" * (number % 5 == 0) for number in range(_TEXTS)]
    for text in texts:
        desk.inject("+15553000001", text)
    until("100 files", lambda: len(smsd.files("incoming")) >= _TEXTS, _SLOW_S)
    until("an empty modem", lambda: desk.stored() == 0)
    files = smsd.files("incoming")
    counted = tally(texts, [file.text for file in files])
    assert counted.is_clean, counted
    warned = [file for file in files if any("rror" in name for name in file.headers)]
    assert not warned
    assert {file.headers["From"] for file in files} == {"15553000001"}
    happened(f"{len(files)} files, {counted}; 0 warnings, 0 left in the modem")


def test_beyond_the_bmp(desk: Desk, smsd: Smstools, happened: Callable[[object], None]) -> None:
    """A text with an emoji out: sent as smsd encodes it, which is up to the emoji."""
    to, text = "+46701200001", "Привет 😀 мир"
    smsd.write("emoji", to, text, "Alphabet: UTF-8")
    until("its submit", lambda: desk.sent(to))
    (part,) = desk.sent(to)
    assert text.startswith(part.text)
    happened(f"of {text!r} it submitted {part.text!r}")


def test_receives_long(desk: Desk, smsd: Smstools, happened: Callable[[object], None]) -> None:
    """A long text in, its parts out of order: one file."""
    text = "part after part " * 25
    desk.ctl("inject", modem=0, text=text, order=[2, 0, 1], **{"from": "+15553000002"})
    until("its file", lambda: [f for f in smsd.files("incoming") if f.text == text])
    happened(f"1 file with the same {len(text)} characters")


def test_each_personality(
    bank_of_all: Desk, smsd_on_all: Smstools, happened: Callable[[object], None]
) -> None:
    """One text in and one out with every personality at once."""
    log = smsd_on_all.folder / "log"
    for modem in range(len(PERSONALITIES)):
        until(f"GSM{modem}", holds(f"GSM{modem}: Used memory", lambda: [log.read_text("latin-1")]))
        bank_of_all.inject("+15553000003", f"in {modem}", modem=modem)
    until("the files", lambda: len(smsd_on_all.files("incoming")) == len(PERSONALITIES))
    texts = [f"out {number}" for number in range(len(PERSONALITIES))]
    for number, text in enumerate(texts):
        smsd_on_all.write(f"m{number}", _TO, text, f"Queue: GSM{number}")
    until("the sent files", lambda: len(smsd_on_all.files("sent")) == len(texts))
    counted = tally(texts, [part.text for part in bank_of_all.sent(_TO)])
    assert counted.is_clean, counted
    used = {entry["modem"] for entry in bank_of_all.journal("submit")}
    assert used == set(range(len(PERSONALITIES)))
    happened(f"1 text in each; {counted}, over all {len(used)} modems")
