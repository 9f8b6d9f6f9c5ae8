"""Identifiers: a prefix for the type and a UUIDv7 (RFC 9562 §5.7), so that they sort by age."""

from __future__ import annotations

import random
import threading
import time

_lock = threading.Lock()
_last = 0
_random = random.Random()  # seeded by the system: what it gives need not be secret


def new_id(prefix: str) -> str:
    """A new identifier such as `msg_0198f6c2…`; later ones of this process sort after earlier ones.

    48 bits of milliseconds, then 12 bits that count within the millisecond (method 1 of RFC 9562
    §6.2: the counter may run ahead of the clock), then 62 random bits.
    """
    global _last
    with _lock:
        _last = max(_last + 1, (time.time_ns() // 1_000_000) << 12)
        stamp = _last
    value = (stamp >> 12 << 80) | (7 << 76) | ((stamp & 0xFFF) << 64) | (0b10 << 62)
    return f"{prefix}_{value | _random.getrandbits(62):032x}"
