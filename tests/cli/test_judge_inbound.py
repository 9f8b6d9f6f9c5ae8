"""The judge's view of what came in: lost, doubled, or on its way."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from modemgw import pdu
from modemgw.cli.errors import CommandError
from modemgw.cli.judge_inbound import Arrivals, count_inbound, read_arrivals

if TYPE_CHECKING:
    from pathlib import Path

SENDER = "+15553010001"
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def octets(text: str, ref: int = 1) -> list[str]:
    return [frame.hex for frame in pdu.encode_deliver(SENDER, text, scts=NOW, ref=ref)]


def arrivals(*entries: dict[str, Any]) -> Arrivals:
    found = Arrivals()
    for entry in entries:
        found.note({"modem": 0, **entry})
    found.join()
    return found


def stored(hexed: str) -> dict[str, Any]:
    return {"event": "deliver", "via": "stored", "pdu": hexed}


def deleted(hexed: str) -> dict[str, Any]:
    return {"event": "delete", "pdu": hexed}


def message(text: str, **more: Any) -> dict[str, Any]:
    return {"from": SENDER, "text": text, "partial": False, **more}


def test_a_text_that_is_there_once_holds() -> None:
    """Deleted from the modem, received by the API."""
    (hexed,) = octets("a")
    seen = arrivals(stored(hexed), deleted(hexed))
    result = count_inbound([message("a")], seen, seen)
    assert (result.came, result.once, result.held) == (1, 1, True)


@pytest.mark.parametrize("via", ["stored", "direct"])
def test_a_text_that_no_modem_stores_and_the_api_has_not_is_lost(via: str) -> None:
    """Whether it was deleted or never stored."""
    (hexed,) = octets("a")
    seen = arrivals({"event": "deliver", "via": via, "pdu": hexed}, deleted(hexed))
    result = count_inbound([], seen, seen)
    assert (result.lost, result.held) == (1, False)


def test_a_text_that_a_modem_stores_is_on_its_way() -> None:
    """Nobody has promised anything about it yet."""
    (hexed,) = octets("a")
    seen = arrivals(stored(hexed))
    result = count_inbound([], seen, seen)
    assert (result.waiting, result.lost, result.held) == (1, 0, True)


def test_a_text_that_the_api_has_twice_is_doubled() -> None:
    """Also where the network delivered it twice."""
    (hexed,) = octets("a")
    seen = arrivals(stored(hexed), stored(hexed))
    result = count_inbound([message("a"), message("a")], seen, seen)
    assert (result.came, result.doubled, result.held) == (1, 1, False)


def test_what_nobody_wrote_is_a_stranger() -> None:
    """A text that garbage made."""
    result = count_inbound([message("b")], arrivals(), arrivals())
    assert (result.strangers, result.held) == (1, False)


def test_a_long_text_is_one_and_lost_only_when_all_of_it_has_gone() -> None:
    """Its parts are joined as a person would read them; a partial one waits for the rest."""
    text = "long " * 60
    first, second = octets(text)
    half = arrivals(stored(first), stored(second), deleted(first))
    assert count_inbound([], half, half).waiting == 1
    whole = arrivals(stored(first), stored(second), deleted(first), deleted(second))
    assert count_inbound([message(text)], whole, whole).once == 1
    assert count_inbound([], whole, whole).lost == 1
    partial = count_inbound([message(text[:20], partial=True)], whole, whole)
    assert (partial.waiting, partial.held) == (1, True)


def test_what_moves_while_the_judge_looks_is_no_fault() -> None:
    """Deleted and received between its two readings."""
    (hexed,) = octets("a")
    later = arrivals(stored(hexed), deleted(hexed))
    assert count_inbound([], arrivals(), later).held
    assert count_inbound([message("a")], arrivals(), later).once == 1


def test_the_journal_is_read(tmp_path: Path) -> None:
    """Reports and what was thrown away on purpose are no texts."""
    path = tmp_path / "journal.jsonl"
    (hexed,) = octets("a")
    report = pdu.encode_status_report(1, SENDER, scts=NOW, discharge=NOW, st=0).hex
    entries = [
        stored(hexed),
        {"event": "deliver", "via": "discarded", "pdu": hexed[:-2] + "00"},
        {"event": "report", "via": "stored", "pdu": report},
        stored(report),
    ]
    lines = [json.dumps({"modem": 0, **entry}) for entry in entries]
    path.write_text("\n".join(lines) + "\n")
    assert read_arrivals(path).came.total() == 1
    path.write_text('{"event": "deliver", "via": "stored", "modem": 0}\n')
    with pytest.raises(CommandError, match="no journal"):
        read_arrivals(path)
