"""Automatic answers: written like any message, first in their line's lane."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemgw.gateway.lanes import AUTOMATIC_PRIORITY, lane_of_answers
from modemgw.gateway.status import MessageStatus
from modemgw.ids import new_id
from modemgw.pdu import segment
from modemgw.store import messages

if TYPE_CHECKING:
    from modemgw.consent.gate import Permit
    from modemgw.gateway.settings import GatewaySettings
    from modemgw.store.transaction import Transaction

VALID_FOR_S = 300.0  # a confirmation later than five minutes would be a text without consent


def queue_reply(
    tx: Transaction,
    *,
    to: str,
    text: str,
    line_id: str,
    pool: str,
    permit: Permit | None,
    settings: GatewaySettings,
    now: float,
) -> tuple[str, int]:
    """Queue an answer on the line that was written to; its lane and priority."""
    lane = lane_of_answers(line_id)
    conversation = messages.open_conversation(tx.connection, to, pool, now)
    cut = segment(text)
    message_id = new_id("msg")
    answer = messages.new_message(
        {
            "id": message_id,
            "direction": "outbound",
            "status": MessageStatus.QUEUED,
            "recipient": to,
            "line_id": line_id,
            "pool": pool or None,
            "kind": "conversational",
            "text": text,
            "encoding": cut.encoding,
            "parts": len(cut.parts),
            "conversation_id": conversation.id,
            "created_at": now,
            "permit": permit,
            "if_in_doubt": "hold",
            "want_report": settings.reports,
            "expires_at": now + VALID_FOR_S,
            "lane": lane,
            "home_lane": lane,
            "priority": AUTOMATIC_PRIORITY,
        },
    )
    messages.insert_queued(tx.connection, [answer])
    return lane, AUTOMATIC_PRIORITY
