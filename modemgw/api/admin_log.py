"""What admins and tools do over the API, for the audit: who, what, with what outcome, whence."""

from __future__ import annotations

import re
import time
from collections import Counter
from typing import TYPE_CHECKING

import structlog

from modemgw.gateway.requests import RateLimitedError
from modemgw.store.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohttp import web

    from modemgw.api.routing import Route
    from modemgw.gateway.gateway import Gateway
    from modemgw.gateway.requests import Caller

log = structlog.get_logger(__name__)

ACTION = "admin"
BY_TOOL = "tool_used"
TOOL_HEADER = "Modemgw-Tool"
_TOOL = re.compile(r"[a-z_]{1,32}")
LONGEST_TARGET = 64
TOOL_CALLS_A_MINUTE = 120  # of one key; each is an entry in the audit, which nothing prunes
_TARGETS = ("id", "name")  # a number is told by the opt-out's own entry, and by no other


def tool_of(request: web.Request) -> str | None:
    """The tool of `modemgw mcp` that makes a call; None: a person's program does, or none is named.

    Who does not want to be noted can leave the header out: it serves those who do.
    """
    named = request.headers.get(TOOL_HEADER, "")
    return named if _TOOL.fullmatch(named) else None


class Pace:
    """How often keys call with tools; the audit does not grow faster than that."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._began, self._calls = monotonic(), Counter[str]()

    def step(self, key_id: str) -> None:
        """Count one call. Raises RateLimitedError where it would be too many within the minute."""
        now = self._monotonic()
        if now - self._began >= 60.0:
            self._began = now
            self._calls.clear()
        if self._calls[key_id] >= TOOL_CALLS_A_MINUTE:
            words = f"a tool may call {TOOL_CALLS_A_MINUTE} times a minute; wait, and do less"
            raise RateLimitedError(words, self._began + 60.0 - now)
        self._calls[key_id] += 1


async def note(
    gateway: Gateway,
    caller: Caller,
    route: Route,
    match: Mapping[str, str],
    *,
    status: int,
    client: str,
    request: str,
    tool: str | None = None,
) -> None:
    """Record a call of a route that needs the scope admin, or that a program makes by itself.

    A database that is away is logged.
    """
    target = next((match[name][:LONGEST_TARGET] for name in _TARGETS if name in match), None)
    now = gateway.clock()
    told: dict[str, object] = {
        "key": caller.key_id,
        "method": route.method,
        "route": route.path,
        "target": target,
        "status": status,
        "from": client,
        "request": request,
    }
    try:
        action = ACTION if tool is None else BY_TOOL
        told |= {} if tool is None else {"tool": tool}
        await gateway.writer.run(lambda tx: tx.record(action, None, now, **told))
    except StoreUnavailableError:
        log.warning("admin_call_not_in_audit", **told)
