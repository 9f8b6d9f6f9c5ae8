"""Why a person was texted: everything about a number in a time, in the order in which it happened.

A text that the gate allowed leaves no entry in the audit: that it was accepted is the gate's
answer, given under the rules in force then, of which the audit has the digests. A refusal, a block,
an opt-out and a permit are entries.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from modemgw.store import attempts, messages, optouts, persons, tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from modemgw.store.ledger import Ledger
    from modemgw.store.prepared import Record

TEXTS_LIMIT = 10_000
ENTRIES_LIMIT = 10_000
RULES_CHANGED = "rules_changed"


def gather(
    connection: Connection, ledger: Ledger, number: str, since: float, until: float
) -> dict[str, Any]:
    """What is kept about a number from `since` to before `until`, seconds of the epoch.

    `opted_out_before` is how it stood at the beginning; texts are those that were accepted, sent or
    received in that time, oldest first, with their parts and the TPDUs as they were handed over.
    """
    entries = ledger.entries(connection, number, ENTRIES_LIMIT)[::-1]
    rows = persons.texts(connection, number, before=None, limit=TEXTS_LIMIT)
    told = [row for row in rows if _is_within(row, since, until)]
    known = optouts.of(connection, number, ledger.erased_as(number))
    kept = known[0] if known else None
    return {
        "since": since,
        "until": until,
        "opted_out_before": opted_out_at(entries, kept, since),
        "opted_out_now": kept is not None,
        "erased": kept is not None and kept.erased_at is not None,
        "rules": rules_in(connection, since, until),
        "entries": [entry for entry in entries if since <= entry["at"] < until],
        "texts": [_text(connection, row, entries, kept) for row in reversed(told)],
    }


def opted_out_at(entries: Sequence[dict[str, Any]], kept: Record | None, at: float) -> bool:
    """Whether an opt-out stood just before a time, by the audit; or else by what is kept."""
    before = [e for e in entries if e["at"] < at and e["action"] in ("opted_out", "opted_in")]
    if before:
        return bool(_scopes_after(before))
    ever = any(e["action"] in ("opted_out", "opted_in") for e in entries)
    return not ever and kept is not None and bool(kept.created_at < at)


def _scopes_after(entries: Sequence[dict[str, Any]]) -> set[str]:
    """Of which scopes opt-outs stand after these entries, the oldest first."""
    standing: set[str] = set()
    for entry in entries:
        scope = str(entry["detail"].get("scope", "all"))
        if entry["action"] == "opted_out":
            standing.add(scope)
        else:
            standing.discard(scope)
    return standing


def rules_in(connection: Connection, since: float, until: float) -> list[dict[str, Any]]:
    """The rules that each host was under in a time: their digests, and the entries that say so.

    The first of a host may be of before.
    """
    e, p = tables.audit_entries.c, tables.audit_payloads.c
    rows = connection.execute(
        select(e.chain, e.sequence, e.at, p.payload)
        .join(tables.audit_payloads, (p.chain == e.chain) & (p.sequence == e.sequence))
        .where(e.action == RULES_CHANGED, e.at < until)
        .order_by(e.at)
    ).all()
    before = {row.chain: row for row in rows if row.at < since}
    return [
        {
            "chain": row.chain,
            "sequence": row.sequence,
            "at": row.at,
            "digests": json.loads(row.payload)["detail"]["digests"],
        }
        for row in (*before.values(), *(row for row in rows if row.at >= since))
    ]


def _is_within(row: Any, since: float, until: float) -> bool:
    times = (row.created_at, row.sent_at, row.received_at, row.delivered_at)
    return any(at is not None and since <= at < until for at in times)


def _text(
    connection: Connection, row: Record, entries: Sequence[dict[str, Any]], kept: Record | None
) -> dict[str, Any]:
    told = {
        "id": row.id,
        "direction": row.direction,
        "status": row.status,
        "kind": row.kind,
        "pool": row.pool,
        "key": row.key_id,
        "permit": row.permit,
        "keyword": row.classified,
        "text": row.text,
        "error": row.error_code,
        "created_at": row.created_at,
        "sent_at": row.sent_at,
        "delivered_at": row.delivered_at,
        "received_at": row.received_at,
        "line": _line(connection, row.line_id),
    }
    if row.direction == "inbound":
        return told | {"tpdus": _raw(connection, row.id)}
    history = attempts.of_message(connection, row.id)
    sent = [*messages.get_parts(connection, row.id), *messages.former_parts(connection, row.id)]
    return told | {
        "decision": _decision(row),
        "opted_out_when_accepted": opted_out_at(entries, kept, row.created_at),
        "parts": [_part(connection, part, history) for part in sent],
    }


def _decision(row: Record) -> str:
    if row.permit is not None:
        return f"passed by the permit {row.permit}"
    if row.status == "blocked":
        return f"accepted, then blocked: {row.error_code}"
    return f"allowed as {row.kind}"


def _part(connection: Connection, part: Record, history: Sequence[Record]) -> dict[str, Any]:
    has_begun = part.status != "queued"
    return {
        "seq": part.seq,
        "status": part.status,
        "submitting_at": part.submitting_at,
        "settled_at": part.settled_at,
        "mr": part.mr,
        "report_status": part.report_status,
        "line": _line(connection, part.line_id),
        "modem": _modem(connection, part.modem_id),
        "tpdu": part.tpdu if has_begun else None,
        "attempts": [
            {"at": one.at, "outcome": one.outcome, "code": one.code, "detail": one.detail}
            for one in history
            if one.seq == part.seq
        ],
    }


def _raw(connection: Connection, message_id: str) -> list[str]:
    row = tables.inbound_parts.c
    query = select(row.pdu).where(row.message_id == message_id).order_by(row.seq, row.id)
    return list(connection.execute(query).scalars())


def _line(connection: Connection, line_id: str | None) -> dict[str, Any] | None:
    row = tables.lines.c
    query = select(row.id, row.iccid, row.number, row.operator).where(row.id == line_id)
    found = connection.execute(query).mappings().first()
    return None if found is None else dict(found)


def _modem(connection: Connection, modem_id: str | None) -> dict[str, Any] | None:
    row = tables.modems.c
    query = select(row.id, row.imei, row.host, row.port).where(row.id == modem_id)
    found = connection.execute(query).mappings().first()
    return None if found is None else dict(found)
