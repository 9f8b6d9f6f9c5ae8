"""What real lines do to a dialogue, one fault at a time."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.at import answers, commands
from modemgw.at.command import Command, joined
from modemgw.at.dialogue import (
    _STEPS,
    _TABLE,
    CTRL_Z,
    ESC,
    MAX_ANSWER_CHARACTERS,
    Dialogue,
    Late,
    Noise,
    Prompt,
    Response,
    Sort,
    State,
    Step,
    Unsolicited,
)
from modemgw.at.errors import AtError
from modemgw.at.framing import MAX_LINE
from modemgw.at.results import Kind
from tests.at.driving import clean_dialogue, feed

PDU = "07915155009099F9040891515521430000621122126204000453EA130A"
OTHER = PDU.replace("EA13", "EA14")
SEEDS = pytest.mark.parametrize("seed", [None, 0, 1, 2])


def _response(events: list[object]) -> Response:
    (response,) = [event for event in events if isinstance(event, Response)]
    return response


def _at(dialogue: Dialogue) -> State:
    return dialogue.state


def test_the_tables_leave_nothing_open() -> None:
    """Each state says what each sort of line does that can come in it; each step has its states."""
    always = {Sort.INFO, Sort.FINAL, Sort.STRAY}
    empty = {State.RUNNING, State.PROMPTING, State.PROMPTED, State.SENT, State.MARKING}
    assert set(_TABLE) == set(State)
    for state, row in _TABLE.items():
        expected = always | ({Sort.EMPTY} if state in empty else set())
        expected |= {Sort.PROMPT} if state is State.PROMPTING else set()
        assert set(row) == expected, state
    assert set(_STEPS) == set(Step)


@pytest.mark.parametrize("back", [b"AT+CSQ\r", b"AT+CSQ\r\n", b"at+csq\r\r\n", b""])
def test_echo_may_be_off_on_or_come_back(back: bytes) -> None:
    """A modem that restarted echoes again, and nobody minds."""
    dialogue = clean_dialogue()
    for echo in (b"", back):
        dialogue.begin(commands.SIGNAL)
        events = dialogue.receive(echo + b"\r\n+CSQ: 9,99\r\n\r\nOK\r\n")
        assert _response(list(events)).lines == ("+CSQ: 9,99",)


def test_an_echo_that_lost_its_beginning_is_no_identity() -> None:
    """Without flow control the first octets get lost."""
    dialogue = clean_dialogue()
    dialogue.begin(commands.MAKER)
    response = _response(list(dialogue.receive(b"T+CGMI\r\r\nQuectel\r\n\r\nOK\r\n")))
    assert commands.MAKER.parse(response.lines) == "Quectel"


def test_a_name_that_looks_like_a_command_is_no_echo() -> None:
    """AT&T is an operator."""
    dialogue = clean_dialogue()
    events = dialogue.receive(b'\r\n+CUSD: 2,"\r\nAT&T\r\nAT&T Free Msg",15\r\n')
    assert events == [Unsolicited(('+CUSD: 2,"', "AT&T", 'AT&T Free Msg",15'))]
    dialogue.begin(commands.DESCRIPTION)
    response = _response(list(dialogue.receive(b"ATI\r\r\nAT&T Unite\r\n\r\nOK\r\n")))
    assert response.lines == ("AT&T Unite",)


def test_octets_of_flow_control_are_no_text() -> None:
    """XON and XOFF get through where a driver does not take them out; NULs anywhere."""
    dialogue = clean_dialogue()
    dialogue.begin(commands.SIGNAL)
    response = _response(list(dialogue.receive(b"\x11\r\n+C\x13SQ: 9\x00,99\r\nO\x11K\r\n")))
    assert response.lines == ("+CSQ: 9,99",)


def test_the_echo_of_a_payload_is_swallowed_once() -> None:
    """A listing may hold the very PDU that was sent."""
    dialogue = clean_dialogue()
    dialogue.begin(commands.submit(19))
    dialogue.receive(b"\r\n> ")
    dialogue.payload(PDU)
    dialogue.receive(PDU.encode() + b"\x1a\r\n+CMGS: 1\r\n\r\nOK\r\n")
    dialogue.begin(commands.LIST_TEXTS)
    stream = f"\r\n+CMGL: 1,3,,21\r\n{PDU}\r\n\r\nOK\r\n".encode()
    response = _response(list(dialogue.receive(stream)))
    assert response.lines == ("+CMGL: 1,3,,21", PDU)


@SEEDS
def test_a_prompt_behind_noise_or_blank_lines_is_one(seed: int | None) -> None:
    """Octets that print nothing, ESC and Ctrl-Z echoed, tabs: the prompt is due and it is there."""
    for before in (b"\xff\xfe", b"\x1a\r\n", b"\x1b\r\n\t\r\n", b"\r\n\x00\x00 ", b"\x11\r\n"):
        dialogue = clean_dialogue()
        dialogue.begin(commands.submit(19))
        assert feed(dialogue, before + b"> ", seed) == [Prompt()]


def test_a_late_prompt_is_taken_back_and_disturbs_no_marker() -> None:
    """It came when nobody waited for it any more, without a line end: it sticks to what follows."""
    dialogue = clean_dialogue()
    dialogue.begin(commands.submit(19))
    dialogue.timed_out()
    dialogue.receive(b"\r\n> ")
    assert dialogue.escape() == ESC
    dialogue.begin(commands.MARKERS[0])
    events = dialogue.receive(b"\r\n+CMEE: 1\r\n> \r\nOK\r\n")
    assert _response(list(events)).lines == ("+CMEE: 1",)
    assert _at(dialogue) is State.IDLE


def test_a_prompt_that_sticks_to_an_answer_is_taken_off() -> None:
    """`> +CSQ: 9,99`."""
    dialogue = clean_dialogue()
    dialogue.begin(commands.SIGNAL)
    events = dialogue.receive(b"> +CSQ: 9,99\r\n> OK\r\n")
    assert _response(list(events)).lines == ("+CSQ: 9,99",)


def test_a_menu_that_begins_with_the_sign_of_the_prompt_is_no_prompt() -> None:
    """The PDU would be run as commands."""
    dialogue = clean_dialogue()
    dialogue.receive(b'\r\n+CUSD: 1,"Menu\r\n> ')
    dialogue.begin(commands.submit(19))
    events = dialogue.receive(b'1. x\r\n> 2. y",15\r\n')
    assert events == [Unsolicited(('+CUSD: 1,"Menu', "> 1. x", '> 2. y",15'))]
    assert dialogue.receive(b"\r\n> ") == [Prompt()]


@SEEDS
def test_announcements_between_prompt_and_result_are_told(seed: int | None) -> None:
    """Every kind of them, one between the lines of another, and none is lost."""
    dialogue = clean_dialogue()
    dialogue.begin(commands.submit(19))
    events = feed(dialogue, b'\r\n+CMTI: "SM",1\r\n\r\n> ', seed)
    assert events == [Unsolicited(('+CMTI: "SM",1',)), Prompt()]
    assert dialogue.payload("00AA") == b"00AA" + CTRL_Z
    stream = (
        f"\r\n+CDS: 21\r\n\r\nRING\r\n\r\n{PDU}\r\n\r\n^RSSI:17\r\n"
        '\r\n+CUSD: 2,"Bye",15\r\n\r\n+CMGS: 7\r\n\r\n+CREG: 1,"00AA","00BB",7\r\n\r\nOK\r\n'
    )
    found = feed(dialogue, stream.encode(), seed)
    assert found[:-1] == [
        Unsolicited(("RING",)),
        Unsolicited(("+CDS: 21", PDU)),
        Unsolicited(("^RSSI:17",)),
        Unsolicited(('+CUSD: 2,"Bye",15',)),
        Unsolicited(('+CREG: 1,"00AA","00BB",7',)),
    ]
    assert isinstance(found[-1], Response)
    assert found[-1].lines == ("+CMGS: 7",)


@SEEDS
def test_a_text_that_comes_directly_may_stand_anywhere_in_a_listing(seed: int | None) -> None:
    """In front of an entry, between its two lines, and cut off by one: each PDU to its heading."""
    dialogue = clean_dialogue()
    dialogue.begin(commands.LIST_TEXTS)
    short = PDU[:-4]
    stream = (
        f"\r\n+CMT: ,21\r\n{OTHER}\r\n+CMGL: 1,1,,21\r\n+CMT: ,21\r\n{OTHER}\r\n{PDU}\r\n"
        f"+CMT: ,12\r\n+CMGL: 2,1,,21\r\n{PDU}\r\n{short[:40]}\r\n\r\nOK\r\n"
    )
    events = feed(dialogue, stream.encode(), seed)
    texts = commands.LIST_TEXTS.parse(_response(list(events)).lines)
    assert [(text.index, text.pdu) for text in texts] == [(1, PDU), (2, PDU)]
    told = [event.lines for event in events if isinstance(event, Unsolicited)]
    assert told == [("+CMT: ,21", OTHER), ("+CMT: ,21", OTHER), ("+CMT: ,12", short[:40])]


def test_a_pdu_of_another_length_is_better_than_none() -> None:
    """Some count wrongly: what is hex behind a heading is its PDU, what is not is noise."""
    dialogue = clean_dialogue()
    assert dialogue.receive(f"\r\n+CMT: ,99\r\nwhat?\r\n{PDU}\r\n".encode()) == [
        Noise("what?"),
        Unsolicited(("+CMT: ,99", PDU)),
    ]
    assert dialogue.receive(b'\r\n+CMT: "+1555",,"x"\r\nHello\r\n') == [
        Unsolicited(('+CMT: "+1555",,"x"', "Hello"))
    ]


def test_a_second_line_of_the_same_prefix_is_an_announcement() -> None:
    """SIMCom tells +CSQ by itself; the answer has one line."""
    dialogue = clean_dialogue()
    dialogue.begin(commands.SIGNAL)
    first, second, response = (
        *dialogue.receive(b"\r\n+CSQ: 9,99\r\n\r\n+CSQ: 8,99\r\n\r\n^RSSI:3\r\n"),
        *dialogue.receive(b"\r\nOK\r\n"),
    )
    assert first == Unsolicited(("+CSQ: 8,99",))
    assert second == Unsolicited(("^RSSI:3",))
    assert isinstance(response, Response)
    assert response.lines == ("+CSQ: 9,99",)


@pytest.mark.parametrize(
    ("announced", "answered"),
    [
        ("+CREG: 1", "+CREG: 1,5"),
        ('+CREG: 5,"00AA","00BB",7', '+CREG: 2,5,"00AA","00BB",7'),
        ("+CREG: 1,84CD,00D30156", "+CREG: 1,1,84CD,00D30173"),
        ("+CREG: 1,0001,0010,0", "+CREG: 2,1,0001,0010"),
        ("+CREG: 2,,", "+CREG: 0,2"),
    ],
)
def test_registration_announced_is_told_from_registration_asked_for(
    announced: str, answered: str
) -> None:
    """In either order."""
    for lines in ([announced, answered], [answered, announced]):
        dialogue = clean_dialogue()
        dialogue.begin(commands.REGISTRATIONS[0])
        stream = "".join(f"\r\n{line}\r\n" for line in [*lines, "OK"]).encode()
        events = dialogue.receive(stream)
        assert events[0] == Unsolicited((announced,))
        assert _response(list(events)).lines == (answered,)


def test_an_ok_without_what_the_answer_must_hold_leaves_the_dialogue_dirty() -> None:
    """Its line may yet come, and would be taken for the next one's."""
    dialogue = clean_dialogue()
    dialogue.begin(commands.SIGNAL)
    response = _response(list(dialogue.receive(b"\r\nOK\r\n")))
    with pytest.raises(AtError, match=r"no \+CSQ"):
        commands.SIGNAL.parse(response.lines)
    assert _at(dialogue) is State.DIRTY
    assert dialogue.receive(b"\r\n+CSQ: 9,99\r\n\r\nOK\r\n") == [Late("+CSQ: 9,99"), Late("OK")]


def test_an_error_needs_no_line() -> None:
    """The next command may begin at once."""
    dialogue = clean_dialogue()
    dialogue.begin(commands.SIGNAL)
    dialogue.receive(b"\r\n+CME ERROR: 100\r\n")
    assert _at(dialogue) is State.IDLE


def test_no_marker_is_taken_that_a_late_answer_looks_like() -> None:
    """AT+CSMS=0 answers with +CSMS, as AT+CSMS? does; and one that was late itself is spent."""
    dialogue = clean_dialogue()
    dialogue.begin(commands.PHASE_2)
    dialogue.timed_out()
    csms = next(marker for marker in commands.MARKERS if "CSMS" in marker.text)
    with pytest.raises(AtError, match="mistaken"):
        dialogue.begin(csms)
    taken = []
    while (marker := dialogue.marker_among(commands.MARKERS)) is not None:
        dialogue.begin(marker)
        dialogue.timed_out()
        taken.append(marker)
    assert [*taken, csms] == sorted([*taken, csms], key=[*taken, csms].index)
    assert set(taken) == set(commands.MARKERS) - {csms}
    events = dialogue.receive(b"\r\n+CSMS: 1,1,1\r\n\r\nOK\r\n\r\n+CNMI: 2,1,0,0,0\r\n")
    assert events == [Late("+CSMS: 1,1,1"), Late("OK"), Late("+CNMI: 2,1,0,0,0")]


def test_all_markers_are_good_again_once_one_was_answered() -> None:
    """A modem answers in order: what was owed came before it, or never."""
    dialogue = clean_dialogue()
    for _ in range(2):
        dialogue.begin(commands.SIGNAL)
        dialogue.timed_out()
        marker = dialogue.marker_among(commands.MARKERS)
        assert marker is commands.MARKERS[0]
        dialogue.begin(marker)
        dialogue.receive(b"\r\n+CSQ: 3,99\r\n\r\nOK\r\n\r\n+CMEE: 1\r\n\r\nOK\r\n")
        assert _at(dialogue) is State.IDLE


@SEEDS
@pytest.mark.parametrize("digit", ["0\r", "0\r\n", "\r\n0\r"])
def test_numeric_results_come_back_with_a_restart(digit: str, seed: int | None) -> None:
    """`ATV0` may be what the modem has stored: words heard before its start count no more."""
    dialogue = clean_dialogue()
    feed(dialogue, b"\r\nRDY\r\n", seed)
    dialogue.begin(commands.SIGNAL)
    events = feed(dialogue, b"+CSQ: 9,99\r\n" + digit.encode(), seed)
    response = _response(list(events))
    assert response.final.ok
    assert response.lines == ("+CSQ: 9,99",)


@pytest.mark.parametrize(
    ("line", "kind", "code", "text"),
    [
        ("+CMS ERROR: 500", Kind.CMS_ERROR, 500, ""),
        ("+CMS ERROR:500", Kind.CMS_ERROR, 500, ""),
        ("+CMS ERROR: Network out of order", Kind.CMS_ERROR, None, "Network out of order"),
        ("+CME ERROR: 14", Kind.CME_ERROR, 14, ""),
        ("+CME ERROR: SIM busy", Kind.CME_ERROR, None, "SIM busy"),
        ("+CMS ERROR: 3517", Kind.CMS_ERROR, 3517, ""),
        ("MODEM ERROR: 3", Kind.MODEM_ERROR, 3, ""),
        ("4", Kind.ERROR, None, ""),
    ],
)
def test_errors_in_numbers_and_in_words_end_a_submit(
    line: str, kind: Kind, code: int | None, text: str
) -> None:
    """Before the prompt, at it, and after Ctrl-Z."""
    for before in ([], [b"\r\n> "], [b"\r\n> ", None]):
        dialogue = clean_dialogue()
        if line == "4":
            dialogue.receive(b"\r\nRDY\r\n")
        dialogue.begin(commands.submit(19))
        for step in before:
            if step is None:
                dialogue.payload("00")
            else:
                dialogue.receive(step)
        final = _response(list(dialogue.receive(f"\r\n{line}\r\n".encode()))).final
        assert (final.kind, final.code, final.text) == (kind, code, text)


def test_joined_commands_have_one_result_and_each_its_lines() -> None:
    """V.250 §5.2.1; another's announcement between them belongs to neither."""
    together = joined(commands.SIGNAL, commands.REGISTRATIONS[0], commands.MAKER)
    assert together.text == "AT+CSQ;+CREG?;+CGMI"
    assert together.time_limit_s == 15
    dialogue = clean_dialogue()
    assert dialogue.begin(together) == b"AT+CSQ;+CREG?;+CGMI\r"
    events = dialogue.receive(
        b"AT+CSQ;+CREG?;+CGMI\r\r\n+CSQ: 9,99\r\n\r\n+CREG: 5\r\n\r\n+CREG: 1,5\r\n"
        b"\r\nQuectel\r\n\r\nOK\r\n"
    )
    assert events[0] == Unsolicited(("+CREG: 5",))
    assert together.parse(_response(list(events)).lines) == (
        -95,
        answers.Registration.ROAMING,
        "Quectel",
    )


def test_a_line_typed_by_a_person_may_join_commands_too() -> None:
    """Each of them may answer."""
    command = commands.plain('AT+CSQ;+CPMS="SM;x","SM";E0V1;&F')
    assert command.answer.prefixes == {"+CSQ", "+CPMS"}
    dialogue = clean_dialogue()
    dialogue.begin(command)
    events = dialogue.receive(b"\r\n+CSQ: 9,99\r\n\r\n+CPMS: 1,2,3,4\r\n\r\nOK\r\n")
    lines = _response(list(events)).lines
    assert command.parse(lines) == lines == ("+CSQ: 9,99", "+CPMS: 1,2,3,4")


def test_what_cannot_be_joined_is_refused() -> None:
    """A text would swallow the rest; of two without a prefix nobody knows whose is whose."""
    with pytest.raises(AtError, match="alone"):
        joined(commands.SIGNAL, commands.submit(19))
    with pytest.raises(AtError, match="apart"):
        joined(commands.MAKER, commands.MODEL)


@pytest.mark.parametrize("payload", ["", "00\x1a", "00\r", "0x", "caf\xe9", "00 AA"])
def test_nothing_but_hex_is_written_behind_a_prompt(payload: str) -> None:
    """Ctrl-Z inside would send half a text, ESC would take it back; the prompt stays open."""
    dialogue = clean_dialogue()
    dialogue.begin(commands.submit(19))
    dialogue.receive(b"\r\n> ")
    with pytest.raises(AtError, match="hex"):
        dialogue.payload(payload)
    assert _at(dialogue) is State.PROMPTED


@pytest.mark.parametrize(
    "text", ["", "A", "ls", "AT\r", "AT\n", "AT\xe9", "AT\x1a", "AT" + "x" * 600]
)
def test_nothing_but_a_command_line_is_written(text: str) -> None:
    """Nobody gets a second command, or an octet that has a meaning of its own, into a line."""
    with pytest.raises(AtError):
        commands.plain(text)
    with pytest.raises(AtError):
        Command(text, len, commands.SIGNAL.answer, 1.0)
    with pytest.raises(AtError, match=r"^no command line$"):
        Command(text, len, commands.SIGNAL.answer, 1.0, secret=True)


def test_an_answer_of_endless_characters_is_bounded() -> None:
    """Lines of the greatest length, as many as one likes."""
    dialogue = clean_dialogue()
    dialogue.begin(commands.LIST_TEXTS)
    line = b"0" * MAX_LINE + b"\r\n"
    for _ in range(MAX_ANSWER_CHARACTERS // MAX_LINE + 5):
        dialogue.receive(line)
    response = _response(list(dialogue.receive(b"OK\r\n")))
    assert sum(map(len, response.lines)) <= MAX_ANSWER_CHARACTERS


def test_a_string_whose_quotes_were_lost_is_told_before_a_result() -> None:
    """What a command waits for counts for more than the rest of a menu."""
    dialogue = clean_dialogue()
    dialogue.begin(commands.SIGNAL)
    told, response = dialogue.receive(
        b'\r\n+CUSD: 1,"Choose\r\n1. Yes\r\n\r\n+CSQ: 9,99\r\n\r\nOK\r\n'
    )
    assert told == Unsolicited(('+CUSD: 1,"Choose', "1. Yes"))
    assert isinstance(response, Response)
    assert response.lines == ("+CSQ: 9,99",)


def test_a_string_is_not_mixed_with_what_is_announced_inside_it() -> None:
    """An announcement that the table knows, another string, and a restart stand for themselves."""
    dialogue = clean_dialogue()
    events = dialogue.receive(
        b'\r\n+CUSD: 1,"One\r\n+CMTI: "SM",4\r\nOK\r\nStart\r\n+XYZ: 1\r\n'
        b'\r\n+CUSD: 1,"Two\r\nRDY\r\nend",15\r\n'
    )
    assert events == [
        Unsolicited(('+CMTI: "SM",4',)),
        Unsolicited(('+CUSD: 1,"One', "OK", "Start", "+XYZ: 1")),
        Unsolicited(("RDY",)),
        Unsolicited(('+CUSD: 1,"Two', 'end",15')),
    ]


def test_a_text_that_comes_in_the_middle_of_a_menu_is_no_part_of_it() -> None:
    """Its PDU is known by the length that its heading announced."""
    events = clean_dialogue().receive(
        f'\r\n+CUSD: 1,"One\r\n+CMT: ,21\r\nAB12\r\n{PDU}\r\ntwo",15\r\n'.encode()
    )
    assert events == [
        Unsolicited(("+CMT: ,21", PDU)),
        Unsolicited(('+CUSD: 1,"One', "AB12", 'two",15')),
    ]


def test_a_string_that_never_ends_is_bounded() -> None:
    """After as many lines as no menu has, lines are read as such again."""
    for line in (b"x\r\n", b"y" * 1500 + b"\r\n"):
        dialogue = clean_dialogue()
        events = dialogue.receive(b'\r\n+CUSD: 1,"\r\n' + line * 70 + b"\r\nRING\r\n")
        assert isinstance(events[0], Unsolicited)
        assert sum(map(len, events[0].lines)) < 4096
        assert events[-1] == Unsolicited(("RING",))


_ALPHABET = [
    *(bytes((octet,)) for octet in b'\r\n\x00>\x1a\x1b", +:0OKA\xff'),
    *(
        b"OK\r\n",
        b"+CMGL: 1,1,,21\r\n",
        b"+CMT: ,21\r\n",
        PDU.encode() + b"\r\n",
        b'+CUSD: 1,"a\r\n',
    ),
    *(b"+CMEE: 1\r\n", b"RDY\r\n", b"\r\n> ", b"+CMGS: 7\r\n", b"ERROR\r\n", b"0\r\n"),
]


@pytest.mark.parametrize("seed", range(60))
def test_any_octets_at_any_time_raise_nothing_but_the_one_error(seed: int) -> None:
    """Whoever drives it, in any order: and what it keeps is bounded."""
    source = random.Random(seed)
    dialogue = Dialogue()
    pending = [commands.LIST_TEXTS, commands.submit(19), commands.MAKER, *commands.MARKERS]
    for _ in range(300):
        if source.random() < 0.7:
            count = source.randint(1, 60)
            dialogue.receive(b"".join(source.choices(_ALPHABET, k=count)))
        else:
            step = source.choice(
                [
                    lambda: dialogue.begin(source.choice(pending)),
                    lambda: dialogue.payload("00AA"),
                    dialogue.escape,
                    dialogue.timed_out,
                ]
            )
            try:
                step()
            except AtError:
                continue
        kept = len(dialogue._framer._buffer) + sum(map(len, dialogue._lines))
        kept += sum(map(len, dialogue._string)) + len(dialogue._head) + len(dialogue._heading)
        assert kept <= MAX_ANSWER_CHARACTERS + 4 * MAX_LINE
        assert len(dialogue._owed) <= 16


@given(stream=st.binary(max_size=200), seed=st.integers(0, 1000))
def test_a_submit_is_never_accepted_by_octets_that_do_not_say_so(stream: bytes, seed: int) -> None:
    """Only OK is OK; noise that holds none of the words cannot make one."""
    dialogue = clean_dialogue()
    dialogue.begin(commands.submit(19))
    dialogue.receive(b"\r\n> ")
    dialogue.payload("00")
    events = feed(dialogue, stream, seed)
    accepted = [e for e in events if isinstance(e, Response) and e.final.ok]
    assert not accepted or b"OK" in stream.replace(b"\x00", b"")
