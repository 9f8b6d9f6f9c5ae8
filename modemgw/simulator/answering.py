"""What phones say to what they read: answers in turn, and STOP when they have had enough."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from modemgw import pdu
from modemgw.simulator.dice import dice

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from modemgw.simulator.behaviour import Behaviour
    from modemgw.simulator.timers import Timers

_PAIRS_LIMIT: Final = 100_000
_OPEN_LIMIT: Final = 10_000
_WINDOW_S: Final = 86_400.0
_QUOTED: Final = 1000  # characters of a text that an answer repeats at most


class Answering:
    """All phones' answers. `say` is given the phone, the line, the text and its TPDUs in hex."""

    def __init__(
        self,
        *,
        seed: int,
        smsc: str,
        timers: Timers,
        say: Callable[[str, str, str, list[str]], None],
    ) -> None:
        self._seed = seed
        self._smsc = smsc
        self._timers = timers
        self._say = say
        self._reader = pdu.Reassembler(
            window_s=_WINDOW_S, max_open=_OPEN_LIMIT, max_per_sender=_OPEN_LIMIT
        )
        self._heard: OrderedDict[tuple[str, str], int] = OrderedDict()

    def heard(self, phone: str, line: str, deliver: str, behaviour: Behaviour) -> None:
        """A phone took a TPDU of the SIM with the number `line`; it answers whole texts only."""
        text = self._read(phone, deliver)
        if text is None:
            return
        count = self._count(phone, line)
        chance = dice(self._seed, "answer", phone, line, count)
        answer = _answer(behaviour, text, count, chance)
        if not answer:
            return
        try:
            frames = pdu.encode_deliver(
                phone,
                answer,
                scts=self._timers.date(),
                ref=chance.randrange(256),
                encoding=behaviour.alphabet,
                smsc=self._smsc,
            )
        except pdu.PduError:
            return  # it quotes what this alphabet does not have
        pdus = [frame.hex for frame in frames]
        self._timers.after(
            behaviour.answer_after.draw(chance), lambda: self._say(phone, line, answer, pdus)
        )

    def _read(self, phone: str, deliver: str) -> str | None:
        try:
            message = pdu.decode(deliver)
        except pdu.PduError:
            return None
        if not isinstance(message, pdu.Deliver):
            return None
        whole = self._reader.add(phone, message, now=self._timers.now())
        return None if whole is None else whole.text

    def _count(self, phone: str, line: str) -> int:
        """Which of this line's texts to this phone it is, from 1; old pairs are forgotten."""
        count = self._heard.pop((phone, line), 0) + 1
        self._heard[phone, line] = count
        if len(self._heard) > _PAIRS_LIMIT:
            self._heard.popitem(last=False)
        return count


def _answer(behaviour: Behaviour, text: str, count: int, chance: Random) -> str:
    """What it says to the `count`th text of a line; empty: nothing."""
    if behaviour.stop_after and count >= behaviour.stop_after:
        return behaviour.stop_text if count == behaviour.stop_after else ""
    if not behaviour.answers or chance.random() >= behaviour.answer_p:
        return ""
    answer = behaviour.answers[(count - 1) % len(behaviour.answers)]
    return answer.replace("{n}", str(count)).replace("{text}", text[:_QUOTED])
