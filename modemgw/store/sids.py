"""Identifiers: two letters and the 128 bits of ours in hex, so that none has to be kept.

`SM…` is a message, `AC…` an account, which is an API key, `MG…` a messaging service, which is a
pool. Pools have names, not numbers: theirs is the UUID of the name (RFC 9562 §5.5).
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_POOLS: Final = uuid.UUID("6d6f6465-6d67-5770-8f6f-6c7300000000")
_SID = re.compile(r"(?:SM|MM)([0-9a-fA-F]{32})")


def account_sid(key_id: str) -> str:
    """`AC…` of an API key's id."""
    return "AC" + key_id.rpartition("_")[2]


def message_sid(message_id: str) -> str:
    """`SM…` of a message's id."""
    return "SM" + message_id.rpartition("_")[2]


def message_id(sid: str) -> str | None:
    """The id in a message's `SM…`; None for what is none."""
    found = _SID.fullmatch(sid)
    return None if found is None else "msg_" + found[1].lower()


def service_sid(pool: str) -> str:
    """`MG…` of a pool's name."""
    return "MG" + uuid.uuid5(_POOLS, pool).hex


def pool_of(sid: str, pools: Iterable[str]) -> str | None:
    """The pool that an `MG…` stands for; None where none of these does."""
    return next((pool for pool in pools if service_sid(pool) == sid), None)
