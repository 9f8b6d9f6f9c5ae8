"""Learning a line's number: it texts another own line, whose reader sees who the sender is.

The text bears a secret. What comes in is taken for an answer only if the very text was sent to the
line that it came in on, by the line that wants to learn, a short time ago.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from modemgw.store import lines, messages

if TYPE_CHECKING:
    from modemgw.store.transaction import Transaction

LEARN: Final = "learn_number"  # in the metadata of the text: the line that wants to learn
VALID_FOR_S: Final = 600.0
_WITHIN_S: Final = 3_600.0
_TEXT: Final = re.compile(r"modemgw [0-9a-f]{16}", re.ASCII)
_LOOKED_AT: Final = 20  # of the texts that a line was sent last


def text_of(secret: str) -> str:
    """The text that bears a secret."""
    return f"modemgw {secret}"


def learn(
    tx: Transaction, text: str, sender: str, to: str | None, line_id: str | None, now: float
) -> str | None:
    """Keep the sender of such a text as the number of the line that sent it; that line's id, None
    where it is no such text. `to` and `line_id` are of the line that it came in on.
    """
    text = text.strip()
    if to is None or _TEXT.fullmatch(text) is None:
        return None
    for row in messages.last_to(tx.connection, to, now - _WITHIN_S, _LOOKED_AT):
        learner = row.metadata.get(LEARN)
        if row.text == text and learner is not None and learner == row.line_id != line_id:
            lines.type_number(tx.connection, learner, sender)
            tx.record("number_learned", sender, now, line=learner)
            return str(learner)
    return None
