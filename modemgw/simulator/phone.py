"""Phones: every number that no modem has belongs to one that accepts what comes, unless told."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modemgw.simulator.behaviour import ACCEPTS, RULES_LIMIT, Behaviour, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

_PHONES_LIMIT = 50_000
_INBOX_LIMIT = 10_000
_TEXTS_LIMIT = 500_000


@dataclass(frozen=True, slots=True)
class Received:
    """A TPDU on a phone: the sender's number, an SMS-DELIVER in hex, `t` as in the journal.

    `replace_type` is its TP-PID where it replaces what came before (23.040 §9.2.3.9), else None.
    """

    sender: str
    pdu: str
    t: int
    replace_type: int | None = None


@dataclass(slots=True)
class Phone:
    """A phone and what it received, the newest 10,000."""

    number: str
    received: deque[Received] = field(default_factory=lambda: deque(maxlen=_INBOX_LIMIT))

    def take(self, sender: str, pdu: str, replace_type: int | None = None) -> None:
        """Keep a text, in the place of an earlier one of the same replace type and sender."""
        new = Received(sender, pdu, time.monotonic_ns(), replace_type)
        if replace_type is not None:
            for at, old in enumerate(self.received):
                if (old.sender, old.replace_type) == (sender, replace_type):
                    self.received[at] = new
                    return
        self.received.append(new)


class Phones:
    """All phones, and the rules of how they behave.

    Beyond 50,000 numbers, or 500,000 texts on all of them, those that heard nothing for longest are
    forgotten. A rule for the number itself goes before one with wildcards; of those the first that
    fits.
    """

    def __init__(self) -> None:
        self._phones: OrderedDict[str, Phone] = OrderedDict()
        self._texts = 0
        self._exact: dict[str, Rule] = {}
        self._patterns: dict[str, Rule] = {}

    def __len__(self) -> int:
        return len(self._phones)

    def get(self, number: str) -> Phone | None:
        return self._phones.get(number)

    def reach(self, number: str) -> Phone:
        """The phone with this number, which comes into being by being called."""
        phone = self._phones.get(number)
        if phone is None:
            phone = self._phones[number] = Phone(number)
            if len(self._phones) > _PHONES_LIMIT:
                self._forget_oldest()
        else:
            self._phones.move_to_end(number)
        return phone

    def take(self, number: str, sender: str, pdu: str, replace_type: int | None = None) -> None:
        """The phone with this number takes a text, as `Phone.take` has it."""
        phone = self.reach(number)
        before = len(phone.received)
        phone.take(sender, pdu, replace_type)
        self._texts += len(phone.received) - before
        while self._texts > _TEXTS_LIMIT and len(self._phones) > 1:
            self._forget_oldest()

    def _forget_oldest(self) -> None:
        _number, phone = self._phones.popitem(last=False)
        self._texts -= len(phone.received)

    def behaviour(self, number: str) -> Behaviour:
        """What the phone with this number does."""
        rule = self._exact.get(number)
        if rule is None and self._patterns:
            rule = next((rule for rule in self._patterns.values() if rule.fits(number)), None)
        return ACCEPTS if rule is None else rule.behaviour

    def rule(self, number: str) -> Rule | None:
        """The rule that was made for just this number or pattern."""
        return self._exact.get(number) or self._patterns.get(number)

    def add_rule(self, rule: Rule) -> None:
        """Make or change a rule. ValueError where there are 1,000 already."""
        if self.rule(rule.number) is None and len(self._exact) + len(self._patterns) >= RULES_LIMIT:
            raise ValueError(f"there are {RULES_LIMIT} rules for phones already; forget some")
        (self._patterns if rule.is_pattern else self._exact)[rule.number] = rule

    def forget_rule(self, number: str) -> None:
        """Those phones behave as all others again."""
        self._exact.pop(number, None)
        self._patterns.pop(number, None)

    def rules(self) -> Iterator[Rule]:
        """All rules in the order in which they are asked."""
        yield from self._exact.values()
        yield from self._patterns.values()
