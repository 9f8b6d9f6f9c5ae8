"""USSD: a scripted service of the network behind `AT+CUSD` (3GPP TS 27.007 §7.15)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING, Final

from modemgw import pdu
from modemgw.simulator import charset
from modemgw.simulator.control_fields import ControlError
from modemgw.simulator.errors import Cme, cme

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from modemgw.simulator.modem import SimulatedModem

_UCS2_DCS: Final = 0x48
_DEPTH_LIMIT: Final = 16
_HEARD_LIMIT: Final = 1000


class Said(IntEnum):
    """`<m>`: what becomes of the session."""

    DONE = 0
    QUESTION = 1
    RELEASED = 2
    NOT_SUPPORTED = 4


@dataclass(frozen=True, slots=True)
class Page:
    """What the network says; with `answers` it asks, and they say what it says to each."""

    text: str
    answers: Mapping[str, Page] = field(default_factory=dict)


def page(value: object, depth: int = 0) -> Page:
    """A page as JSON has it: a text, or {"text": …, "answers": {…}}. ControlError for others."""
    if isinstance(value, str):
        return Page(value)
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        raise ControlError('a page is a text or {"text": …, "answers": {…}}')
    answers = value.get("answers", {})
    if not isinstance(answers, dict) or depth >= _DEPTH_LIMIT:
        raise ControlError(f"`answers` maps answers to pages, {_DEPTH_LIMIT} deep at most")
    return Page(value["text"], {key: page(inner, depth + 1) for key, inner in answers.items()})


SCRIPT: Final[Mapping[str, Page | None]] = {
    "*100#": Page("Your balance is 5.00"),
    "*101#": Page(
        "Shop\n1. Data\n2. Minutes\n0. Leave",
        {
            "1": Page("Data\n1. 1 GB for 5\n2. 5 GB for 15", {"1": Page("Done: 1 GB")}),
            "2": Page("No minutes today"),
            "0": Page("Good-bye"),
        },
    ),
    "*102#": Page("Ваш баланс: 120.50 р."),
    "*103#": None,
}
"""What codes lead to at first; None: the network never answers."""


class Ussd:
    """The USSD sessions of one modem; `heard` is what its user said, the newest 1,000 in order."""

    def __init__(self, modem: SimulatedModem) -> None:
        self._modem = modem
        self.script: dict[str, Page | None] = dict(SCRIPT)
        self.heard: list[str] = []
        self._question: Page | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_open(self) -> bool:
        return self._question is not None or self._timer is not None

    def say(self, string: str) -> None:
        """The user begins a session or answers in one. AtError where the modem refuses it."""
        if not self._modem.radio.is_registered:
            raise cme(Cme.NO_NETWORK_SERVICE)
        text = self._read(string)
        self.heard.append(text)
        del self.heard[:-_HEARD_LIMIT]
        question, self._question = self._question, None
        if question is not None:
            self._reply(question.answers.get(text, Page("Wrong choice")))
        elif text not in self.script:
            self._later(lambda: self._announce(Said.NOT_SUPPORTED))
        elif (found := self.script[text]) is not None:
            self._reply(found)

    def push(self, said: Page) -> None:
        """The network speaks by itself."""
        self._tell(said)

    def end(self) -> None:
        """The session is over; nothing is said of it."""
        self._question = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _read(self, string: str) -> str:
        if not self._modem.personality.packs_ussd:
            return charset.read(string, self._modem.settings.cscs)
        try:
            return pdu.decode_ussd(bytes.fromhex(string)).text or ""
        except (ValueError, pdu.PduError):
            raise cme(Cme.INVALID_PARAMETER) from None

    def _reply(self, said: Page) -> None:
        self._later(lambda: self._tell(said))

    def _later(self, action: Callable[[], None]) -> None:
        self.end()
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(self._modem.timing.ussd_s, action)

    def _tell(self, said: Page) -> None:
        self._timer = None
        self._question = said if said.answers else None
        self._announce(Said.QUESTION if said.answers else Said.DONE, said.text)

    def _announce(self, said: Said, text: str | None = None) -> None:
        self._timer = None
        if not self._modem.settings.ussd:
            return
        behind = "" if text is None else self._written(text)
        self._modem.announce(f"+CUSD: {said}{behind}")

    def _written(self, text: str) -> str:
        try:
            octets, dcs = pdu.encode_ussd(text), 0x0F
        except pdu.PduError:
            octets, dcs = pdu.encode_ussd(text, dcs=_UCS2_DCS), _UCS2_DCS
        if dcs == _UCS2_DCS or self._modem.personality.packs_ussd:
            return f',"{octets.hex().upper()}",{dcs}'
        lines = charset.written(text.replace("\n", "\r\n"), self._modem.settings.cscs)
        return f',"{lines}",{dcs}'
