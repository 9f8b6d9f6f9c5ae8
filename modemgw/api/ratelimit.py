"""RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-10 §3, §4)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modemgw.gateway.quota import Quota

HEADERS = ("RateLimit-Policy", "RateLimit")


def headers(quotas: Sequence[Quota]) -> dict[str, str]:
    """What a key may send in which time, and what is left; nothing where it has no limit.

    Both are lists of strings with parameters (RFC 9651 §3.1): the quota `q` in a window of `w`
    seconds; `r` remaining, and the window begins anew in `t` seconds.
    """
    if not quotas:
        return {}
    policies = (f'"{q.span}";q={q.most};w={q.span_s:.0f}' for q in quotas)
    states = (f'"{q.span}";r={q.left};t={math.ceil(q.renews_in_s)}' for q in quotas)
    return dict(zip(HEADERS, (", ".join(policies), ", ".join(states)), strict=True))
