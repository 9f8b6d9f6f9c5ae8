"""Status reports: which part they are about, and what they say of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from modemgw.consent.numbers import normalise_sender
from modemgw.consent.order import CLOCKS_S
from modemgw.gateway import acts
from modemgw.gateway.status import ACCEPTED, PartStatus
from modemgw.ids import new_id
from modemgw.pdu import STATUSES, Outcome
from modemgw.store import inbox, messages

if TYPE_CHECKING:
    from modemgw.store.prepared import Record
    from modemgw.store.transaction import Transaction

# A service centre keeps trying for at most 63 weeks in theory; some days in practice.
REPORT_WINDOW_S = 8 * 86_400.0
CLOCKS_SET_AT = 1_577_836_800.0  # 2020: a clock that tells an earlier time was never set


@dataclass(frozen=True, slots=True)
class Report:
    """What an SMS-STATUS-REPORT said. `recipient` as the network writes the number, `status` is
    TP-ST (23.040 §9.2.3.15).
    """

    mr: int
    recipient: str
    status: int
    discharged_at: float | None


_VERDICTS = {Outcome.COMPLETED: PartStatus.DELIVERED, Outcome.TRYING: None}


def verdict(tp_st: int) -> PartStatus | None:
    """What a TP-ST means for a part; None while the service centre is still trying.

    Reserved values count as given up (23.040 §9.2.3.15).
    """
    return _VERDICTS.get(STATUSES[tp_st].outcome, PartStatus.UNDELIVERED)


def take_in(
    tx: Transaction, line_id: str | None, report: Report, region: str, now: float
) -> Record | None:
    """Keep a report and apply it to its part; that part as it was, None when none fits (yet).

    `region` is where the line is. Networks mostly write the number as we did; only where no part
    has it so is it worth reading.
    """
    part = _part_of(tx, line_id, report, now) if line_id is not None else None
    if part is None:
        recipient = normalise_sender(report.recipient, region).address
        if recipient != report.recipient:
            report = replace(report, recipient=recipient[:32])
            part = _part_of(tx, line_id, report, now) if line_id is not None else None
    inbox.add_report(
        tx.connection,
        {
            "id": new_id("rep"),
            "message_id": part.message_id if part is not None else None,
            "seq": part.seq if part is not None else None,
            "line_id": line_id,
            "mr": report.mr,
            "recipient": report.recipient,
            "status": report.status,
            "discharged_at": report.discharged_at,
            "received_at": now,
        },
    )
    if part is not None:
        _apply(tx, part, report.status, report.mr, now)
    return part


def apply_early_reports(tx: Transaction, part: Record, mr: int, now: float) -> None:
    """Apply reports that came before the answer to their submit."""
    found = inbox.early_reports(tx.connection, part.line_id, mr, part.recipient, part.submitting_at)
    for report in found:
        fresh = next(
            p for p in messages.get_parts(tx.connection, part.message_id) if p.seq == part.seq
        )
        inbox.match_report(tx.connection, report.id, part.message_id, part.seq)
        _apply(tx, fresh, report.status, mr, now)


def settle_doubt(tx: Transaction, part: Record, now: float) -> None:
    """Apply reports that came before a part was in doubt, and prove that it was accepted.

    Reports of different MRs prove nothing: at most one of them is about it.
    """
    found = inbox.unmatched_reports(tx.connection, part.line_id, part.recipient, part.submitting_at)
    if len({row.mr for row in found}) != 1:
        return
    for row in found:
        report = Report(row.mr, row.recipient, row.status, row.discharged_at)
        proven = _part_of(tx, part.line_id, report, now)
        if proven is not None:
            inbox.match_report(tx.connection, row.id, proven.message_id, proven.seq)
            _apply(tx, proven, row.status, row.mr, now)


def _part_of(tx: Transaction, line_id: str, report: Report, now: float) -> Record | None:
    """The part that a report is about: by line, MR, recipient and time; the newest that can be.

    A part in doubt is meant when no other part has that MR, or may have had it because nobody knows
    which it had: then the report proves that it was accepted.
    """
    since = now - REPORT_WINDOW_S
    told_at = report.discharged_at
    if told_at is not None and CLOCKS_SET_AT < told_at < since - CLOCKS_S:
        return None  # a copy of one that was forgotten: no part of so long ago is looked for
    same_mr = messages.parts_awaiting_report(
        tx.connection, line_id, report.mr, report.recipient, since
    )
    for part in same_mr:
        if part.status in (PartStatus.SENT, PartStatus.UNDELIVERED):
            return part
    if same_mr or messages.has_part_of_unknown_mr(tx.connection, line_id, report.recipient, since):
        return None
    doubtful = messages.parts_in_doubt(tx.connection, line_id, report.recipient)
    return doubtful[0] if len(doubtful) == 1 else None


def _apply(tx: Transaction, part: Record, tp_st: int, mr: int, now: float) -> None:
    to = verdict(tp_st)
    was = PartStatus(part.status)
    if to is None:
        to = PartStatus.SENT if was not in ACCEPTED else was
    if to is was or was is PartStatus.DELIVERED:
        messages.change_part(tx.connection, part.message_id, part.seq, report_status=tp_st)
        return
    reason = acts.undelivered(tp_st) if to is PartStatus.UNDELIVERED else None
    told: dict[str, int] = {"report_status": tp_st}
    if part.mr != mr:  # of one that was in doubt; SQLite moves the index where it is the same, too
        told["mr"] = mr
    acts.settle_part(tx, part, to, now, reason, **told)
