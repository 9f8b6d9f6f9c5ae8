"""The judge's other half: did every text that came in reach the API, and once?

The journal says what the modems took from the network and what was deleted from them; the API says
what was received. A text that a modem still stores is on its way; one that is deleted, or was
printed and never stored, must be there. What came too often is counted against the later reading of
the journal, what is missing against the earlier one.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from modemgw import pdu
from modemgw.cli import journal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_BOUND = 100_000


class Text(NamedTuple):
    """What somebody wrote to one of the lines."""

    sender: str
    text: str


class Arrivals:
    """The texts that the modems took: `came` counts all, `gone` those that no modem stores."""

    def __init__(self) -> None:
        self._stored: dict[str, bool] = {}  # TPDU -> whether a modem has it still
        self._modems: dict[str, str] = {}  # TPDU -> the modem that took it first
        self.came: Counter[Text] = Counter()
        self.gone: Counter[Text] = Counter()

    def note(self, entry: Mapping[str, Any]) -> None:
        """An entry of the journal. A TPDU that the network delivers again is the same text."""
        match entry.get("event"), entry.get("via"):
            case "deliver", ("stored" | "direct") as via:
                stored = self._stored.setdefault(entry["pdu"], True)
                self._stored[entry["pdu"]] = stored and via == "stored"
                self._modems.setdefault(entry["pdu"], str(entry["modem"]))
            case "delete", _:
                if entry["pdu"] in self._stored:
                    self._stored[entry["pdu"]] = False

    def join(self) -> None:
        """All is noted: put the texts together."""
        reassembler = pdu.Reassembler(window_s=float("inf"), max_open=_BOUND, max_per_sender=_BOUND)
        for octets in self._stored:
            deliver = pdu.decode(octets)
            if not isinstance(deliver, pdu.Deliver):
                continue
            whole = reassembler.add(self._modems[octets], deliver, now=0, token=octets)
            if whole is None:
                continue
            text = Text(whole.sender.number, whole.text)
            self.came[text] += 1
            self.gone[text] += not any(self._stored[str(part)] for part in whole.tokens)


def read_arrivals(path: Path) -> Arrivals:
    """What came in by the simulator's journal. Raises CommandError."""
    arrivals = Arrivals()
    journal.read(path, arrivals.note)
    arrivals.join()
    return arrivals


@dataclass(slots=True)
class InboundCount:
    """The verdict on what came in. Every text that came is `once`, `waiting` in a modem, or `lost`;
    those that the API has too often are `doubled`, those that nobody wrote are `strangers`.
    """

    came: int = 0
    once: int = 0
    waiting: int = 0
    lost: int = 0
    doubled: int = 0
    strangers: int = 0

    @property
    def held(self) -> bool:
        """Whether none was lost, none doubled."""
        return not (self.lost or self.doubled or self.strangers)

    def rows(self) -> list[tuple[str, str]]:
        """The counts for people, each with its words."""
        return [
            ("came in", str(self.came)),
            ("once in the API", str(self.once)),
            ("still in a modem", str(self.waiting)),
            ("lost", str(self.lost)),
            ("doubled in the API", str(self.doubled)),
            ("there, but never written", str(self.strangers)),
        ]

    def as_dict(self) -> dict[str, object]:
        """The counts for programs."""
        return {
            "came": self.came,
            "once": self.once,
            "waiting": self.waiting,
            "lost": self.lost,
            "doubled": self.doubled,
            "strangers": self.strangers,
            "held": self.held,
        }


def count_inbound(
    messages: Iterable[Mapping[str, Any]], earlier: Arrivals, later: Arrivals
) -> InboundCount:
    """Lay what the API has beside what came in, before and after it was asked.

    A message that is `partial` still waits for parts: it is neither lost nor a stranger.
    """
    here: Counter[Text] = Counter()
    partly: Counter[str] = Counter()
    for message in messages:
        if message.get("partial"):
            partly[message["from"]] += 1
        else:
            here[Text(message["from"], message["text"])] += 1
    result = InboundCount(came=later.came.total())
    for text, came in later.came.items():
        once = min(here[text], came)
        missing = max(0, earlier.gone[text] - once)
        excused = min(missing, partly[text.sender])
        partly[text.sender] -= excused
        result.once += once
        result.lost += missing - excused
        result.waiting += came - once - missing + excused
        result.doubled += here[text] - once
    result.strangers = sum(count for text, count in here.items() if text not in later.came)
    return result
