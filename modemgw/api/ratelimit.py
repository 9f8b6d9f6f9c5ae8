"""RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-11 §3, §4)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modemgw.gateway.quota import Quota

HEADERS = ("RateLimit-Policy", "RateLimit")


def headers(quotas: Sequence[Quota]) -> dict[str, str]:
    """What a key may send in which time, and what is left; nothing where it has no limit.

    Both are lists of strings with integer parameters (RFC 9651 §3.1): the quota `q` (§3.1.1) in a
    window of `w` seconds (§3.1.3); `r` are left (§4.1.1) for the next `t` seconds (§4.1.2). The
    unit is the default of §3.1.2, requests: a request takes as many of them as it has messages,
    which §3.1.2 leaves to us. Retry-After comes from the same clock before, so it is never earlier
    than the end of `t`, as §6 wants it.
    """
    if not quotas:
        return {}
    policies = (f'"{q.span}";q={q.most};w={q.span_s:.0f}' for q in quotas)
    states = (f'"{q.span}";r={q.left};t={math.ceil(q.renews_in_s)}' for q in quotas)
    return dict(zip(HEADERS, (", ".join(policies), ", ".join(states)), strict=True))
