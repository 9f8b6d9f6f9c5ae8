"""The modem's line discipline, without a port."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from modemgw.simulator.settings import Settings
from modemgw.simulator.terminal import Mode, Terminal


class Desk:
    """A terminal whose owner asks for a text at AT+T, is busy after one, and says OK otherwise."""

    def __init__(self) -> None:
        self.settings = Settings()
        self.printed = b""
        self.heard: list[str | None] = []
        self.terminal = Terminal(
            settings=lambda: self.settings, write=self.write, line=self.line, text=self.text
        )

    def write(self, data: bytes) -> None:
        self.printed += data

    def line(self, line: str) -> None:
        self.heard.append(line)
        if line.upper() == "AT+T":
            self.terminal.prompt()
        else:
            self.terminal.answer([], "OK")

    def text(self, text: str | None) -> None:
        self.heard.append(text)
        self.terminal.answer([], "OK")


@given(st.data())
def test_octets_mean_the_same_however_they_are_cut(data: st.DataObject) -> None:
    """One by one or all at once: the same lines, texts and prints."""
    stream = b"AT\rnoise\r\nat+t\rABC\x1aAT+T\rX\x1bA/\r\x1b\rxAT+Q\0\r"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    whole, pieces = Desk(), Desk()
    whole.terminal.feed(stream)
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        pieces.terminal.feed(stream[start:end])
    assert whole.heard == ["AT", "at+t", "ABC", "AT+T", None, "AT+T", None, "AT+Q"]
    assert (pieces.heard, pieces.printed) == (whole.heard, whole.printed)


def test_echo_is_what_came_in_before_the_answer() -> None:
    """CR included, as V.250 has it."""
    desk = Desk()
    desk.terminal.feed(b"AT")
    assert desk.printed == b"AT"
    desk.terminal.feed(b"+Q\r")
    assert desk.printed == b"AT+Q\r\r\nOK\r\n"


def test_short_and_quiet_answers() -> None:
    """ATV0 gives digits, ATQ1 no final result at all."""
    desk = Desk()
    desk.settings.echo = desk.settings.verbose = False
    desk.terminal.answer([["x"]], "OK")
    assert desk.printed == b"x\r\n0\r"
    desk.settings.quiet = True
    desk.terminal.answer([["y"]], "OK")
    assert desk.printed == b"x\r\n0\ry\r\n"


def test_announcements_wait_while_a_text_is_typed() -> None:
    """They come after the answer, and no more than a bounded number of them."""
    desk = Desk()
    desk.settings.echo = False
    desk.terminal.feed(b"AT+T\r")
    for _ in range(300):
        desk.terminal.announce("RING")
    assert desk.printed == b"\r\n> "
    desk.terminal.feed(b"x\x1a")
    assert desk.printed == b"\r\n> " + b"\r\nOK\r\n" + b"\r\nRING\r\n" * 256


def test_a_busy_modem_keeps_what_it_is_told_and_answers_later() -> None:
    """Up to its buffer's size; the newest octets are lost beyond it."""
    desk = Desk()
    desk.terminal.busy()
    desk.terminal.feed(b"AT+Q\r")
    desk.terminal.feed(b"z" * 10_000)
    assert desk.heard == []
    desk.terminal.idle()
    desk.terminal.resume()
    assert desk.heard == ["AT+Q"]
    desk.terminal.reset()
    assert desk.terminal.mode is Mode.COMMAND
    desk.terminal.feed(b"AT\r")
    assert desk.heard == ["AT+Q", "AT"]


def test_only_a_prefix_of_one_case_begins_a_line() -> None:
    """V.250 §5.2.1: AT or at, whatever stands in front; At and aT are none."""
    desk = Desk()
    desk.terminal.feed(b"\x1b\r\0\0\xffnoise At AT+Q\r\nat+q\raT\r")
    assert desk.heard == ["AT+Q", "at+q"]


def test_what_was_typed_can_be_taken_back() -> None:
    """V.250 §6.2.3: by the character of S5; other control characters are not there (§5.2.2)."""
    desk = Desk()
    desk.terminal.feed(b"AT+X\x08Q\x07\r")
    desk.settings.registers[5] = ord("%")
    desk.terminal.feed(b"AT+Z%%+R\x08\r")
    assert desk.heard == ["AT+Q", "AT+R"]


def test_lines_end_where_s3_and_s4_say() -> None:
    """V.250 §6.2.1, §6.2.2: S3 ends command lines and results, S4 follows it in results."""
    desk = Desk()
    desk.settings.echo = False
    desk.settings.registers.update({3: ord("!"), 4: ord("?")})
    desk.terminal.feed(b"AT+Q\rAT!")
    assert desk.heard == ["AT+QAT"]
    assert desk.printed == b"!?OK!?"
    desk.settings.verbose = False
    desk.terminal.answer([["x"]], "OK")
    desk.terminal.announce("RING")
    desk.terminal.announce("+CMTI: 1")
    assert desk.printed == b"!?OK!?x!?0!2!+CMTI: 1!"


def test_a_quiet_modem_announces_nothing() -> None:
    """V.250 §6.2.5: Q1 silences result codes, those that nobody asked for with them."""
    desk = Desk()
    desk.settings.quiet = True
    desk.terminal.announce("RING")
    assert desk.printed == b""


def test_a_line_of_any_length_is_bounded_and_refused() -> None:
    """V.250 §5.2.2: what does not fit is an ERROR; noise of any length is none."""
    desk = Desk()
    desk.settings.echo = False
    for cut in (1, 4096):
        line = b"AT+" + b"x" * 3000 + b"\r"
        for at in range(0, len(line), cut):
            desk.terminal.feed(line[at : at + cut])
        desk.terminal.feed(b"x" * 2000)
        desk.terminal.feed(b"\rAT+Q\r")
    assert desk.heard == ["AT+Q", "AT+Q"]
    assert desk.printed == b"\r\nERROR\r\n\r\nOK\r\n" * 2


def test_a_text_without_end_takes_no_memory_and_can_be_ended() -> None:
    """What is too much is lost; Ctrl-Z is still heard."""
    desk = Desk()
    desk.settings.echo = False
    desk.terminal.feed(b"AT+T\r")
    for _ in range(10):
        desk.terminal.feed(b"x" * 4096)
    desk.terminal.feed(b"\x1aAT+Q\r")
    assert desk.heard[0] == "AT+T"
    assert len(desk.heard[1] or "") == 2048
    assert desk.heard[2] == "AT+Q"


@given(st.data())
def test_a_typed_text_is_the_same_however_it_is_cut(data: st.DataObject) -> None:
    """With a prompt behind each CR (27.005 §3.5.1), whose place is the same, too."""
    stream = b"on\x08ne\rtwo\x08\r\x1a"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)))))
    desk = Desk()
    desk.terminal.prompt(typed=True)
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        desk.terminal.feed(stream[start:end])
    assert desk.heard == ["one\rtw\r"]
    assert desk.printed == (b"\r\n> on\x08ne\r\r\n> two\x08\r\r\n> \x1a" + b"\r\nOK\r\n")


def test_it_knows_which_line_did_not_wait_for_its_answer() -> None:
    """What was typed into a busy modem came early; what is typed later did not."""
    desk = Desk()
    early: list[bool] = []
    desk.terminal = Terminal(
        settings=lambda: desk.settings,
        write=desk.write,
        line=lambda _line: early.append(desk.terminal.came_early),
        text=desk.text,
    )
    desk.terminal.busy()
    desk.terminal.feed(b"AT+Q\rAT")
    desk.terminal.idle()
    desk.terminal.resume()
    desk.terminal.feed(b"+Q\rAT\r")
    assert early == [True, False, False]
