"""The judge: what it counts, on both sides of the promise."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw import pdu
from modemgw.cli.errors import CommandError
from modemgw.cli.judge import Message, Network, Place, count, read_journal

if TYPE_CHECKING:
    from pathlib import Path

_TO = "+15550001"


def _network(*texts: str, to: str = _TO) -> Network:
    """A network that has each of these texts of one part."""
    network = Network()
    for text in texts:
        network.add(Place(to, 1, 1), text)
    return network


def _message(text: str, status: str = "sent", parts: int = 1, ended: str = "") -> Message:
    return Message(_TO, text, parts, status, ended or status)


def test_a_sent_text_that_is_there_once_holds() -> None:
    """The good case."""
    network = _network("a")
    result = count([_message("a")], network, network)
    assert (result.accepted, result.once, result.doubled, result.missing) == (1, 1, 0, 0)
    assert result.held


def test_a_text_that_is_there_twice_is_doubled() -> None:
    """Also where the API knows only of one."""
    network = _network("a", "a")
    result = count([_message("a")], network, network)
    assert result.doubled == 1
    assert not result.held


def test_a_sent_text_that_is_not_there_is_missing() -> None:
    """The API may not call sent what the network never had."""
    network = _network()
    result = count([_message("a", "delivered")], network, network)
    assert (result.missing, result.once) == (1, 0)
    assert not result.held


def test_a_submit_that_nobody_asked_for_is_a_stranger() -> None:
    """Nothing may reach the network that the API did not accept."""
    network = _network("a", "b")
    result = count([_message("a")], network, network)
    assert result.strangers == 1
    assert not result.held


@pytest.mark.parametrize("there", [0, 1])
def test_a_text_in_doubt_may_be_there_or_not(there: int) -> None:
    """Both are honest; which of them it is, is shown."""
    network = _network(*["a"] * there)
    result = count([_message("a", "in_doubt")], network, network)
    assert (result.in_doubt, result.in_doubt_there) == (1, there)
    assert result.held


def test_what_waits_and_what_ended_is_explained() -> None:
    """Neither is missing; an end bears its reason."""
    network = _network("d")
    messages = [
        _message("a", "queued"),
        _message("b", "canceled"),
        _message("c", "failed", ended="failed: no_credit"),
        _message("d", "failed", ended="failed: outcome_unknown"),
    ]
    result = count(messages, network, network)
    assert result.queued == 1
    assert result.ended == {
        "canceled": 1,
        "failed: no_credit": 1,
        "failed: outcome_unknown": 1,
    }
    assert result.ended_there == 1
    assert result.held


def test_equal_texts_to_one_number_are_counted_together() -> None:
    """Two of three there, one queued: nothing is doubled, nothing missing."""
    network = _network("a", "a")
    messages = [_message("a", "queued"), _message("a"), _message("a", "delivered")]
    result = count(messages, network, network)
    assert (result.once, result.queued, result.doubled, result.missing) == (2, 1, 0, 0)


def test_parts_are_found_by_their_place_and_one_too_many_is_doubled() -> None:
    """A long text is there only when every part of it is."""
    network = Network()
    for seq, text in ((1, "one "), (2, "two "), (2, "two "), (3, "three")):
        network.add(Place(_TO, 3, seq), text)
    result = count([_message("one two three", parts=3)], network, network)
    assert (result.once, result.doubled, result.strangers) == (1, 1, 0)


def test_a_text_of_which_a_part_is_not_there_is_not_there() -> None:
    """Its other parts belong to it all the same."""
    network = Network()
    for seq, text in ((1, "one "), (3, "three")):
        network.add(Place(_TO, 3, seq), text)
    result = count([_message("one two three", parts=3)], network, network)
    assert (result.missing, result.strangers) == (1, 0)


def test_what_moves_while_the_judge_looks_is_no_fault() -> None:
    """Queued when the API was asked, at the network a moment later."""
    result = count([_message("a")], _network(), _network("a", "b"))
    assert result.held
    assert result.once == 1


@given(st.lists(st.sampled_from(["sent", "queued", "in_doubt", "canceled"]), max_size=30))
def test_every_accepted_text_is_counted_exactly_once(statuses: list[str]) -> None:
    """The rows add up to what was accepted, whatever became of it."""
    network = _network(*["a"] * statuses.count("sent"))
    result = count([_message("a", status) for status in statuses], network, network)
    told = result.once + result.queued + result.in_doubt + result.missing
    assert told + sum(result.ended.values()) == result.accepted == len(statuses)
    assert result.held


def _submit(text: str, answer: str, **more: object) -> str:
    (frame,) = pdu.encode(_TO, text)
    return json.dumps({"t": 1, "event": "submit", "pdu": frame.hex, "answer": answer, **more})


def test_the_journal_counts_what_the_network_accepted(tmp_path: Path) -> None:
    """Also where the modem never heard of it; refused and dropped parts are not there."""
    journal = tmp_path / "journal.jsonl"
    lines = [
        _submit("a", "ok"),
        _submit("b", "lost"),
        _submit("c", "late"),
        _submit("d", "error"),
        _submit("e", "dropped"),
        _submit("f", "error", accepted=True),
        json.dumps({"t": 1, "event": "deliver", "modem": 0}),
    ]
    journal.write_text("\n".join(lines) + "\n" + '{"half a li')
    network = read_journal(journal)
    assert network.submits == 4
    assert network.towards(_TO[:-1]).submits == 4
    assert network.towards("+49").submits == 0
    assert network.parts_of(_message("b")) == [(Place(_TO, 1, 1), "b")]


@pytest.mark.parametrize(
    "content", ["no JSON\n", '{"event": "submit", "answer": "ok", "pdu": "0"}\n']
)
def test_what_is_no_journal_is_refused_in_words(content: str, tmp_path: Path) -> None:
    """A wrong file must not look like a clean count."""
    journal = tmp_path / "journal.jsonl"
    journal.write_text(content)
    with pytest.raises(CommandError, match="no journal"):
        read_journal(journal)
    with pytest.raises(CommandError, match="cannot read"):
        read_journal(tmp_path / "none")
