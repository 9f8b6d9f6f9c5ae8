"""A person at `socat`: types, and reads what the modem prints."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.judges.desk import Desk, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.judges, pytest.mark.timeout(120)]

_TYPING_S = 0.05
_PRINTED_S = 10.0


class Hand:
    """Hands on a keyboard that socat connects with a port; `seen` is the screen."""

    def __init__(self, desk: Desk) -> None:
        command = ["socat", "-", f"FILE:{desk.port()},rawer"]
        self._screen = desk.folder / "screen.txt"
        with self._screen.open("wb") as screen:
            self._socat = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=screen)
        self._from = 0

    @property
    def screen(self) -> str:
        return self._screen.read_text(encoding="latin-1")

    def type(self, line: str, until_shown: str, end: str = "\r") -> str:
        """Type slowly and wait for these words on the screen; what appeared."""
        assert self._socat.stdin is not None
        for key in line + end:
            self._socat.stdin.write(key.encode())
            self._socat.stdin.flush()
            time.sleep(_TYPING_S)
        return self.wait(until_shown)

    def wait(self, until_shown: str) -> str:
        until(until_shown, lambda: until_shown in self.screen[self._from :], _PRINTED_S)
        appeared = self.screen[self._from :]
        self._from += len(appeared)
        return appeared

    def leave(self) -> None:
        self._socat.terminate()
        self._socat.wait(10)


@pytest.fixture
def hand(desk: Desk) -> Iterator[Hand]:
    typing = Hand(desk)
    yield typing
    typing.leave()


def test_dialogue(desk: Desk, hand: Hand, happened: Callable[[object], None]) -> None:
    """Whatever is typed is echoed and answered; a text goes out, one comes in and is read."""
    to = "+46701600000"
    assert "Modem" in hand.type("ATI", "OK")
    assert "+CSQ: " in hand.type("AT+CSQ", "OK")
    hand.type("AT+CMGF=1", "OK")
    hand.type("AT+CNMI=2,1", "OK")
    assert "> " in hand.type(f'AT+CMGS="{to}"', "> ")
    assert "+CMGS: " in hand.type("typed by hand", "OK", end="\x1a")
    assert desk.read_by(to) == ["typed by hand"]
    desk.inject("+15553000001", "And an answer")
    assert '+CMTI: "ME",' in hand.wait("+CMTI")
    assert "And an answer" in hand.type('AT+CMGL="ALL"', "OK")
    hand.type("AT+CMGD=1,4", "OK")
    assert desk.stored() == 0
    happened("echo, answers, prompt, 1 submit with the text typed; +CMTI, the text, deleted")
