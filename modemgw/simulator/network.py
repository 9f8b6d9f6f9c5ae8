"""The network: a service centre that takes submits, finds the recipient and reports.

Theory of operation. `accept` is the moment at which a part is at the network. A number that a SIM
of the bank bears gets an SMS-DELIVER there; any other belongs to a phone. What a modem cannot take
now (unplugged, not registered, full) waits in order in its queue until somebody calls `flush`: the
modem does, whenever the reason may have gone. Status reports travel the same way.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from modemgw.simulator import tpdu
from modemgw.simulator.phone import Phones

if TYPE_CHECKING:
    from collections.abc import Iterable

_QUEUE_LIMIT = 10_000
DEFAULT_SMSC = "+15550009999"


class Subscriber(Protocol):
    """Who can be reached under a number of the bank."""

    def offer(self, pdu: str) -> bool:
        """Take a TPDU in hex; false: not now, keep it."""


@dataclass(slots=True)
class ReportPolicy:
    """How status reports are made: `st` is TP-ST (23.040 §9.2.3.15), 0 is delivered."""

    enabled: bool = True
    delay_s: float = 0.05
    st: int = 0


class Network:
    """One service centre and everybody it reaches. Use on the event loop's thread."""

    def __init__(self, reports: ReportPolicy, smsc: str = DEFAULT_SMSC) -> None:
        self.smsc = smsc
        self.reports = reports
        self._reports_of: dict[str, ReportPolicy] = {}
        self.phones = Phones()
        self.accepted = 0
        self._subscribers: dict[str, Subscriber] = {}
        self._queues: dict[str, deque[str]] = {}
        self._concat_ref = 0

    def register(self, number: str, subscriber: Subscriber) -> None:
        """From now on this number is reached there."""
        self._subscribers[number] = subscriber

    def unregister(self, number: str) -> None:
        self._subscribers.pop(number, None)

    def accept(self, sender: str, submit: tpdu.Submit, mr: int) -> None:
        """Take a part from the SIM with the number `sender`; a report follows if asked for."""
        self.accepted += 1
        now = datetime.now(UTC)
        recipient = self._known(submit.destination)
        deliver = tpdu.deliver_of(submit, sender=sender, smsc=self.smsc, at=now)
        if recipient in self._subscribers:
            self.deliver(recipient, [deliver])
        else:
            self.phones.reach(recipient).take(sender, deliver)
        policy = self._reports_of.get(sender, self.reports)
        if submit.wants_report and policy.enabled:
            loop = asyncio.get_running_loop()
            loop.call_later(policy.delay_s, self._report, sender, submit, mr, now)

    def reports_of(self, number: str) -> ReportPolicy:
        """How it reports to this SIM from now on, whatever it does for the others."""
        return self._reports_of.setdefault(number, replace(self.reports))

    def _report(self, sender: str, submit: tpdu.Submit, mr: int, submitted: datetime) -> None:
        report = tpdu.report_on(
            submit,
            mr=mr,
            st=self._reports_of.get(sender, self.reports).st,
            smsc=self.smsc,
            submitted=submitted,
            done=datetime.now(UTC),
        )
        self.deliver(sender, [report])

    def _known(self, number: str) -> str:
        """The number under which the recipient is known: subscribers and phones are E.164."""
        if not number.startswith("+") and f"+{number}" in self._subscribers:
            return f"+{number}"
        return number

    def deliver(self, number: str, pdus: Iterable[str]) -> None:
        """Send TPDUs to a SIM of the bank, behind what waits; beyond 10,000 they are lost."""
        queue = self._queues.setdefault(number, deque())
        queue.extend(pdu for pdu in pdus if len(queue) < _QUEUE_LIMIT)
        self.flush(number)

    def put_back(self, number: str, pdu: str) -> None:
        """A TPDU that was taken but not acknowledged: it is the next again."""
        self._queues.setdefault(number, deque()).appendleft(pdu)

    def flush(self, number: str) -> None:
        """Offer what waits for this number, in order, until it is not taken."""
        subscriber = self._subscribers.get(number)
        queue = self._queues.get(number)
        if subscriber is None or queue is None:
            return
        while queue and subscriber.offer(queue[0]):
            queue.popleft()
        if not queue:
            self._queues.pop(number, None)

    def waiting(self, number: str) -> int:
        """How many TPDUs wait for this number."""
        return len(self._queues.get(number, ()))

    def next_concat_ref(self) -> int:
        """A concatenation reference for a text that a phone sends in parts, 0 to 255."""
        self._concat_ref = (self._concat_ref + 1) % 256
        return self._concat_ref
