"""How rows look from outside: the shapes of the API and of events."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from modemgw.gateway.inventory import Inventory
    from modemgw.gateway.limits import Used
    from modemgw.gateway.line_state import Standing
    from modemgw.modem.interface import UssdSession
    from modemgw.store.events import Event
    from modemgw.store.prepared import Record


@lru_cache(maxsize=1_024)
def timestamp(seconds: float | None) -> str | None:
    """RFC 3339 in UTC, to the millisecond; None stays None."""
    if seconds is None:
        return None
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def message(row: Record) -> dict[str, Any]:
    """A message."""
    return {
        "id": row.id,
        "direction": row.direction,
        "status": row.status,
        "from": row.sender,
        "to": row.recipient,
        "line": row.line_id,
        "pool": row.pool,
        "kind": row.kind,
        "text": row.text,
        "parts": row.parts,
        "encoding": row.encoding,
        "transliterated": row.transliterated,
        "partial": row.partial,
        "keyword": row.classified,
        "created_at": timestamp(row.created_at),
        "sent_at": timestamp(row.sent_at),
        "delivered_at": timestamp(row.delivered_at),
        "received_at": timestamp(row.received_at),
        "not_before": timestamp(row.ready_at),
        "waiting_for": row.hold_reason,
        "expires_at": timestamp(row.expires_at),
        "restarts": row.restarts,
        "error": (
            None
            if row.error_code is None
            else {"code": row.error_code, "message": row.error_message or ""}
        ),
        "reference": row.reference,
        "metadata": row.metadata,
        "conversation": row.conversation_id,
    }


def part(row: Record, history: Iterable[Record] = ()) -> dict[str, Any]:
    """One part of an outbound message; `history` are the attempts kept of it."""
    return {
        "seq": row.seq,
        "status": row.status,
        "line": row.line_id,
        "modem": row.modem_id,
        "mr": row.mr,
        "attempts": row.attempts,
        "submitting_at": timestamp(row.submitting_at),
        "settled_at": timestamp(row.settled_at),
        "report_status": row.report_status,
        "code": row.code,
        "detail": row.detail,
        "history": [_attempt(item) for item in history],
    }


def _attempt(row: Record) -> dict[str, Any]:
    return {
        "at": timestamp(row.at),
        "line": row.line_id,
        "modem": row.modem_id,
        "outcome": row.outcome,
        "code": row.code,
        "detail": row.detail,
    }


def detail(
    row: Record,
    parts: Sequence[Record],
    former: Sequence[Record],
    attempts: Sequence[Record],
) -> dict[str, Any]:
    """A message with its parts, those of a sending that was given up, and all attempts kept."""
    by_part: dict[int, list[Record]] = {}
    for attempt in attempts:
        by_part.setdefault(attempt.seq, []).append(attempt)
    return {
        **message(row),
        "parts_detail": [part(p, by_part.get(p.seq, ())) for p in parts],
        "former_parts": [{**part(p), "seq": -p.seq} for p in former],
    }


def line(row: Record, pools: Sequence[str], standing: Standing) -> dict[str, Any]:
    """A line."""
    return {
        "id": row.id,
        "iccid": row.iccid,
        "imsi": row.imsi,
        "name": row.name,
        "number": row.number,
        "sim_number": row.sim_number,
        "typed_number": row.typed_number,
        "tags": row.tags,
        "cost": row.cost,
        "state": standing.state,
        "reason": standing.reason,
        "until": timestamp(standing.until),
        "operator": row.operator,
        "smsc": row.smsc,
        "modem": row.modem_id,
        "pools": list(pools),
        "created_at": timestamp(row.created_at),
        "seen_at": timestamp(row.seen_at),
    }


def modem(row: Record, guaranteed: bool | None, paused: str | None) -> dict[str, Any]:
    """A modem. `guaranteed` is known where it is driven; `paused` is why it sends nothing."""
    return {
        "id": row.id,
        "imei": row.imei,
        "host": row.host,
        "port": row.port,
        "maker": row.maker,
        "model": row.model,
        "revision": row.revision,
        "state": row.state,
        "reason": row.reason,
        "since": timestamp(row.since),
        "paused": paused,
        "line": row.line_id,
        "operator": row.operator,
        "guaranteed": guaranteed,
        "signal": None if row.rssi_dbm is None else {"rssi_dbm": row.rssi_dbm},
        "seen_at": timestamp(row.seen_at),
    }


def stage(row: Record) -> dict[str, Any]:
    """A state that a modem was in."""
    return {"id": row.id, "state": row.state, "reason": row.reason, "at": timestamp(row.at)}


def line_alert(kind: str, row: Record, words: str | None) -> dict[str, Any]:
    """An alert about a line, raised or cleared."""
    return {
        "alert": kind,
        "modem": row.modem_id,
        "port": None,
        "line": row.id,
        "iccid": row.iccid,
        "message": words or "",
    }


def missing_alert(kind: str, iccid: str, line_id: str | None, words: str) -> dict[str, Any]:
    """An alert about a SIM that should be there; it may never have been seen."""
    return {
        "alert": kind,
        "modem": None,
        "port": None,
        "line": line_id,
        "iccid": iccid,
        "message": words,
    }


def inventory(stock: Inventory) -> dict[str, Any]:
    """Which expected lines are there."""
    return {
        "expected": stock.expected,
        "missing": list(stock.missing),
        "summary": stock.words,
    }


def used(item: Used) -> dict[str, Any]:
    """How far a limit is used."""
    return {
        "limit": item.rule,
        "used": item.used,
        "most": item.most,
        "renews_at": timestamp(item.renews_at),
    }


def alert(kind: str, row: Record, words: str) -> dict[str, Any]:
    """An alert about a modem, raised or cleared."""
    return {"alert": kind, "modem": row.id, "port": row.port, "message": words}


def bank_alert(kind: str, words: str) -> dict[str, Any]:
    """An alert about the bank as a whole, raised or cleared."""
    return {"alert": kind, "modem": None, "port": None, "message": words}


def country_alert(kind: str, country: str, words: str) -> dict[str, Any]:
    """An alert about texts to a country, raised or cleared."""
    return {**bank_alert(kind, words), "country": country}


def ussd(session: UssdSession, modem_id: str | None, line_id: str | None) -> dict[str, Any]:
    """A USSD session; the same in answers and in events."""
    return {
        "id": session.id,
        "modem": modem_id,
        "line": line_id,
        "code": session.code,
        "state": session.state,
        "text": session.text,
        "outcome": session.outcome,
        "reason": session.reason,
        "began_at": timestamp(session.since),
        "changed_at": timestamp(session.changed_at),
    }


def opt_out(row: Record) -> dict[str, Any]:
    """An opt-out."""
    return {
        "number": row.number,
        "scope": row.scope,
        "leaves": row.leaves.split(),
        "source": row.source,
        "reason": row.reason,
        "message": row.message_id,
        "line": row.line_id,
        "created_at": timestamp(row.created_at),
        "sent_at": timestamp(row.sent_at),
    }


def consent(row: Record) -> dict[str, Any]:
    """A consent; the same in answers and in events."""
    return {
        "number": row.number,
        "kind": row.kind,
        "scope": row.scope,
        "state": row.state,
        "source": row.source,
        "obtained_at": timestamp(row.obtained_at),
        "wording": row.wording,
        "evidence": row.evidence,
        "message": row.message_id,
        "recorded_by": row.recorded_by,
        "created_at": timestamp(row.created_at),
        "changed_at": timestamp(row.changed_at),
        "ended_by": row.ended_by,
        "request": row.request_id,
        "due_at": timestamp(row.due_at) if row.state == "pending" else None,
    }


def review(row: Record) -> dict[str, Any]:
    """A review of a doubtful text; the same in answers and in events."""
    return {
        "id": row.id,
        "state": "open" if row.decided_at is None else "decided",
        "number": row.number,
        "message": row.message_id,
        "line": row.line_id,
        "reason": row.reason,
        "created_at": timestamp(row.created_at),
        "due_at": timestamp(row.due_at),
        "decided_at": timestamp(row.decided_at),
        "decision": row.decision,
        "by": row.decided_by,
        "decision_reason": row.decision_reason,
    }


def conversation(row: Record) -> dict[str, Any]:
    """A conversation, as one of its person's data."""
    return {
        "id": row.id,
        "pool": row.pool or None,
        "line": row.line_id,
        "created_at": timestamp(row.created_at),
        "spoken_at": timestamp(row.spoken_at),
        "last_inbound_at": timestamp(row.last_inbound_at),
    }


def audit_entry(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry of the audit, its payload at hand."""
    return entry | {"at": timestamp(entry["at"])}


def event(item: Event) -> dict[str, Any]:
    """An event; the same in webhooks and in streams."""
    return {
        "id": item.id,
        "type": item.type,
        "created_at": timestamp(item.created_at),
        "sequence": item.sequence,
        "data": item.data,
    }


def kept_tpdu(row: Record) -> dict[str, Any]:
    """A TPDU that came in and could not be used."""
    return {
        "id": row.id,
        "received_at": timestamp(row.received_at),
        "line": row.line_id,
        "modem": row.modem_id,
        "pdu": row.pdu,
        "kind": row.kind,
        "defect": row.defect,
    }
