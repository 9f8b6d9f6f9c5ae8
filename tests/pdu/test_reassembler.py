"""Parts in any order make whole messages, each once, within the stated bounds."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw import pdu

from .vectors import load_lines

T0 = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
LINE = "8931440000000000001"
ALICE = "+31641600986"
BOB = "+12025550123"


def _deliver(frame_hex: str) -> pdu.Deliver:
    part = pdu.decode(frame_hex)
    assert isinstance(part, pdu.Deliver)
    return part


def _parts(
    text: str, *, sender: str = ALICE, ref: int = 1, ref_bits: int = 8, late_s: float = 0
) -> list[pdu.Deliver]:
    scts = T0 + timedelta(seconds=late_s)
    frames = pdu.encode_deliver(sender, text, scts=scts, ref=ref, ref_bits=ref_bits)
    return [_deliver(frame.hex) for frame in frames]


def _feed(machine: pdu.Reassembler, parts: list[pdu.Deliver], now: float = 0) -> list[pdu.Joined]:
    tokens = count()
    joined = (machine.add(LINE, part, now=now, token=next(tokens)) for part in parts)
    return [message for message in joined if message is not None]


@pytest.mark.parametrize("vector", load_lines("pdu-reassemble.jsonl"), ids=lambda v: v["id"])
def test_every_stream_of_the_vectors_makes_its_messages(vector: dict[str, object]) -> None:
    """In order of completion, with the sender and the text expected."""
    machine = pdu.Reassembler()
    joined = []
    assert isinstance(vector["parts"], list)
    for part in map(_deliver, vector["parts"]):
        assert part.scts is not None
        message = machine.add(LINE, part, now=part.scts.timestamp())
        if message is not None:
            joined.append((message.sender.number.removeprefix("+"), message.text))
    still_open = [(j.total, list(j.missing)) for j in machine.expire(1e12, 0)]
    assert isinstance(vector["expect"], list)
    whole = [e for e in vector["expect"] if "text" in e]
    assert joined == [(e["from"], e["text"]) for e in whole]
    if vector["category"] != "reference used again after days":  # the old part's fate is ours
        expected = [(e["total"], e["missing"]) for e in vector["expect"] if "text" not in e]
        assert still_open == expected


@given(
    texts=st.lists(st.text("añ€😀", min_size=100, max_size=400), min_size=1, max_size=4),
    data=st.data(),
)
def test_any_order_interleaving_and_repetition_gives_each_message_once(
    texts: list[str], data: st.DataObject
) -> None:
    """Also when parts come twice, before or after the message is whole."""
    parts = [part for ref, text in enumerate(texts) for part in _parts(text, ref=ref)]
    parts = [part for part in parts if part.concat is not None]
    repeated = data.draw(st.lists(st.sampled_from(parts), max_size=5)) if parts else []
    stream = data.draw(st.permutations(parts + repeated))
    joined = _feed(pdu.Reassembler(), stream)
    assert sorted(message.text for message in joined) == sorted(
        text for text in texts if len(_parts(text)) > 1
    )


def test_a_text_that_is_no_part_is_whole_by_itself() -> None:
    """It passes through with its token, and leaves nothing behind."""
    machine = pdu.Reassembler()
    (message,) = _feed(machine, _parts("alone"))
    assert (message.text, message.tokens, message.complete) == ("alone", (0,), True)
    assert len(machine) == 0


def test_tokens_are_in_order_of_the_parts_not_of_their_arrival() -> None:
    """So that the caller can say which stored part is which."""
    (message,) = _feed(pdu.Reassembler(), _parts("x" * 400)[::-1])
    assert message.tokens == (2, 1, 0)
    assert (message.total, message.missing, message.line) == (3, (), LINE)


def test_data_in_parts_is_joined_as_data() -> None:
    """8-bit messages have octets and an empty text."""
    content = bytes(range(200))
    frames = pdu.encode_deliver(ALICE, scts=T0, data=content, ref=1)
    (message,) = _feed(pdu.Reassembler(), [_deliver(frame.hex) for frame in frames])
    assert (message.data, message.text) == (content, "")


def test_other_content_under_the_same_number_is_a_new_message() -> None:
    """A reference that wrapped: old and new never mix, and the newer is served first."""
    old, new = _parts("o" * 200), _parts("n" * 200)
    machine = pdu.Reassembler()
    (message,) = _feed(machine, [old[0], new[0], new[1]])
    assert message.text == "n" * 200
    (message,) = _feed(machine, [old[1]])
    assert message.text == "o" * 200


def test_the_same_text_sent_again_under_a_reference_that_wrapped_is_a_new_message() -> None:
    """Only a part with the very time stamp of a whole message is its repeat."""
    machine = pdu.Reassembler()
    assert len(_feed(machine, _parts("x" * 200))) == 1
    assert _feed(machine, _parts("x" * 200)) == []
    assert len(machine) == 0
    assert len(_feed(machine, _parts("x" * 200, late_s=60))) == 1


@pytest.mark.parametrize(
    "other",
    [
        _parts("x" * 200, sender=BOB)[1],
        _parts("x" * 200, ref=2)[1],
        _parts("x" * 200, ref_bits=16)[1],
        _parts("x" * 400)[1],
    ],
    ids=["sender", "reference", "width", "total"],
)
def test_parts_that_differ_in_their_key_are_kept_apart(other: pdu.Deliver) -> None:
    """Sender, reference, width of the reference, total."""
    machine = pdu.Reassembler()
    assert _feed(machine, [_parts("x" * 200)[0], other]) == []
    assert len(machine) == 2


def test_parts_on_two_lines_are_kept_apart() -> None:
    """The same sender may write to two of our numbers."""
    first, second = _parts("x" * 200)
    machine = pdu.Reassembler()
    assert machine.add("line 1", first, now=0) is None
    assert machine.add("line 2", second, now=0) is None


def test_a_message_whose_parts_stay_away_is_given_out_once_and_still_completed() -> None:
    """First as partial, with what is missing; then whole, with all tokens."""
    first, second, third = _parts("x" * 400)
    machine = pdu.Reassembler(window_s=1000)
    assert _feed(machine, [first, third], now=10) == []
    assert machine.expire(60, 60) == []
    (partial,) = machine.expire(71, 60)
    assert (partial.complete, partial.missing, partial.tokens) == (False, (2,), (0, 1))
    assert (partial.text, partial.first_at) == (f"{first.text}{third.text}", 10)
    assert machine.expire(500, 60) == []
    (whole,) = _feed(machine, [second], now=900)
    assert (whole.complete, whole.text, whole.first_at) == (True, "x" * 400, 10)


def test_nothing_is_joined_after_the_window() -> None:
    """The old message is given out if it was not, and forgotten; the late part starts anew."""
    first, second = _parts("x" * 200)
    machine = pdu.Reassembler(window_s=100)
    assert _feed(machine, [first], now=0) == []
    assert _feed(machine, [second], now=101) == []
    assert [j.missing for j in machine.expire(101, 1e9)] == [(2,)]
    assert len(machine) == 1
    assert len(_feed(machine, [first], now=102)) == 1


def test_a_part_of_a_partial_message_is_not_given_out_as_partial_again() -> None:
    """A machine that is built anew from stored parts is told what was given out before."""
    first, second = _parts("x" * 200)
    machine = pdu.Reassembler()
    assert machine.add(LINE, first, now=0, delivered_partial=True) is None
    assert machine.expire(1000, 60) == []
    assert machine.add(LINE, second, now=1000) is not None


def test_beyond_the_bound_of_a_sender_its_oldest_makes_room() -> None:
    """And comes out of the next expire, while other senders lose nothing."""
    machine = pdu.Reassembler(max_per_sender=2)
    _feed(machine, _parts("b" * 200, sender=BOB)[:1])
    for ref in range(3):
        _feed(machine, _parts("x" * 200, ref=ref)[:1], now=ref)
    assert len(machine) == 3
    assert [j.first_at for j in machine.expire(3, 1000)] == [0]
    assert len(_feed(machine, _parts("b" * 200, sender=BOB)[1:])) == 1


def test_beyond_the_bound_in_all_the_oldest_makes_room() -> None:
    """What was given out as partial before is not given out again."""
    machine = pdu.Reassembler(max_open=2)
    for ref in range(4):
        _feed(machine, _parts("x" * 200, ref=ref, sender=f"+3164160098{ref}")[:1], now=ref)
        if ref == 1:
            assert len(machine.expire(ref, 0.5)) == 1
    assert len(machine) == 2
    assert [j.first_at for j in machine.expire(4, 1000)] == [1]


def test_whole_messages_are_remembered_within_the_bound_only() -> None:
    """Beyond it a repeat opens a message again: memory is bounded, the text is not lost."""
    machine = pdu.Reassembler(max_open=1)
    for ref in (1, 2):
        assert len(_feed(machine, _parts("x" * 200, ref=ref))) == 1
    assert _feed(machine, _parts("x" * 200, ref=2)[:1]) == []
    assert len(machine) == 0
    assert _feed(machine, _parts("x" * 200, ref=1)[:1]) == []
    assert len(machine) == 1


def test_an_escape_that_was_cut_is_whole_again() -> None:
    """Some senders cut between the escape and its character."""
    vectors = {v["category"]: v for v in load_lines("pdu-reassemble.jsonl")}
    parts = [_deliver(p) for p in vectors["escape across parts"]["parts"]]
    assert not any("€" in (part.text or "") for part in parts)
    assert _feed(pdu.Reassembler(), parts)[0].text == "abc€def"


@pytest.mark.parametrize(
    "bounds", [{"window_s": 0}, {"max_open": 0}, {"max_per_sender": 0}], ids=str
)
def test_a_machine_without_room_is_refused(bounds: dict[str, int]) -> None:
    """A bound of nothing is a mistake of the configuration."""
    with pytest.raises(ValueError, match="needs a window and room"):
        pdu.Reassembler(**bounds)


def test_a_reference_that_comes_again_and_again_keeps_its_messages_apart() -> None:
    """Three wait under one key; each part goes to that of its time, whichever was opened first."""
    machine = pdu.Reassembler()
    sent = [_parts(f"{n} " + "x" * 200, late_s=n * 600) for n in range(3)]
    for first, _ in sent:
        assert machine.add(LINE, first, now=0) is None
    joined = [machine.add(LINE, second, now=1) for _, second in sent]
    assert [message and message.text[0] for message in joined] == ["0", "1", "2"]
    assert len(machine) == 0


def test_of_messages_of_one_time_the_one_that_was_fed_last_gets_the_part() -> None:
    """Nothing else tells them apart."""
    machine = pdu.Reassembler()
    sent = [_parts(f"{n} " + "x" * 200) for n in range(2)]
    for first, _ in sent:
        machine.add(LINE, first, now=0)
    joined = machine.add(LINE, sent[0][1], now=1)
    assert joined is not None
    assert joined.text.startswith("1 ")


def test_parts_without_a_time_are_joined_too() -> None:
    """Some networks send zeros for it."""
    machine = pdu.Reassembler()
    parts = [dataclasses.replace(part, scts=None) for part in _parts("x" * 200)]
    assert [message.text for message in _feed(machine, parts)] == ["x" * 200]


def test_what_was_sent_days_apart_is_never_one_message() -> None:
    """The old first part and the new second would fit, and make a text that nobody wrote."""
    old, new = _parts("o" * 200), _parts("n" * 200, late_s=2 * 86_400)
    machine = pdu.Reassembler()
    assert _feed(machine, [old[0], new[1]]) == []
    assert [message.text for message in _feed(machine, [new[0], old[1]])] == ["n" * 200, "o" * 200]


def test_how_far_apart_parts_may_be_sent_can_be_set() -> None:
    """For networks that hold parts back."""
    first, second = _parts("x" * 200)[0], _parts("x" * 200, late_s=60)[1]
    assert _feed(pdu.Reassembler(spread_s=59), [first, second]) == []
    assert len(_feed(pdu.Reassembler(spread_s=60), [first, second])) == 1


def test_a_second_copy_of_a_whole_message_is_no_message() -> None:
    """Also in another order, and when its reference made another message meanwhile."""
    first, other = _parts("x" * 400), _parts("y" * 400, late_s=600)
    machine = pdu.Reassembler(window_s=100)
    assert len(_feed(machine, [*first, *other], now=0)) == 2
    assert _feed(machine, [*first[::-1], *other], now=100) == []
    assert len(machine) == 0
    assert len(_feed(machine, first, now=101)) == 1


def test_an_owner_knows_how_long_to_sleep() -> None:
    """Until the deadline there is nothing to give out, and at it there is."""
    machine = pdu.Reassembler(window_s=1000, max_open=1)
    assert machine.next_deadline(60) is None
    _feed(machine, _parts("x" * 200)[:1], now=10)
    deadline = machine.next_deadline(60)
    assert deadline is not None
    assert 70 < deadline < 70.001
    assert machine.expire(70, 60) == []
    assert len(machine.expire(deadline, 60)) == 1
    assert machine.next_deadline(60) is None
    _feed(machine, _parts("y" * 200, ref=2)[:1], now=80)
    assert machine.next_deadline(5000) == pytest.approx(1080)
    _feed(machine, _parts("z" * 200, ref=3)[:1], now=90)
    assert machine.next_deadline(60) == 80  # one made room, and can be had at once


def test_a_part_with_an_impossible_number_stands_alone() -> None:
    """A number of 0, or beyond the total, is not obeyed (§9.2.3.24.1)."""
    machine = pdu.Reassembler()
    first = _parts("x" * 200)[0]
    for number in (0, 3):
        octets = bytearray(first.octets())
        octets[octets.index(bytes((5, 0, 3, 1, 2, 1))) + 5] = number
        (message,) = _feed(machine, [_deliver("00" + octets.hex())])
        assert (message.text, message.total, message.complete) == (first.text, 1, True)
    assert len(machine) == 0


def test_a_part_that_states_another_total_is_of_another_message() -> None:
    """What it was torn from is given out as far as it came, and so is it."""
    machine = pdu.Reassembler()
    first, _, third = _parts("x" * 400)
    assert _feed(machine, [first, _parts("x" * 300)[1], third]) == []
    assert [(m.total, m.missing) for m in machine.expire(100, 60)] == [(3, (2,)), (2, (1,))]
