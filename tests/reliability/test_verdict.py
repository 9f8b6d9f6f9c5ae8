"""What the verdicts are made of."""

from __future__ import annotations

from typing import Any

from tests.reliability.verdict import Trace


def traced(*entries: dict[str, Any]) -> Trace:
    trace = Trace()
    for entry in entries:
        trace.note(entry)
    return trace


def fault(seconds: float, *, over: bool = False) -> dict[str, Any]:
    return {"t": seconds * 1e9, "event": "fault", "name": "dead", "over": over}


def submit(began: float, ended: float, answer: str = "ok") -> dict[str, Any]:
    return {"t": ended * 1e9, "t_ctrl_z": began * 1e9, "event": "submit", "answer": answer}


def test_a_modem_works_again_when_the_next_text_has_gone() -> None:
    """Not the one that was on the air when the fault struck, nor one that was not answered."""
    trace = traced(submit(1, 3), fault(2), submit(4, 5, "lost"), submit(6, 7), submit(8, 9))
    assert trace.recoveries("dead") == [5]


def test_what_lasts_is_counted_from_its_end() -> None:
    """How long the fault takes is not the daemon's doing."""
    trace = traced(fault(1), fault(10, over=True), submit(11, 12))
    assert trace.recoveries("dead") == [2]


def test_of_strikes_in_a_row_the_last_counts() -> None:
    """Before it there was no time to work again."""
    trace = traced(fault(1), fault(2, over=True), fault(3), fault(5, over=True), submit(6, 8))
    assert trace.recoveries("dead") == [3]


def test_a_strike_behind_which_nothing_was_to_be_sent_says_nothing() -> None:
    """Neither good nor bad."""
    assert traced(submit(1, 2), fault(3)).recoveries("dead") == []
    assert traced().recoveries("dead") == []
