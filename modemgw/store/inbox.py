"""What came in: TPDUs as they came, parts that wait for each other, reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, literal_column, select, update

from modemgw.store import tables
from modemgw.store.prepared import Prepared, Record, given, values_of
from modemgw.store.sql import insert_new

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import Connection

_inbound, _reports = tables.inbound_parts, tables.reports
_OF_SEVERAL = _inbound.c.total > literal_column("1")  # as the indexes of these have it

_ADD_REPORT = Prepared(insert(_reports))
_EARLY_REPORTS = Prepared(
    select(_reports)
    .where(
        _reports.c.line_id == given("line"),
        _reports.c.mr == given("mr"),
        _reports.c.recipient == given("recipient"),
        _reports.c.message_id.is_(None),
        _reports.c.received_at >= given("since"),
    )
    .order_by(_reports.c.id)
)
_UNMATCHED_REPORTS = Prepared(
    select(_reports)
    .where(
        _reports.c.line_id == given("line"),
        _reports.c.recipient == given("recipient"),
        _reports.c.message_id.is_(None),
        _reports.c.received_at >= given("since"),
    )
    .order_by(_reports.c.id)
    .limit(256)  # one for each MR that there is
)
_MATCH_REPORT = Prepared(update(_reports).where(_reports.c.id == given("id")))

_GIVEN_OUT = Prepared(
    select(_inbound.c.message_id).where(
        _inbound.c.id == given("id"), _inbound.c.message_id.is_not(None)
    )
)
_CHANGE = Prepared(update(_inbound).where(_inbound.c.id == given("id")))

SIBLINGS_LIMIT = 1_000  # four messages of the greatest length


def keep(connection: Connection, values: dict[str, Any]) -> bool:
    """Keep a TPDU; false when this very one is kept already."""
    return insert_new(connection, _inbound, values)


@dataclass(frozen=True, slots=True)
class PartKey:
    """What parts of one message have in common (23.040 §9.2.3.24.1)."""

    line_id: str | None
    sender: str
    ref: int
    ref_bits: int
    total: int


def siblings(connection: Connection, key: PartKey, since: float) -> Sequence[Record]:
    """The parts with a key that came since a time, in order of arrival; at most the latest 1000.

    `given` says that the part stands in a message that is still partial.
    """
    i, m = _inbound.c, tables.messages.c
    latest = connection.execute(
        select(_inbound, m.partial.label("given"))
        .outerjoin(tables.messages, m.id == i.message_id)
        .where(
            i.line_id == key.line_id if key.line_id is not None else i.line_id.is_(None),
            i.sender == key.sender,
            i.ref == key.ref,
            i.ref_bits == key.ref_bits,
            i.total == key.total,
            _OF_SEVERAL,
            i.received_at >= since,
        )
        .order_by(i.received_at.desc(), i.id.desc())
        .limit(SIBLINGS_LIMIT)
    ).all()
    return latest[::-1]


def open_parts(connection: Connection, before: float, limit: int) -> Sequence[Record]:
    """Parts that have waited for their siblings since before a time."""
    return connection.execute(
        select(_inbound)
        .where(_inbound.c.message_id.is_(None), _OF_SEVERAL, _inbound.c.received_at < before)
        .order_by(_inbound.c.received_at)
        .limit(limit)
    ).all()


def rewrite(connection: Connection, pdus: Mapping[str, str]) -> None:
    """Keep other PDUs in the place of those that came, by their ids."""
    for part_id, pdu in pdus.items():
        _CHANGE.run(connection, values_of(id=part_id) | {"pdu": pdu})


def message_of(connection: Connection, part_ids: Collection[str]) -> str | None:
    """The message that some of these parts were given out as before."""
    rows = (_GIVEN_OUT.row(connection, values_of(id=part_id)) for part_id in part_ids)
    return next((row.message_id for row in rows if row is not None), None)


def join(connection: Connection, part_ids: Collection[str], message_id: str) -> None:
    """Say which message these parts make."""
    _CHANGE.run_many(
        connection, [values_of(id=part_id) | {"message_id": message_id} for part_id in part_ids]
    )


def add_report(connection: Connection, values: dict[str, Any]) -> None:
    """Keep a status report."""
    _ADD_REPORT.run(connection, values)


def early_reports(
    connection: Connection, line_id: str, mr: int, recipient: str, since: float
) -> Sequence[Record]:
    """Reports that came before the answer to their submit."""
    values = values_of(line=line_id, mr=mr, recipient=recipient, since=since)
    return _EARLY_REPORTS.rows(connection, values)


def unmatched_reports(
    connection: Connection, line_id: str, recipient: str, since: float
) -> Sequence[Record]:
    """Reports on a text to a recipient that belong to no part yet, of whatever MR."""
    values = values_of(line=line_id, recipient=recipient, since=since)
    return _UNMATCHED_REPORTS.rows(connection, values)


def match_report(connection: Connection, report_id: str, message_id: str, seq: int) -> None:
    """Say which part a report was about."""
    match = {"message_id": message_id, "seq": seq}
    _MATCH_REPORT.run(connection, values_of(id=report_id) | match)


def defective(connection: Connection, *, before: str | None, limit: int) -> Sequence[Record]:
    """TPDUs that did not decode or belong to no line, the newest first."""
    statement = select(_inbound).where(_inbound.c.defect.is_not(None))
    if before is not None:
        statement = statement.where(_inbound.c.id < before)
    return connection.execute(statement.order_by(_inbound.c.id.desc()).limit(limit)).all()
