"""What an attempt to post an event means for it: delivered, again, or given up.

In order an event is tried until `webhook_dead_after_s` of this run of the daemon are over; then the
next proceeds, and it is `dead`. What is dead is tried late: in ever longer steps from a quarter of
an hour to a day, until `webhook_retry_for_s` after its first attempt.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modemgw.api.courier import Receipt
    from modemgw.api.settings import ApiSettings

FIRST_LATE_S: Final = 900.0
LONGEST_LATE_S: Final = 86_400.0


def in_order(
    receipt: Receipt, *, attempts: int, failing_since: float, settings: ApiSettings, now: float
) -> tuple[str, float | None]:
    """The status that follows, and after how many seconds to try again in order, if so.

    `attempts` are those made by now, `failing_since` when the first of this run was.
    """
    if receipt.delivered:
        return "delivered", None
    left_s = failing_since + settings.webhook_dead_after_s - now
    if left_s <= 0:
        return "dead", None
    steps = settings.webhook_backoff_s
    step_s = steps[min(attempts, len(steps)) - 1]
    return "pending", min(step_s * random.uniform(0.8, 1.2), left_s)


def late_at(first_tried_at: float, settings: ApiSettings, now: float) -> float | None:
    """When to try a dead event again; None: never."""
    since_s = now - first_tried_at
    if since_s >= settings.webhook_retry_for_s:
        return None
    step_s = min(max(since_s, FIRST_LATE_S), LONGEST_LATE_S)
    return now + step_s * random.uniform(0.8, 1.2)


def late(
    receipt: Receipt,
    *,
    attempts: int,
    first_tried_at: float | None,
    settings: ApiSettings,
    now: float,
) -> Mapping[str, Any]:
    """What a late attempt means, as columns; `attempts` and `first_tried_at` are as before it."""
    first = now if first_tried_at is None else first_tried_at
    delivered = receipt.delivered
    return {
        "attempts": attempts + 1,
        "first_tried_at": first,
        "last_status": receipt.status,
        "last_error": receipt.error,
        "status": "delivered" if delivered else "dead",
        "settled_at": now,
        "next_at": None if delivered else late_at(first, settings, now),
    }
