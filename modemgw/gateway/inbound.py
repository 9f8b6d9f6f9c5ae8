"""What came in: kept as it is, decoded, joined, classified, acted on, in one transaction.

Theory of operation
-------------------
`Inbound.received` answers true when a TPDU is committed; only then may the modem delete it. The
TPDU itself is the first row, under a keyed hash of line and octets: a second copy finds it there
and is done. Whatever does not decode is kept too, with its defect, and blocks nothing.

A STOP must hold before it is written. A hold is taken before the transaction is queued, for every
text from somebody who can be texted, because only the transaction finds out what it asks for; it is
left when the outcome is known, some milliseconds later.
"""

from __future__ import annotations

import asyncio
import hmac
from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import structlog

from modemgw.consent.numbers import Sender, normalise_sender
from modemgw.gateway import reports
from modemgw.gateway.letters import (
    Effects,
    Origin,
    clean,
    give_out_partial,
    read_tpdu,
    take_in_text,
)
from modemgw.gateway.reports import Report
from modemgw.gateway.status import PartStatus
from modemgw.ids import new_id
from modemgw.modem.interface import Source
from modemgw.pdu import Deliver, PduError, StatusReport
from modemgw.store import inbox, lines
from modemgw.store.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from modemgw.consent.replies import Replies
    from modemgw.gateway.dispatch import Dispatcher
    from modemgw.gateway.refusals import Refusals
    from modemgw.gateway.roster import Line, Roster
    from modemgw.gateway.settings import GatewaySettings
    from modemgw.gateway.tally import Tally
    from modemgw.modem.interface import Incoming, Modem
    from modemgw.pdu import Tpdu
    from modemgw.store.inbox import PartKey
    from modemgw.store.transaction import Transaction
    from modemgw.store.writer import Writer

log = structlog.get_logger(__name__)

OWN_STORAGES = frozenset({"ME", "MT"})  # 27.005 §3.2.2; MT is ME and SM as one
LONGEST_PDU = 1_024  # characters that are kept of what is not a TPDU at all


@dataclass(frozen=True, slots=True)
class Arrival:
    """A TPDU as it came, with what could be read of it."""

    incoming: Incoming
    modem_id: str | None
    tpdu: Tpdu | None
    defect: str | None
    region: str
    former: Line | None  # whose it is, where it lay in the modem since before a change of SIM

    @property
    def sender(self) -> Sender | None:
        """Who sent the text; None for anything but a DELIVER."""
        if not isinstance(self.tpdu, Deliver):
            return None
        return normalise_sender(clean(self.tpdu.address.number), self.region)


class Inbound:
    """Takes in what modems read."""

    def __init__(
        self,
        writer: Writer,
        settings: GatewaySettings,
        refusals: Refusals,
        roster: Roster,
        dispatcher: Dispatcher,
        replies: Replies,
        tally: Tally,
        clock: Callable[[], float],
    ) -> None:
        self._writer, self._settings, self._refusals = writer, settings, refusals
        self._roster, self._dispatcher, self._replies = roster, dispatcher, replies
        self._tally, self._clock = tally, clock
        self._tasks: set[asyncio.Task[bool]] = set()
        self.delivered: Callable[[str, float], None] = lambda _line, _submitted_at: None
        self.own_line: Callable[[str], str | None] = lambda _number: None

    async def received(self, modem: Modem, incoming: Incoming) -> bool:
        """Commit a TPDU; false while the database is away, and the modem keeps it.

        A caller that stops waiting leaves the work to its end: a hold lasts until the outcome is
        known, and memory learns it.
        """
        arrival = self._read(modem, incoming)
        if isinstance(arrival.tpdu, StatusReport):  # it holds nobody, and leaves nothing in memory
            return await self._keep(arrival, modem.status.port)
        task = asyncio.create_task(self._keep(arrival, modem.status.port), name="inbound")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    async def _keep(self, arrival: Arrival, port: str) -> bool:
        try:
            await self._take_in(arrival)
        except StoreUnavailableError as error:
            log.warning("inbound_not_written", port=port, error=str(error))
            return False
        except Exception as error:  # a fault of ours; it must not block what lies behind it
            log.exception("inbound_not_taken_in", port=port)
            return await self._keep_aside(arrival, port, error)
        return True

    async def _keep_aside(self, arrival: Arrival, port: str, fault: Exception) -> bool:
        """Keep a TPDU that we failed to work on as it is, where a technician sees it."""
        failed = replace(
            arrival, tpdu=None, defect=f"could not be taken in: {type(fault).__name__}"
        )
        try:
            await self._take_in(failed)
        except Exception:
            log.exception("inbound_not_kept", port=port)
            return False
        return True

    def _read(self, modem: Modem, incoming: Incoming) -> Arrival:
        incoming = replace(incoming, pdu=clean(incoming.pdu[:LONGEST_PDU]))
        region = self._region_of(incoming.iccid)
        modem_id = self._roster.modem_id(modem)
        former = self._former_line(modem, incoming)
        try:
            tpdu, defect = read_tpdu(incoming.pdu)
        except PduError as error:
            tpdu, defect = None, str(error)
        return Arrival(incoming, modem_id, tpdu, defect, region, former)

    def _former_line(self, modem: Modem, incoming: Incoming) -> Line | None:
        """Whose a text is that the first sweep finds in the modem's own storage, where another
        SIM was in it when we last saw it. What lies on the SIM came with the SIM.
        """
        if incoming.source is not Source.STORED or incoming.storage not in OWN_STORAGES:
            return None
        former = self._roster.former_line(modem)
        return None if former is None or former.iccid == incoming.iccid else former

    def _region_of(self, iccid: str | None) -> str:
        """The country that numbers without + are read in on the line of this SIM."""
        line = self._roster.line_by_iccid(iccid)
        return (line.country if line else None) or self._settings.default_region

    async def _take_in(self, arrival: Arrival) -> None:
        sender = arrival.sender
        may_refuse = sender is not None and sender.can_be_texted
        hold = self._refusals.hold(sender.address) if sender and may_refuse else nullcontext()
        with hold:
            now = self._clock()
            effects = await self._writer.run(
                lambda tx: self._write(tx, arrival, sender, now),
                patient=isinstance(arrival.tpdu, StatusReport),
                brief=True,
            )
            self._remember(effects)

    async def give_out_partial(self, key: PartKey, older_than_s: float, oldest_at: float) -> None:
        """Give out what has come of long texts whose parts have stayed away for too long.

        `oldest_at` is when the first of the parts came. Raises StoreUnavailableError when the
        database is away.
        """
        now = self._clock()

        def operation(tx: Transaction) -> Effects:
            line = lines.line_by_id(tx.connection, key.line_id) if key.line_id else None
            iccid = line.iccid if line is not None else None
            number = line.number if line is not None else None
            region = self._region_of(iccid)
            sender = normalise_sender(key.sender, region)
            pools = self._roster.pools_of(iccid or "", number)
            origin = self._origin(sender, key.line_id, number, pools, region, now)
            return give_out_partial(tx, key, origin, older_than_s, oldest_at)

        with self._refusals.hold(key.sender):  # what has come may be a STOP
            self._remember(await self._writer.run(operation))

    def _remember(self, effects: Effects) -> None:
        """Bring memory to what was committed; before the hold is left."""
        for number, opt_outs in effects.standing.items():
            self._refusals.replace(number, opt_outs)
        for number, due_at in effects.under_review.items():
            self._refusals.review(number, due_at)
        self._tally.incoming[effects.kind] += 1
        self._tally.repeats += effects.repeat
        self._tally.opt_outs += len(effects.opted_out)
        if effects.delivered is not None:
            self.delivered(*effects.delivered)
        for lane, priority in effects.queued:
            self._dispatcher.waiting(lane, priority)

    # -- in the writer's transaction ------------------------------------------------------------

    def _write(
        self, tx: Transaction, arrival: Arrival, sender: Sender | None, now: float
    ) -> Effects:
        line_id, line_number = self._line(tx, arrival, now)
        tpdu = arrival.tpdu
        row = self._row(arrival, sender, line_id, now)
        if not inbox.keep(tx.connection, row):
            return Effects("repeat", repeat=True)
        if isinstance(tpdu, Deliver):
            assert sender is not None
            pools = self._roster.pools_of(arrival.incoming.iccid or "", line_number)
            origin = self._origin(sender, line_id, line_number, pools, arrival.region, now)
            return take_in_text(tx, tpdu, row["id"], origin)
        if isinstance(tpdu, StatusReport):
            return self._report(tx, tpdu, line_id, arrival.region, now)
        return Effects(row["kind"])

    def _origin(
        self,
        sender: Sender,
        line_id: str | None,
        line_number: str | None,
        pools: Sequence[str],
        region: str,
        now: float,
    ) -> Origin:
        """Where a text came from, with what is needed to answer it."""
        return Origin(
            sender=sender,
            line_id=line_id,
            line_number=line_number,
            pool=pools[0] if pools else "",
            region=region,
            settings=self._settings,
            replies=self._replies.of_pool(pools[0] if pools else ""),
            now=now,
            own_line=self.own_line(sender.address),
            pools=tuple(pools),
        )

    def _line(self, tx: Transaction, arrival: Arrival, now: float) -> tuple[str | None, str | None]:
        if arrival.former is not None:
            return arrival.former.id, arrival.former.number
        iccid = arrival.incoming.iccid
        known = self._roster.line_by_iccid(iccid)
        if known is not None:
            return known.id, known.number
        if iccid is not None:
            row = lines.see_line(tx.connection, iccid, now)
            return row.id, row.number
        if arrival.modem_id is not None:  # what an earlier SIM has left: the line last seen there
            last = lines.last_line_of(tx.connection, arrival.modem_id)
            if last is not None:
                found = lines.line_by_id(tx.connection, last)
                return last, found.number if found is not None else None
        return None, None

    def _row(
        self, arrival: Arrival, sender: Sender | None, line_id: str | None, now: float
    ) -> dict[str, Any]:
        tpdu, defect = arrival.tpdu, arrival.defect
        kind = {Deliver: "deliver", StatusReport: "report"}.get(type(tpdu), "other")
        concat = tpdu.concat if isinstance(tpdu, Deliver) else None
        if tpdu is None:
            kind = "undecodable"
        elif kind == "other":
            defect = f"a {tpdu.type} does not come from the network"
        elif line_id is None:
            defect = "the line that it came in on is not known"
        return {
            "id": new_id("inb"),
            "fingerprint": self._fingerprint(line_id, arrival.incoming),
            "line_id": line_id,
            "modem_id": arrival.modem_id,
            "pdu": arrival.incoming.pdu,
            "kind": kind,
            "defect": defect,
            "received_at": now,
            "sender": sender.address[:32] if sender else None,
            "ref_bits": concat.bits if concat else None,
            "ref": concat.ref if concat else None,
            "total": concat.total if concat else 1,
            "seq": concat.seq if concat else 1,
        }

    def _fingerprint(self, line_id: str | None, incoming: Incoming) -> str:
        """A keyed hash of line and TPDU, by which a second copy is known.

        Of the TPDU without the service centre in front: the same text may come again by another.
        """
        octets = incoming.pdu.strip().upper()
        try:
            raw = bytes.fromhex(octets)
            octets = raw[1 + raw[0] :].hex() or octets
        except (ValueError, IndexError):
            pass  # no TPDU: what the modem printed stands for itself
        text = f"{line_id or '-'}:{octets}"
        key = self._settings.fingerprint_key
        return hmac.digest(key, text.encode("utf-8", "replace"), "sha256").hex()

    def _report(
        self, tx: Transaction, tpdu: StatusReport, line_id: str | None, region: str, now: float
    ) -> Effects:
        discharged = tpdu.discharge.timestamp() if tpdu.discharge else None
        report = Report(tpdu.mr, clean(tpdu.address.number)[:32], tpdu.st, discharged)
        part = reports.take_in(tx, line_id, report, region, now)
        effects = Effects("report")
        is_news = part is not None and part.status != PartStatus.DELIVERED
        if part is not None and is_news and reports.verdict(report.status) is PartStatus.DELIVERED:
            effects.delivered = part.line_id, part.submitting_at
        return effects
