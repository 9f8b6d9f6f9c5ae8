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
