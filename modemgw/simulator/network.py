"""The network: a service centre that takes submits, finds the recipient and reports.

Theory of operation. `ruling` is asked before a part is taken, `accept` is the moment at which it is
at the network. A number that a SIM of the bank bears gets an SMS-DELIVER there; any other belongs
to a phone. What a recipient cannot take now (unplugged, switched off, full) waits in order in its
queue until somebody calls `flush`: a modem does whenever the reason may have gone (the memory
available of 23.040 §3.2.7), a phone when it is switched on. What a SIM submitted waits no longer
than its validity. Status reports travel as texts do.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from modemgw.simulator import tpdu
from modemgw.simulator.answering import Answering
from modemgw.simulator.behaviour import State
from modemgw.simulator.journal import Event
from modemgw.simulator.limits import Limits, Ruling
from modemgw.simulator.part import Part
from modemgw.simulator.phone import Phones
from modemgw.simulator.reports import ABSENT, NO_ROOM, Reporter, ReportPolicy
from modemgw.simulator.timers import Timer, Timers
from modemgw.simulator.validity import validity_s

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modemgw.simulator.clock import Clock
    from modemgw.simulator.journal import Journal

_QUEUE_LIMIT = 10_000
_WAITING_LIMIT = 200_000
_DUPLICATE = 197  # TP-FCS, 23.040 §9.2.3.22: the service centre has an earlier copy
_EXPIRED = 0x46  # permanent: validity period expired (23.040 §9.2.3.15)
_THROWN_AWAY = 0x48  # permanent: deleted by the service centre's administration
_HELD_ST = {"absent": ABSENT, "full": NO_ROOM}
DEFAULT_SMSC = "+15550009999"


class Subscriber(Protocol):
    """Who can be reached under a number of the bank."""

    def offer(self, pdu: str) -> bool:
        """Take a TPDU in hex; false: not now, keep it."""

    def why_not(self) -> str:
        """Why it took none: `absent`, `full` or `busy`."""


@dataclass(frozen=True, slots=True)
class NetworkSettings:
    """What a network is from the start. `validity_s` is how long it keeps a text that does not say
    so itself, `longest_s` the longest that it keeps any."""

    smsc: str = DEFAULT_SMSC
    validity_s: float = 2 * 86_400.0
    longest_s: float = 63 * 7 * 86_400.0


DEFAULT_SETTINGS: Final = NetworkSettings()


@dataclass(slots=True, eq=False)
class _Item:
    """A TPDU that is to be delivered; `part` is what it was made of, if a SIM submitted it."""

    pdu: str
    part: Part | None = None
    is_held: bool = False
    expiry: Timer | None = field(default=None, repr=False)


class Network:
    """One service centre and everybody it reaches. Use on the event loop's thread."""

    def __init__(
        self,
        settings: NetworkSettings,
        reports: ReportPolicy,
        *,
        seed: int,
        journal: Journal,
        clock: Clock,
    ) -> None:
        self.smsc = settings.smsc
        self._settings = settings
        self._journal = journal
        self._timers = Timers(clock)
        self.limits = Limits(self._timers.now)
        self.reports = Reporter(
            reports,
            seed=seed,
            smsc=self.smsc,
            timers=self._timers,
            journal=journal,
            send=lambda number, report: self.deliver(number, [report]),
        )
        self.phones = Phones()
        self._answering = Answering(
            seed=seed, smsc=self.smsc, timers=self._timers, say=self._from_phone
        )
        self.accepted = 0
        self._subscribers: dict[str, Subscriber | None] = {}
        self._modems: dict[str, int] = {}
        self._serials: dict[str, int] = {}
        self._queues: dict[str, deque[_Item]] = {}
        self._switches: dict[str, Timer] = {}
        self._waiting = 0
        self._concat_ref = 0

    def close(self) -> None:
        """Nothing happens by itself any more."""
        self._timers.close()

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is on its way, and nothing is to happen."""
        return not len(self._timers) and not self._queues

    def register(self, number: str, subscriber: Subscriber, modem: int) -> None:
        """From now on this number is reached there, in the modem with this index."""
        self._subscribers[number] = subscriber
        self._modems[number] = modem

    def unregister(self, number: str) -> None:
        """The SIM with this number is in no modem: what is sent to it waits."""
        if number in self._subscribers:
            self._subscribers[number] = None

    def ruling(self, sender: str, submit: tpdu.Submit, mr: int) -> Ruling:
        """What would become of this part from the SIM with the number `sender`?"""
        recipient = self._known(submit.destination)
        if submit.rejects_duplicates and self._keeps(sender, recipient, mr):
            return Ruling(_DUPLICATE, reason="duplicate")
        if recipient not in self._subscribers:
            refuse = self.phones.behaviour(recipient).refuse
            if refuse is not None:
                return Ruling(refuse, reason="refused")
        return self.limits.ruling(sender)

    def _keeps(self, sender: str, recipient: str, mr: int) -> bool:
        """Whether such a part still waits here (TP-RD, 23.040 §9.2.3.25)."""
        return any(
            item.part is not None and (item.part.sender, item.part.mr) == (sender, mr)
            for item in self._queues.get(recipient, ())
        )

    def accept(
        self, modem: int, sender: str, submit: tpdu.Submit, mr: int, *, drops: bool = False
    ) -> None:
        """Take a part from the SIM with the number `sender`; a report follows if asked for.

        `drops`: it is thrown away, and nobody is told.
        """
        self.accepted += 1
        serial = self._serials[sender] = self._serials.get(sender, 0) + 1
        recipient = self._known(submit.destination)
        part = Part(modem, sender, recipient, submit, mr, serial, self._timers.date())
        if drops:
            self._journal_undelivered(part, "dropped")
            return
        self.limits.count(sender)
        self.reports.taken(part)
        if recipient not in self._subscribers:
            behaviour = self.phones.behaviour(recipient)
            if behaviour.state is State.UNKNOWN:
                self._give_up(part, "unknown", behaviour.lost_st)
                return
        deliver = tpdu.deliver_of(submit, sender=sender, smsc=self.smsc, at=part.submitted)
        self._send(recipient, _Item(deliver, part))

    def deliver(self, number: str, pdus: Iterable[str]) -> None:
        """Send TPDUs to a SIM of the bank, behind what waits; beyond 10,000 they are lost."""
        for octets in pdus:
            self._send(number, _Item(octets))

    def put_back(self, number: str, pdu: str) -> None:
        """A TPDU that was taken but not acknowledged: it is the next again."""
        self._queue(number).appendleft(_Item(pdu))
        self._waiting += 1

    def flush(self, number: str) -> None:
        """Offer what waits for this number, in order, until it is not taken."""
        while queue := self._queues.get(number):
            item = queue[0]
            if not self._offer(number, item):
                self._hold(number, item)
                return
            self._forget(number, item)
            self._delivered(number, item)

    def phones_changed(self, number: str, on_after_s: float | None = None) -> None:
        """There is a new rule for phones with this number or pattern: what waits is offered.

        `on_after_s`: they are switched on so many seconds from now, unless told otherwise.
        """
        self._timers.cancel(self._switches.pop(number, None))
        if on_after_s is not None:
            switch = self._timers.after(on_after_s, lambda: self._switch_on(number))
            if switch is not None:
                self._switches[number] = switch
        self._flush_phones()

    def _switch_on(self, number: str) -> None:
        self._switches.pop(number, None)
        rule = self.phones.rule(number)
        if rule is not None:
            self.phones.add_rule(rule.switched_on())
            self._flush_phones()

    def _flush_phones(self) -> None:
        for number in [number for number in self._queues if number not in self._subscribers]:
            self.flush(number)

    def all_waiting(self) -> dict[str, int]:
        """How many TPDUs wait, for each number for which any do."""
        return {number: len(queue) for number, queue in self._queues.items()}

    def waiting(self, number: str) -> int:
        """How many TPDUs wait for this number."""
        return len(self._queues.get(number, ()))

    def next_concat_ref(self) -> int:
        """A concatenation reference for a text that a phone sends in parts, 0 to 255."""
        self._concat_ref = (self._concat_ref + 1) % 256
        return self._concat_ref

    def _known(self, number: str) -> str:
        """The number under which the recipient is known: subscribers and phones are E.164."""
        if not number.startswith("+") and f"+{number}" in self._subscribers:
            return f"+{number}"
        return number

    def _queue(self, number: str) -> deque[_Item]:
        return self._queues.setdefault(number, deque())

    def _send(self, number: str, item: _Item) -> None:
        if number not in self._queues and self._offer(number, item):
            self._delivered(number, item)
            return
        if self.waiting(number) >= _QUEUE_LIMIT or self._waiting >= _WAITING_LIMIT:
            self._overflow(number, item)
            return
        self._queue(number).append(item)
        self._waiting += 1
        self._hold(number, item)

    def _overflow(self, number: str, item: _Item) -> None:
        """There is no room for it."""
        if item.part is not None:
            self._give_up(item.part, "overflow", _THROWN_AWAY)
            return
        self._journal.write(
            Event.UNDELIVERED,
            self._modems.get(number),
            mr=None,
            to=number,
            reason="overflow",
            pdu=item.pdu,
        )

    def _offer(self, number: str, item: _Item) -> bool:
        if number in self._subscribers:
            subscriber = self._subscribers[number]
            return subscriber is not None and subscriber.offer(item.pdu)
        if self.phones.behaviour(number).state is not State.ON:
            return False
        self._to_phone(number, item)
        return True

    def _to_phone(self, number: str, item: _Item) -> None:
        part = item.part
        if part is None:
            self.phones.take(number, "", item.pdu)
            return
        self._journal.write(
            Event.ARRIVE, part.modem, mr=part.mr, to=number, **{"from": part.sender}, pdu=item.pdu
        )
        if part.submit.is_type_0:
            return
        replace_type = part.submit.pid if part.submit.replaces else None
        self.phones.take(number, part.sender, item.pdu, replace_type)
        behaviour = self.phones.behaviour(number)
        if behaviour.talks:
            self._answering.heard(number, part.sender, item.pdu, behaviour)

    def _delivered(self, number: str, item: _Item) -> None:
        """The recipient has it."""
        if item.part is None:
            return
        if number in self._subscribers:
            self.reports.ended(item.part)
        else:
            behaviour = self.phones.behaviour(number)
            self.reports.ended(item.part, behaviour.st, behaviour.report_delay)

    def _hold(self, number: str, item: _Item) -> None:
        """It waits: said once, and for so long as it is valid."""
        if item.is_held:
            return
        item.is_held = True
        part = item.part
        reason, st = self._why_not(number)
        self._journal.write(
            Event.HOLD,
            self._modems.get(number) if part is None else part.modem,
            to=number,
            mr=None if part is None else part.mr,
            reason=reason,
            pdu=item.pdu,
        )
        if part is not None:
            item.expiry = self._timers.after(
                self._validity_s(part), lambda: self._expire(number, item)
            )
            if st is not None:
                self.reports.held(part, st)

    def _why_not(self, number: str) -> tuple[str, int | None]:
        """The reason as the journal has it, and TP-ST of a temporary report, if that deserves one.

        A modem that is busy with another text is worth none.
        """
        if number in self._subscribers:
            subscriber = self._subscribers[number]
            reason = "absent" if subscriber is None else subscriber.why_not()
            return reason, _HELD_ST.get(reason)
        behaviour = self.phones.behaviour(number)
        return behaviour.state.value, behaviour.held_st

    def _validity_s(self, part: Part) -> float:
        said = validity_s(part.submit, part.submitted)
        return min(self._settings.validity_s if said is None else said, self._settings.longest_s)

    def _expire(self, number: str, item: _Item) -> None:
        self._forget(number, item)
        if item.part is not None:
            self._give_up(item.part, "expired", _EXPIRED)

    def _forget(self, number: str, item: _Item) -> None:
        """It waits no longer."""
        self._timers.cancel(item.expiry)
        queue = self._queues.get(number)
        if queue is None or item not in queue:
            return
        queue.remove(item)
        self._waiting -= 1
        if not queue:
            del self._queues[number]

    def _give_up(self, part: Part, reason: str, st: int) -> None:
        self._journal_undelivered(part, reason, st)
        self.reports.ended(part, st)

    def _journal_undelivered(self, part: Part, reason: str, st: int | None = None) -> None:
        self._journal.write(
            Event.UNDELIVERED,
            part.modem,
            mr=part.mr,
            to=part.recipient,
            **{"from": part.sender},
            reason=reason,
            st=st,
        )

    def _from_phone(self, phone: str, line: str, text: str, pdus: list[str]) -> None:
        """A phone wrote a text to a SIM of the bank."""
        self._journal.write(
            Event.SEND,
            self._modems.get(line),
            to=line,
            **{"from": phone},
            text=text,
            parts=len(pdus),
        )
        self.deliver(line, pdus)
