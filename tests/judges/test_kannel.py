"""Kannel: bearerbox with its AT driver on a modem, smsbox in front."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.judges.desk import Desk, tally, until
from tests.judges.kannel import Kannel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.judges, pytest.mark.timeout(600)]

_TEXTS = 20
_TO = "+46701400000"
_LONG = "Kannel cuts what is long into parts. " * 8
_SLOW_S = 300.0
_REACHED_PHONE, _REACHED_SMSC = "1", "8"


@pytest.fixture(scope="module")
def kannel(desk: Desk) -> Iterator[Kannel]:
    running = Kannel(desk.folder, [desk.port()])
    running.start()
    yield running
    running.stop()


def test_sends(desk: Desk, kannel: Kannel, happened: Callable[[object], None]) -> None:
    """20 texts out, a fifth of them Unicode: sent once, unchanged, each with its reports."""
    texts = [f"out {number}" + " Привет" * (number % 5 == 0) for number in range(_TEXTS)]
    for text in texts:
        kannel.send(_TO, text)
    until("20 submits", lambda: len(desk.sent(_TO)) >= _TEXTS, _SLOW_S)
    until("the reports", lambda: _reports(kannel, _REACHED_PHONE) >= _TEXTS)
    sent = desk.sent(_TO)
    counted = tally(texts, [part.text for part in sent])
    assert counted.is_clean, counted
    assert _reports(kannel, _REACHED_PHONE) == _reports(kannel, _REACHED_SMSC) == _TEXTS
    happened(f"{len(sent)} submits, {counted}; {_TEXTS} DLR 8, {_TEXTS} DLR 1")


def _reports(kannel: Kannel, kind: str) -> int:
    return [fields["type"] for fields in kannel.stub.told("/dlr")].count(kind)


def test_sends_long(desk: Desk, kannel: Kannel, happened: Callable[[object], None]) -> None:
    """A long text out: in parts that the recipient's phone joins."""
    to = "+46701400001"
    kannel.send(to, _LONG.strip())
    until("the whole text", lambda: desk.read_by(to))
    assert desk.read_by(to) == [_LONG.strip()]
    happened(f"{len(desk.sent(to))} submits, joined to the same {len(_LONG.strip())} characters")


def test_receives(desk: Desk, kannel: Kannel, happened: Callable[[object], None]) -> None:
    """20 texts in, a fifth of them Unicode: each handed to the application once."""
    texts = [f"in {number}" + " Привет" * (number % 5 == 0) for number in range(_TEXTS)]
    for text in texts:
        desk.inject("+15553000001", text)
    until("20 texts", lambda: len(kannel.stub.told("/mo")) >= _TEXTS, _SLOW_S)
    got = kannel.stub.told("/mo")
    counted = tally(texts, [fields["text"] for fields in got])
    assert counted.is_clean, counted
    assert {fields["from"] for fields in got} == {"+15553000001"}
    happened(f"{len(got)} requests, {counted}")
