"""What the claim of a message has counted, kept with it until the claim ends.

A part that has begun is counted for good, whatever becomes of it. One that never did, because its
message was canceled, blocked, put off or handed back first, is counted no more from the same
transaction on, whichever host ends the claim. A part has begun since the claim if its attempts are
no longer those of then: an attempt that was withdrawn before Ctrl-Z is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from modemgw.gateway import limits
from modemgw.gateway.line_state import line_scope
from modemgw.gateway.status import PartStatus
from modemgw.store import messages, usage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from modemgw.gateway.limits import Count
    from modemgw.store.prepared import Record


def keep(
    connection: Connection, message_id: str, todo: Mapping[int, int], counts: Sequence[Count]
) -> None:
    """Remember with a message what its claim has counted for the parts that are to go, each with
    its attempts until now."""
    attempts = {str(seq): count for seq, count in todo.items()}
    messages.change(connection, message_id, reserved={"counts": counts, "attempts": attempts})


def give_back(connection: Connection, row: Record) -> None:
    """The claim of a message, as it stands, has ended: count no more what has not begun.

    Of what is counted by the text all is given back or nothing; a recipient stays known.
    """
    if row.reserved is None:
        return
    attempts = row.reserved["attempts"]
    unbegun = sum(
        part.status == PartStatus.QUEUED and part.attempts == attempts.get(str(part.seq))
        for part in messages.get_parts(connection, row.id)
    )
    counts = row.reserved["counts"] if unbegun else ()
    if not all(scope.startswith(line_scope("")) for scope, *_ in counts):
        limits.lock(connection)
    for scope, span, begins, count in counts:
        usage.take_back(connection, scope, span, begins, count * unbegun // len(attempts))
    messages.change(connection, row.id, reserved=None)
