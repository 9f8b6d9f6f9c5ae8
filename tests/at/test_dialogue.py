"""The dialogue: bytes in, events out, whatever a modem does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.at import commands
from modemgw.at.dialogue import (
    CTRL_Z,
    ESC,
    MAX_ANSWER_LINES,
    Dialogue,
    Late,
    Noise,
    Prompt,
    Response,
    State,
    Unsolicited,
)
from modemgw.at.errors import AtError
from modemgw.at.framing import MAX_LINE
from modemgw.at.results import Kind
from tests.at.driving import clean_dialogue, feed

if TYPE_CHECKING:
    from modemgw.at.command import Command

PDU = "07915155009099F9040891515521430000621122126204000453EA130A"

_SCRAPS = st.sampled_from(
    [
        b"\r\n",
        b"\r",
        b"\n",
        b"\x00",
        b"> ",
        b">",
        b"OK\r\n",
        b"ERROR\r\n",
        b"+CMS ERROR: 38\r\n",
        b"+CMGS: 7\r\n",
        b'+CMTI: "ME",3\r\n',
        b"+CMT: ,21\r\n",
        b"+CDS: 21\r\n",
        PDU.encode() + b"\r\n",
        b"+CREG: 1\r\n",
        b"+CMEE: 1\r\n",
        b"RING\r\n",
        b"RDY\r\n",
        b"AT+CMGS=19\r",
        b"0\r",
        b'+CUSD: 1,"a\r\n',
        b'b",15\r\n',
        b"+CMGL: 1,1,,21\r\n",
        b'+CREG: 2,1,"00AA","00BB"\r\n',
        b"\x11\x13",
        b"\xff\xfe\x80",
        b"\x1a",
        b"x" * (MAX_LINE + 5),
    ]
)
_STREAMS = st.lists(st.one_of(_SCRAPS, st.binary(max_size=12)), max_size=25).map(b"".join)
_PENDING = st.sampled_from(
    [
        None,
        commands.SIGNAL,
        commands.LIST_TEXTS,
        commands.submit(19),
        commands.MAKER,
        commands.REGISTRATIONS[0],
        commands.read_text(1),
        commands.MARKERS[0],
    ]
)


@given(stream=_STREAMS, pending=_PENDING, seed=st.integers(0, 10_000), dirty=st.booleans())
def test_how_the_bytes_are_cut_makes_no_difference(
    stream: bytes, pending: Command[object] | None, seed: int, dirty: bool
) -> None:
    """Byte by byte, all at once and cut at random give the same events, and never an error."""
    results = []
    for cutting in (None, seed, -1):
        dialogue = Dialogue() if dirty else clean_dialogue()
        if pending is not None and pending.marker is dirty:
            dialogue.begin(pending)
        events = dialogue.receive(stream) if cutting == -1 else feed(dialogue, stream, cutting)
        results.append((events, dialogue.state, dialogue.dropped))
    assert results[0] == results[1] == results[2]


@given(stream=_STREAMS, seed=st.integers(0, 10_000))
def test_a_late_answer_is_never_the_next_commands(stream: bytes, seed: int) -> None:
    """Whatever comes while dirty, only the marker's own line and result end it."""
    dialogue = clean_dialogue()
    dialogue.begin(commands.SIGNAL)
    dialogue.timed_out()
    dialogue.begin(commands.MARKERS[1])
    events = feed(dialogue, stream, seed)
    assert not [event for event in events if isinstance(event, Response)]
    assert _state(dialogue) is State.MARKING
    (response,) = [
        event
        for event in feed(dialogue, b"\r\n\r\n+CMGF: 0\r\n\r\nOK\r\n", seed)
        if isinstance(event, Response)
    ]
    assert response.command is commands.MARKERS[1]
    assert response.lines[-1] == "+CMGF: 0"
    assert _state(dialogue) is State.IDLE


@pytest.mark.parametrize(
    "answer",
    [
        b"\r\n+CSQ: 18,99\r\n\r\nOK\r\n",
        b"AT+CSQ\r\r\n+CSQ: 18,99\r\n\r\nOK\r\n",
        b"+CSQ: 18,99\rOK\r",
        b"+CSQ: 18,99\nOK\n",
        b"\r\r\n+CSQ: 18,99\r\r\n\r\n\r\nOK\r\r\n",
        b"\x00\r\n\x00+CSQ: 18,99\x00\r\nO\x00K\r\n",
        b'\r\n+CMTI: "SM",4\r\n\r\n+CSQ: 18,99\r\n\r\nRING\r\n\r\nOK\r\n',
        b"\r\n^RSSI:17\r\nwhat?\r\n+CSQ: 18,99\r\n\r\n+CMT: ,21\r\n\r\nOK\r\n",
    ],
)
def test_an_answer_is_found_in_every_framing(answer: bytes) -> None:
    """Echo, CR, LF, both, NULs, blank lines and announcements leave the answer whole."""
    dialogue = clean_dialogue()
    dialogue.begin(commands.SIGNAL)
    (response,) = [e for e in dialogue.receive(answer) if isinstance(e, Response)]
    assert response.lines == ("+CSQ: 18,99",)
    assert response.final.ok


def test_numeric_results_are_understood_until_words_are_heard() -> None:
    """`ATV0`: 0 is OK; once OK was spelt, 0 is a line of an answer."""
    dialogue = Dialogue()
    dialogue.begin(commands.MARKERS[0])
    (response,) = dialogue.receive(b"+CMEE: 1\r\n0\r")
    assert isinstance(response, Response)
    assert response.final.ok
    dialogue.begin(commands.ECHO_OFF)
    (response,) = dialogue.receive(b"4\r")
    assert isinstance(response, Response)
    assert response.final.kind is Kind.ERROR
    dialogue.begin(commands.WORDS)
    dialogue.receive(b"OK\r\n")
    dialogue.begin(commands.MAKER)
    (response,) = dialogue.receive(b"0\r\nOK\r\n")
    assert isinstance(response, Response)
    assert response.lines == ("0",)


@pytest.mark.parametrize("prompt", [b"\r\n> ", b"\r\n>", b"\r\n>\r\n", b"AT+CMGS=19\r\r\n> "])
@pytest.mark.parametrize("seed", [None, 0, 1])
def test_a_prompt_is_seen_in_all_its_forms(prompt: bytes, seed: int | None) -> None:
    """With or without blank, line end and echo."""
    dialogue = clean_dialogue()
    assert dialogue.begin(commands.submit(19)) == b"AT+CMGS=19\r"
    assert feed(dialogue, prompt, seed) == [Prompt()]
    assert dialogue.payload("00AA") == b"00AA" + CTRL_Z
    answer = b"00AA\x1a\r\n> \r\n+CMGS: 7\r\n\r\nOK\r\n"
    (response,) = feed(dialogue, answer, seed)
    assert isinstance(response, Response)
    assert response.lines == ("+CMGS: 7",)


def test_no_prompt_is_seen_where_none_is_due() -> None:
    """`>` in texts and answers means nothing."""
    dialogue = clean_dialogue()
    assert dialogue.receive(b"> \r\n") == [Noise(">")]
    dialogue.begin(commands.SIGNAL)
    assert Prompt() not in dialogue.receive(b'\r\n> \r\n+CUSD: 1,"a > b",15\r\n')
    dialogue = clean_dialogue()
    dialogue.begin(commands.submit(19))
    assert Prompt() not in dialogue.receive(b'\r\n+CUSD: 1,"> b",15\r\n')


def test_an_error_instead_of_the_prompt_ends_the_command() -> None:
    """Then no payload can be written."""
    dialogue = clean_dialogue()
    dialogue.begin(commands.submit(19))
    (response,) = dialogue.receive(b"\r\n+CMS ERROR: 302\r\n")
    assert isinstance(response, Response)
    assert response.final.code == 302
    with pytest.raises(AtError, match="out of turn"):
        dialogue.payload("00AA")


def test_an_escaped_prompt_leaves_the_dialogue_dirty() -> None:
    """ESC may be answered by OK or an error: both are late."""
    dialogue = clean_dialogue()
    dialogue.begin(commands.submit(19))
    dialogue.receive(b"\r\n> ")
    assert dialogue.escape() == ESC
    assert dialogue.receive(b"\r\n> \r\nOK\r\n") == [Late("OK")]
    assert dialogue.state is State.DIRTY
    with pytest.raises(AtError):
        dialogue.begin(commands.SIGNAL)


def test_an_answer_after_its_time_out_is_late_and_kept() -> None:
    """The end of a submit can still be recognised."""
    dialogue = clean_dialogue()
    dialogue.begin(commands.submit(19))
    dialogue.receive(b"\r\n> ")
    dialogue.payload("00AA")
    dialogue.receive(b"\r\n+CMGS: 8\r\n")
    assert dialogue.timed_out() == ("+CMGS: 8",)
    assert dialogue.receive(b"\r\n+CMGS: 8\r\n\r\nOK\r\n") == [Late("+CMGS: 8"), Late("OK")]


def test_announcements_are_heard_while_dirty() -> None:
    """A text does not wait for the dialogue to be in step."""
    events = Dialogue().receive(b'\r\n+CMTI: "ME",3\r\n\r\nRING\r\n')
    assert events == [Unsolicited(('+CMTI: "ME",3',)), Unsolicited(("RING",))]


@pytest.mark.parametrize("seed", [None, 0, 1, 2])
def test_a_two_line_announcement_inside_a_listing_takes_nothing_from_it(seed: int | None) -> None:
    """+CMT and its PDU between an entry and the entry's PDU; another announcement in between."""
    dialogue = clean_dialogue()
    dialogue.begin(commands.LIST_TEXTS)
    other = PDU.replace("EA13", "EA14")
    stream = (
        "\r\n+CMGL: 1,1,,21\r\n"
        "+CMT: ,21\r\n"
        '+CMTI: "SM",9\r\n'
        f"{other}\r\n"
        f"{PDU}\r\n"
        f"+CMGL: 2,1,,21\r\n{PDU}\r\n\r\nOK\r\n"
    ).encode()
    events = feed(dialogue, stream, seed)
    assert Unsolicited(("+CMT: ,21", other)) in events
    assert Unsolicited(('+CMTI: "SM",9',)) in events
    response = events[-1]
    assert isinstance(response, Response)
    texts = commands.LIST_TEXTS.parse(response.lines)
    assert [(text.index, text.pdu) for text in texts] == [(1, PDU), (2, PDU)]


def test_an_identity_is_not_taken_for_a_pdu() -> None:
    """A +CMT whose PDU is yet to come does not swallow an IMEI."""
    dialogue = clean_dialogue()
    dialogue.begin(commands.IMEI)
    events = dialogue.receive(f"\r\n+CMT: ,21\r\n356938030000005\r\n{PDU}\r\n\r\nOK\r\n".encode())
    assert events[0] == Unsolicited(("+CMT: ,21", PDU))
    assert isinstance(events[1], Response)
    assert commands.IMEI.parse(events[1].lines) == "356938030000005"


def test_an_announcement_without_its_second_line_is_told_alone() -> None:
    """The next one of its kind shows that it was cut off."""
    events = clean_dialogue().receive(f"+CMT: ,21\r\n+CDS: 21\r\n{PDU}\r\n".encode())
    assert events == [Unsolicited(("+CMT: ,21",)), Unsolicited(("+CDS: 21", PDU))]


def test_a_returning_echo_and_stray_results_are_noise() -> None:
    """An idle dialogue stays idle whatever comes."""
    dialogue = clean_dialogue()
    assert dialogue.receive(b"AT+CSQ\r\r\nOK\r\nERROR\r\nx\r\n") == [
        Noise("OK"),
        Noise("ERROR"),
        Noise("x"),
    ]
    assert dialogue.state is State.IDLE


def test_an_over_long_line_is_dropped_and_counted() -> None:
    """A port that spews costs neither memory nor the next answer."""
    dialogue = clean_dialogue()
    dialogue.begin(commands.SIGNAL)
    spew = b"\xff" * (MAX_LINE * 3)
    events = dialogue.receive(spew + b"\r\n+CSQ: 1,99\r\nOK\r\n")
    assert events[0] == Noise("")
    assert isinstance(events[1], Response)
    assert dialogue.dropped == len(spew)


def test_an_endless_answer_is_bounded() -> None:
    """Lines beyond the limit are noise."""
    dialogue = clean_dialogue()
    dialogue.begin(commands.LIST_TEXTS)
    events = dialogue.receive(b"00\r\n" * (MAX_ANSWER_LINES + 2) + b"OK\r\n")
    assert events[:2] == [Noise("00"), Noise("00")]
    assert isinstance(events[2], Response)
    assert len(events[2].lines) == MAX_ANSWER_LINES


def test_a_second_command_waits_for_the_first() -> None:
    """Out of turn is an error of ours, and says so."""
    dialogue = clean_dialogue()
    dialogue.begin(commands.SIGNAL)
    with pytest.raises(AtError, match="begin is out of turn while running"):
        dialogue.begin(commands.SIGNAL)
    with pytest.raises(AtError, match="escape"):
        dialogue.escape()


def _state(dialogue: Dialogue) -> State:
    return dialogue.state


@pytest.mark.parametrize("line", [b"NO CARRIER", b"BUSY", b"NO ANSWER"])
def test_the_end_of_a_call_is_not_the_end_of_a_command(line: bytes) -> None:
    """A caller who hangs up during a submit leaves NO CARRIER in front of its answer."""
    dialogue = clean_dialogue()
    dialogue.begin(commands.submit(19))
    dialogue.receive(b"\r\n> ")
    dialogue.payload("00AA")
    events = dialogue.receive(b"\r\n" + line + b"\r\n\r\n+CMGS: 7\r\n\r\nOK\r\n")
    assert events[0] == Unsolicited((line.decode(),))
    assert isinstance(events[1], Response)
    assert events[1].final.ok
    assert events[1].lines == ("+CMGS: 7",)


def test_the_end_of_a_call_ends_the_command_that_dials() -> None:
    """Who dials by hand gets NO CARRIER as the answer."""
    dialogue = clean_dialogue()
    dialogue.begin(commands.plain("ATD123;"))
    (response,) = dialogue.receive(b"\r\nNO CARRIER\r\n")
    assert isinstance(response, Response)
    assert response.final.kind is Kind.NO_CARRIER


@pytest.mark.parametrize("before", [b"", b"\r\n> "])
def test_a_result_before_ctrl_z_leaves_the_dialogue_dirty(before: bytes) -> None:
    """A prompt may yet open, or stay open: the next command would be written into it."""
    dialogue = clean_dialogue()
    dialogue.begin(commands.submit(19))
    dialogue.receive(before + b"\r\nOK\r\n")
    assert _state(dialogue) is State.DIRTY


def test_a_prompt_older_than_the_command_does_not_answer_it() -> None:
    """`>` left in the buffer is nobody's."""
    dialogue = clean_dialogue()
    dialogue.receive(b"\r\n> ")
    dialogue.begin(commands.submit(19))
    assert dialogue.receive(b"\r\n") == []
    assert dialogue.receive(b"> ") == [Prompt()]
