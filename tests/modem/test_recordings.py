"""Flight recorders: what they keep, what they hide, and how a recording becomes a test."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.at import commands
from modemgw.modem.interface import Outcome
from modemgw.modem.masking import masked
from modemgw.modem.recorder import Direction, Entry, Recorder
from modemgw.modem.recording import (
    Heading,
    Moment,
    Recording,
    RecordingError,
    parse,
    recording,
)
from modemgw.modem.replay import command_of, replay, with_events
from tests.modem.listening import Permit
from tests.modem.scripted import CRLF, ScriptedModem, ok

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modemgw.modem.replay import Step
    from tests.modem.conftest import Start

DATA = Path(__file__).parent.parent / "data"
RECORDINGS = sorted((DATA / "recordings").glob("*.jsonl"))
TRANSCRIPTS: list[dict[str, Any]] = [
    json.loads(line)
    for line in (DATA / "at-transcripts.jsonl").read_text(encoding="ascii").splitlines()
]
PDU = "0011000B915155500100F00000AA05E8329BFD06"


def _read(*pieces: bytes, asked: bytes = b"") -> list[Entry]:
    written = [Entry(0.0, Direction.WRITTEN, asked)] if asked else []
    return written + [Entry(1.0, Direction.READ, piece) for piece in pieces]


def _stream(entries: Sequence[Entry]) -> bytes:
    return b"".join(entry.data for entry in entries if entry.direction is Direction.READ)


def _masked(data: bytes, asked: bytes = b"") -> bytes:
    return _stream(masked(_read(data, asked=asked)))


def _loaded(file: Path) -> Recording:
    return parse(file.read_text(encoding="ascii").splitlines())


def _departures(steps: Sequence[Step]) -> list[str]:
    return [step.departure for step in steps if step.departure]


# What is kept.


def test_the_recorder_is_bounded() -> None:
    """The newest stay, and it is known that older ones are gone."""
    recorder = Recorder(1000)
    assert not recorder.dropped
    for number in range(100):
        recorder.record(Direction.READ, b"line %d\r\n" % number)
    assert 0 < len(recorder.entries) < 12
    assert recorder.entries[-1].data == b"line 99\r\n"
    assert recorder.dropped


@given(cuts=st.sets(st.integers(1, 40)), noise=st.sampled_from([b"", b"\r\nRING\r\n", b"\0"]))
def test_a_pin_is_not_even_kept_as_an_echo(cuts: set[int], noise: bytes) -> None:
    """However the echo is cut or disturbed; the code of the error that follows is kept."""
    recorder = Recorder(10_000)
    recorder.record(Direction.WRITTEN, b'AT+CPIN="72945518"\r', secret=True)
    echo = b'AT+CPIN="729' + noise + b'45518"\r\r\n+CME ERROR: 16\r\n'
    edges = [0, *sorted(cut for cut in cuts if cut < len(echo)), len(echo)]
    for begin, end in itertools.pairwise(edges):
        recorder.record(Direction.READ, echo[begin:end])
    kept = b"".join(entry.data for entry in recorder.entries)
    assert not any(digits in kept for digits in (b"7", b"2", b"9", b"4", b"5", b"8"))
    assert b"+CME ERROR: 16" in kept
    recorder.reveal()
    recorder.record(Direction.READ, b"+CSQ: 29,99\r\n")
    assert recorder.entries[-1].data == b"+CSQ: 29,99\r\n"


async def test_a_pin_that_is_echoed_reaches_no_recording(
    start: Start, modem: ScriptedModem
) -> None:
    """Asked for in full, the recording has stars in the command and in its echo."""
    modem.script["AT+CPIN?"] = ok("+CPIN: SIM PIN")

    def unlock() -> str:
        modem.script["AT+CPIN?"] = ok("+CPIN: READY")
        return 'AT+CPIN="7294"\r' + ok()

    modem.script['AT+CPIN="7294"'] = unlock
    driver = await start(pin="7294")
    lines = driver.recording(masked=False)
    assert not any("7294" in line for line in lines)
    assert sum("****" in line for line in lines) == 2


# What is hidden.


@pytest.mark.parametrize("entry", TRANSCRIPTS, ids=lambda entry: str(entry["id"]))
def test_masking_keeps_every_length_and_what_a_modem_says(entry: dict[str, Any]) -> None:
    """Line ends stay where they were, and so do results, prefixes and the sort of each octet."""
    data = "\r\n".join(["", *entry["response_lines"], ""]).encode("latin-1", "replace")
    asked = ((entry["command"] or "") + "\r").encode("latin-1")
    shown = _masked(data, asked)
    assert len(shown) == len(data)
    for before, after in zip(data, shown, strict=True):
        assert (
            bytes([before]).isdigit() == bytes([after]).isdigit() or chr(before) in "abcdefABCDEF"
        )
        assert bytes([before]).isspace() == bytes([after]).isspace()


@given(
    cuts=st.sets(st.integers(1, 200)),
    number=st.from_regex(r"\+[1-9]{10,14}", fullmatch=True),
)
def test_masking_does_not_depend_on_how_the_bytes_were_cut(cuts: set[int], number: str) -> None:
    """A number that two reads share is masked as a whole."""
    data = (
        f'\r\n+CLIP: "{number}",145\r\n\r\n+CMT: "{number}",24\r\n{PDU}\r\n'
        '\r\n+CUSD: 1,"Hello Ann\r\nyour balance is 17\r\n",15\r\n\r\n+CMTI: "SM",17\r\n'
    ).encode()
    edges = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    pieces = [data[begin:end] for begin, end in itertools.pairwise(edges)]
    shown = _stream(masked(_read(*pieces)))
    assert shown == _masked(data)
    assert number[3:].encode() not in shown
    assert PDU[:16].encode() not in shown
    assert not any(word in shown for word in (b"Ann", b"balance", b"is 17"))
    assert b'\r\n",15\r\n' in shown
    assert b'+CMTI: "SM",17\r\n' in shown


@pytest.mark.parametrize(
    ("asked", "said", "kept"),
    [
        (b"AT+CGMM\r", b"\r\nEC25\r\n", True),
        (b"AT+CMGR=3\r", b"\r\n+CMGR: 0,,24\r\nmeet me at 8\r\n", False),
        (b'AT+CMGL="ALL"\r', b'\r\n+CMGL: 1,"REC READ","Ann"\r\nmeet me\r\n', False),
        (b"AT\r", b"\r\nmeet me at 8\r\n", False),
        (b"AT+CSQ\r", b"\r\n+CSQ: 20,99\r\n", True),
        (b"AT+COPS?\r", b'\r\n+COPS: 0,0,"Testnet",7\r\n', True),
        (b"AT+CMGD=1\r", b"\r\n+CMS ERROR: 321\r\n", True),
        (b"ATE0\r", b"4\r", True),
    ],
)
def test_what_nobody_is_known_to_have_said_is_masked(asked: bytes, said: bytes, kept: bool) -> None:
    """A bare line is a person's, unless the modem was asked for itself."""
    assert (_masked(said, asked) == said) is kept
    assert b"meet" not in _masked(said, asked)


def test_what_we_wrote_is_masked_like_its_echo() -> None:
    """A replay tells an echo by that."""
    written = [
        Entry(0.0, Direction.WRITTEN, b'AT+CUSD=1,"*100*55#",15\r'),
        Entry(1.0, Direction.READ, b'AT+CUSD=1,"*100*55#",15\r\r\nOK\r\n'),
        Entry(2.0, Direction.WRITTEN, PDU.encode() + b"\x1a"),
        Entry(3.0, Direction.READ, b"> " + PDU.encode() + b"\r\n"),
    ]
    ussd, echo, payload, echoed = (entry.data for entry in masked(written))
    assert ussd == b'AT+CUSD=1,"*000*00#",15\r'
    assert echo.startswith(ussd)
    assert payload == b"0" * len(PDU) + b"\x1a"
    assert echoed == b"> " + payload[:-1] + b"\r\n"


def test_the_half_line_that_a_cut_left_is_masked_whole() -> None:
    """It may be the end of a number, too short to be told as one."""
    assert _stream(masked(_read(b'1234",145\r\n+CSQ: 9,99\r\n'), cut=True)).startswith(b"0000")
    assert b"+CSQ: 9,99" in _stream(masked(_read(b'1234",145\r\n+CSQ: 9,99\r\n'), cut=True))


# What a replay shows.


@pytest.mark.parametrize("file", RECORDINGS, ids=lambda file: file.stem)
def test_a_recording_makes_the_same_events_today(file: Path) -> None:
    """Our side would do what it did, and understands what it understood."""
    played = _loaded(file)
    assert any(moment.events for moment in played.moments)
    assert _departures(replay(played)) == []


@pytest.mark.parametrize("file", RECORDINGS, ids=lambda file: file.stem)
def test_a_recording_that_was_cut_is_followed_from_the_next_exchange_on(file: Path) -> None:
    """A ring of the last kilobytes begins anywhere, and most recordings are such."""
    whole = _loaded(file)
    for begin in range(1, len(whole.moments), 7):
        rest = tuple(replace(moment, events=None) for moment in whole.moments[begin:])
        steps = replay(Recording(replace(whole.heading, cut=True), rest))
        assert _departures(steps) == [], begin


def test_there_are_recordings() -> None:
    """The tests above have something to play."""
    assert len(RECORDINGS) >= 8


def _exchange(answer: bytes, *then: tuple[Direction, bytes]) -> Recording:
    entries = [
        (Direction.OPENED, b""),
        (Direction.WRITTEN, b"AT+CMEE?\r"),
        (Direction.READ, b"\r\n+CMEE: 1\r\n\r\nOK\r\n"),
        (Direction.WRITTEN, b"AT+CSQ\r"),
        (Direction.READ, answer),
        *then,
    ]
    moments = (Moment(Entry(float(at), *entry)) for at, entry in enumerate(entries))
    return Recording(Heading(), tuple(moments))


def test_an_answer_that_would_not_be_understood_is_a_departure() -> None:
    """The next command was written because the answer was over; without its OK it is not."""
    following = (Direction.WRITTEN, b"AT+CREG?\r")
    complete = _exchange(b"\r\n+CSQ: 9,99\r\n\r\nOK\r\n", following)
    assert _departures(replay(complete)) == []
    (departure,) = _departures(replay(_exchange(b"\r\n+CSQ: 9,99\r\n", following)))
    assert "out of turn" in departure


def test_a_prompt_that_would_not_be_seen_is_a_departure() -> None:
    """The text was written because of it."""
    rest = [
        (Direction.WRITTEN, b"AT+CMGS=19\r"),
        (Direction.READ, b"\r\n> "),
        (Direction.WRITTEN, PDU.encode() + b"\x1a"),
        (Direction.READ, b"\r\n+CMGS: 7\r\n\r\nOK\r\n"),
    ]
    answer = b"\r\n+CSQ: 9,99\r\n\r\nOK\r\n"
    assert _departures(replay(_exchange(answer, *rest))) == []
    rest[1] = (Direction.READ, b"\r\n")
    steps = replay(_exchange(answer, *rest))
    assert len(_departures(steps)) == 1
    assert steps[-1].events[0].endswith("+CMGS: 7 | OK")


def test_what_was_given_up_and_would_be_complete_now_is_a_departure() -> None:
    """A dialogue that has learnt to read an answer shows it so."""
    given_up = (Direction.GAVE_UP, b"")
    assert _departures(replay(_exchange(b"\r\n+CSQ: 9,99\r\n", given_up))) == []
    (departure,) = _departures(replay(_exchange(b"\r\n+CSQ: 9,99\r\nOK\r\n", given_up)))
    assert "given up" in departure


def test_other_events_than_those_noted_are_a_departure() -> None:
    """That is what makes a recording a test."""
    noted = with_events(_exchange(b"\r\n+CSQ: 9,99\r\nOK\r\n"))
    assert _departures(replay(noted)) == []
    changed = replace(noted.moments[-1], events=("prompt",))
    other = Recording(noted.heading, (*noted.moments[:-1], changed))
    (departure,) = _departures(replay(other))
    assert "prompt" in departure


async def test_masked_or_not_a_recording_makes_the_same_sorts_of_events(
    start: Start, modem: ScriptedModem
) -> None:
    """What a technician sends us is as good as the truth; times and lengths are in it."""
    driver = await start()
    modem.say(f'{CRLF}+CLIP: "+15550123456",145{CRLF}{CRLF}+CMT: ,19{CRLF}{PDU}{CRLF}')
    result = await driver.submit(PDU, 19, Permit())
    assert result.outcome is Outcome.ACCEPTED
    hidden, full = (parse(driver.recording(masked=mask)) for mask in (True, False))
    assert hidden.heading.masked
    assert not full.heading.masked
    assert (full.heading.maker, full.heading.model) == ("Scripted", "S1")
    assert any(PDU in line for line in full.lines())
    assert not any(PDU in line or "5550123" in line for line in hidden.lines())
    steps = [replay(hidden), replay(full)]
    assert [_departures(played) for played in steps] == [[], []]
    sorts = [[[e.split(":")[0] for e in s.events] for s in played] for played in steps]
    assert sorts[0] == sorts[1]
    assert [len(s.entry.data) for s in steps[0]] == [len(s.entry.data) for s in steps[1]]


def test_a_file_is_read_as_it_was_written() -> None:
    """Any octet, any direction."""
    recorder = Recorder(10_000, clock=iter([5.0, 5.25, 6.5]).__next__)
    recorder.record(Direction.OPENED)
    recorder.record(Direction.READ, bytes(range(256)))
    recorder.record(Direction.NOTE, "größer".encode())
    made = recording(recorder, Heading(model="M"), (1000.0, 7.0), mask=False)
    lines = list(made.lines())
    assert all(line.isascii() and line.isprintable() for line in lines)
    again = parse(lines)
    assert again.heading == Heading(998.0, masked=False, model="M")
    assert [moment.entry.data for moment in again.moments][1] == bytes(range(256))
    assert [moment.entry.at for moment in again.moments] == [0.0, 0.25, 1.5]


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["[]"],
        ['{"recording": 2}'],
        ['{"recording": 1}', "{"],
        ['{"recording": 1}', '{"t": "x", "dir": "<"}'],
        ['{"recording": 1}', '{"t": 0, "dir": "?"}'],
        ['{"recording": 1}', '{"t": 0, "dir": "<", "data": "\\u0410"}'],
        ['{"recording": 1}', '{"t": 0, "dir": "<", "data": 5}'],
        ['{"recording": 1}', '{"t": 0, "dir": "<", "events": [5]}'],
    ],
)
def test_what_is_no_recording_is_refused_in_words(lines: list[str]) -> None:
    """One error, whatever is wrong."""
    with pytest.raises(RecordingError):
        parse(lines)


def test_a_command_is_known_by_its_line() -> None:
    """The grammar of its answer is that of the typed command, as it was then."""
    assert command_of("AT+CSQ").answer == commands.SIGNAL.answer
    assert command_of("AT+CMEE?").marker
    assert command_of("AT+CMGS=19").answer.prompt
    assert command_of("AT^ICCID?").prefixes == ("^ICCID",)
