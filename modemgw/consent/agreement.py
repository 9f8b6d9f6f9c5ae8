"""Double opt-in: whether somebody may be asked for their consent, and what counts as their yes.

A yes counts as a whole message, in the language of any customer, and only as the answer to a
question: sent after it and before its time is over. All else leaves the question open, such as a
"ja?" that answers the telephone.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final

from modemgw.consent.folding import QUESTION_END, fold, words
from modemgw.consent.reading import Sender, read, unmarked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from modemgw.consent.order import Sent

# How far the clock of a service centre may be from ours.
CLOCK_S: Final = 60.0
_TAKEN_BACK: Final = frozenset("👎🙅🚫❌")
_TABLE: Final = resources.files("modemgw.consent") / "agreement.toml"
_ANYBODY: Final = Sender(country=None, language=None, opted_out=False, since_optout_s=None)


@dataclass(frozen=True, slots=True)
class DoubleOptIn:
    """How people are asked for their consent; times in seconds.

    `by_default`: also where a record does not say. A yes counts for `answer_within_s`; nobody is
    asked again before `again_after_s`. Raises ValueError where the latter is the shorter.
    """

    by_default: bool = False
    answer_within_s: float = 3 * 86_400.0
    again_after_s: float = 30 * 86_400.0

    def __post_init__(self) -> None:
        if self.again_after_s < self.answer_within_s:
            raise ValueError(
                "again_after is shorter than answer_within: nobody is asked twice at a time"
            )

    def asks_again_at(self, asked_at: float | None) -> float:
        """From when on somebody may be asked who was last asked then; None: never yet."""
        return float("-inf") if asked_at is None else asked_at + self.again_after_s


NO_DOUBLE_OPT_IN: Final = DoubleOptIn()  # none, unless a record asks for it


def yes_in(text: str, outbound: Sequence[str] = ()) -> str | None:
    """The words by which a whole incoming text says yes; None where it does not plainly.

    `outbound` are our last texts to its sender, so that a quote of them is none of their words.
    """
    read_as = read(text, _ANYBODY, outbound).words
    if QUESTION_END in read_as or not _TAKEN_BACK.isdisjoint(text):
        return None
    said = " ".join(unmarked(read_as))
    return said if said in _agreements() else None


def is_in_time(sent: Sent, asked_at: float, due_at: float, now: float) -> bool:
    """Whether a text that is read `now` may answer a question sent at `asked_at`.

    By the stamps of its parts; a text without any answers nothing that is asked, nor does one that
    is stamped with a time to come: by such a clock it may be older than the question.
    """
    at = sent.first_at
    return at is not None and asked_at - CLOCK_S <= at <= now + CLOCK_S and now < due_at


@cache
def _agreements() -> frozenset[str]:
    told: Mapping[str, list[str]] = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    return frozenset(
        " ".join(unmarked(words(fold(said)))) for sayings in told.values() for said in sayings
    )
