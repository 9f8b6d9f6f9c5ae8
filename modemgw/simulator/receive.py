"""The receiving side of a modem: where a TPDU from the network goes (27.005 §3.4.1).

`route` decides, the Receiver carries it out. A TPDU counts as taken when it is stored, printed or
on purpose thrown away; what is not taken stays at the network.
"""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from modemgw import pdu
from modemgw.simulator import text_mode, tpdu
from modemgw.simulator.errors import Cms, cms
from modemgw.simulator.faults import FaultName
from modemgw.simulator.journal import Event

if TYPE_CHECKING:
    from modemgw.simulator.modem import SimulatedModem
    from modemgw.simulator.settings import Cnmi
    from modemgw.simulator.storage import Places

_HELD_LIMIT = 64
_REFUSED_AGAIN_S = 1.0


class Route(Enum):
    """Where a TPDU goes."""

    STORE = "store"  # and announce by +CMTI or +CDSI
    STORE_QUIETLY = "store_quietly"
    DIRECT = "direct"  # print by +CMT or +CDS
    DISCARD = "discard"


_REPORT_ROUTES = {0: Route.DISCARD, 1: Route.DIRECT, 2: Route.STORE}
_TEXT_ROUTES = {0: Route.STORE_QUIETLY, 1: Route.STORE, 2: Route.DIRECT, 3: Route.STORE}
_CLASS_FOR_DISPLAY = 0
_CLASS_FOR_SIM = 2
_CLASS_FOR_TERMINAL = 3


def route(incoming: tpdu.Incoming, cnmi: Cnmi) -> Route:
    """Where `+CNMI` sends it; class 0 is never stored once anybody listens (23.038 §4)."""
    if incoming.is_type_0:
        return Route.DISCARD
    if incoming.is_report:
        return _REPORT_ROUTES[cnmi.ds]
    if incoming.message_class == _CLASS_FOR_DISPLAY and cnmi.mt:
        return Route.DIRECT
    if incoming.message_class == _CLASS_FOR_SIM and cnmi.mt:
        return Route.STORE
    if incoming.message_class == _CLASS_FOR_TERMINAL and cnmi.mt == 3:
        return Route.DIRECT
    return _TEXT_ROUTES[cnmi.mt]


@dataclass(frozen=True, slots=True)
class _Unacknowledged:
    number: str
    pdu: str
    timer: asyncio.TimerHandle


class Receiver:
    """The receiving side of one modem."""

    def __init__(self, modem: SimulatedModem) -> None:
        self._modem = modem
        self._held: deque[tuple[str, ...]] = deque(maxlen=_HELD_LIMIT)
        self._unacknowledged: _Unacknowledged | None = None
        self.taken = 0

    def offer(self, pdu: str) -> bool:
        """Take a TPDU in hex; false where it is to stay at the network."""
        if self._unacknowledged is not None or not self._modem.is_reachable:
            return False
        incoming = tpdu.look(pdu)
        match route(incoming, self._modem.settings.cnmi):
            case Route.DISCARD:
                self._note(incoming, via="discarded")
            case Route.DIRECT:
                self._print(incoming)
            case Route.STORE:
                return self._store(incoming, announced=True)
            case Route.STORE_QUIETLY:
                return self._store(incoming, announced=False)
        return True

    def _store(self, incoming: tpdu.Incoming, *, announced: bool) -> bool:
        storage = self._storage_for(incoming)
        index = storage.add(incoming.pdu, incoming.length)
        if index is None:
            self._tell_full(storage)
            return False
        self._note(incoming, via="stored", storage=storage.name, index=index)
        if announced:
            prefix = "+CDSI" if incoming.is_report else "+CMTI"
            for _ in range(self._announcements(incoming)):
                self._announce(f'{prefix}: "{storage.name}",{index}')
        return True

    def _tell_full(self, storage: Places) -> None:
        words = self._modem.personality.full
        if words and self._modem.faults.strikes(FaultName.MEMORY_FULL):
            self._modem.announce(words.format(storage=storage.name))

    @property
    def is_full(self) -> bool:
        """Whether the next text would find no room."""
        storage = self._modem.places(self._modem.settings.memories[2])
        return len(storage) >= storage.capacity

    def _storage_for(self, incoming: tpdu.Incoming) -> Places:
        if incoming.message_class == _CLASS_FOR_SIM:
            return self._modem.storage("SM")
        if incoming.is_report and self._modem.personality.keeps_reports_apart:
            return self._modem.reports
        return self._modem.places(self._modem.settings.memories[2])

    def _announcements(self, incoming: tpdu.Incoming) -> int:
        if incoming.is_report:
            return 1
        if self._modem.faults.strikes(FaultName.DROP_CMTI):
            return 0
        return 2 if self._modem.faults.strikes(FaultName.DUP_CMTI) else 1

    def _print(self, incoming: tpdu.Incoming) -> None:
        self._note(incoming, via="direct")
        if self._modem.settings.csms:
            timer = asyncio.get_running_loop().call_later(
                self._modem.timing.acknowledge_s, self._not_acknowledged
            )
            number = self._modem.number
            self._unacknowledged = _Unacknowledged(number, incoming.pdu, timer)
        self._announce(*self._printed(incoming))

    def _printed(self, incoming: tpdu.Incoming) -> list[str]:
        if self._modem.settings.text_mode:
            return text_mode.printed(incoming.pdu, self._view())
        head = f"+CDS: {incoming.length}" if incoming.is_report else f"+CMT: ,{incoming.length}"
        return [head, incoming.pdu]

    def _view(self) -> text_mode.View:
        return text_mode.View(self._modem.settings.cscs, self._modem.settings.csdh)

    def broadcast(self, page: str) -> bool:
        """A page of a cell broadcast in hex; whether the user wants to see it.

        `<bm>` of `+CNMI` 1 stores it, 2 prints it, 3 prints those of class 3 and stores the others
        (27.005 §3.4.1).
        """
        modem = self._modem
        told = pdu.decode_broadcast(page)
        bm = modem.settings.cnmi.bm
        if not (modem.is_reachable and bm and modem.settings.cscb.takes(told.message_id, told.dcs)):
            return False
        is_direct = bm == 2 or (bm == 3 and tpdu.message_class(told.dcs) == _CLASS_FOR_TERMINAL)
        if not is_direct:
            index = modem.broadcasts.add(page, len(page) // 2, is_page=True)
            if index is not None:
                self._announce(f'+CBMI: "{modem.broadcasts.name}",{index}')
        elif modem.settings.text_mode:
            self._announce(*text_mode.printed_page(page, self._view()))
        else:
            self._announce(f"+CBM: {len(page) // 2}", page)
        return True

    def _note(self, incoming: tpdu.Incoming, **fields: object) -> None:
        self.taken += 1
        event = Event.REPORT if incoming.is_report else Event.DELIVER
        self._modem.journal.write(event, self._modem.index, pdu=incoming.pdu, **fields)
        self._modem.indicators.check()

    def _announce(self, *lines: str) -> None:
        if self._modem.settings.cnmi.mode:
            self._modem.announce(*lines)
        else:
            self._held.append(lines)  # beyond 64 the oldest is lost

    def cnmi_set(self) -> None:
        """`+CNMI` was set: what mode 0 held back is printed (bfr 0) or forgotten (bfr 1)."""
        cnmi = self._modem.settings.cnmi
        if not cnmi.mode:
            return
        if cnmi.bfr == 0:
            for lines in self._held:
                self._modem.announce(*lines)
        self._held.clear()

    def expect_acknowledgement(self) -> None:
        """AtError 340 where nothing waits for `+CNMA`."""
        if self._unacknowledged is None:
            raise cms(Cms.NO_CNMA_EXPECTED)

    def acknowledge(self, *, refused: bool = False) -> None:
        """`+CNMA` (27.005 §3.4.4). AtError 340 where nothing waits for it.

        What is `refused` (RP-ERROR) stays at the network, which tries it again after a second.
        """
        waiting = self._unacknowledged
        if waiting is None:
            raise cms(Cms.NO_CNMA_EXPECTED)
        waiting.timer.cancel()
        self._unacknowledged = None
        if refused:
            self._give_back(waiting)
            asyncio.get_running_loop().call_later(_REFUSED_AGAIN_S, self._modem.flush)
        else:
            asyncio.get_running_loop().call_soon(self._modem.flush)

    def _not_acknowledged(self) -> None:
        """No `+CNMA` in time: the network keeps the message and routing stops (27.005 §3.4.4)."""
        missed = self._unacknowledged
        if missed is None:
            return
        self._unacknowledged = None
        cnmi = self._modem.settings.cnmi
        cnmi.mt = cnmi.ds = 0
        self._give_back(missed)
        self._modem.flush()

    def _give_back(self, missed: _Unacknowledged) -> None:
        self._modem.journal.write(Event.LOST, self._modem.index, pdu=missed.pdu)
        self._modem.network.put_back(missed.number, missed.pdu)

    def reset(self) -> None:
        """Power was lost: nothing is held back and no acknowledgement will come."""
        self._held.clear()
        missed, self._unacknowledged = self._unacknowledged, None
        if missed is not None:
            missed.timer.cancel()
            self._give_back(missed)
