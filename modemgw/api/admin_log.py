"""What admins do over the API, written to the audit: who, what, when, with what outcome, whence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from modemgw.store.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modemgw.api.routing import Route
    from modemgw.gateway.gateway import Gateway
    from modemgw.gateway.requests import Caller

log = structlog.get_logger(__name__)

ACTION = "admin"
LONGEST_TARGET = 64
_TARGETS = ("id", "name")  # a number is told by the opt-out's own entry, and by no other


async def note(
    gateway: Gateway,
    caller: Caller,
    route: Route,
    match: Mapping[str, str],
    *,
    status: int,
    client: str,
    request: str,
) -> None:
    """Record a call of a route that needs the scope admin. A database that is away is logged."""
    target = next((match[name][:LONGEST_TARGET] for name in _TARGETS if name in match), None)
    now = gateway.clock()
    told = {
        "key": caller.key_id,
        "method": route.method,
        "route": route.path,
        "target": target,
        "status": status,
        "from": client,
        "request": request,
    }
    try:
        await gateway.writer.run(lambda tx: tx.record(ACTION, None, now, **told))
    except StoreUnavailableError:
        log.warning("admin_call_not_in_audit", **told)
