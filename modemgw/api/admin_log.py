"""What admins and tools do over the API, for the audit: who, what, with what outcome, whence.

Nothing prunes the audit, so what a program can repeat without end must not make it grow without
end. An act that changes something is an entry, each time. A call that changes nothing, a read or a
refusal, is one the first time that a day (UTC) has it of this key, about this target, with this
outcome, from this address. What shows people's data is an entry each time, and has a pace.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog

from modemgw.gateway.requests import RateLimitedError
from modemgw.store.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aiohttp import web

    from modemgw.api.routing import Route
    from modemgw.gateway.gateway import Gateway

log = structlog.get_logger(__name__)

ACTION = "admin"
BY_TOOL = "tool_used"
TOOL_HEADER = "Modemgw-Tool"
_TOOL = re.compile(r"[a-z_]{1,32}")
LONGEST_TARGET = 64
TOOL_CALLS_A_MINUTE = 120  # of one key; each is an entry in the audit
VIEWS_A_MINUTE = 120  # the same, of people's data
KNOWN_LIMIT = 10_000  # calls of a day that are known to have an entry; what is new then has none
DAY_S = 86_400
_TARGETS = ("id", "name")  # a number is told by the opt-out's own entry, and by no other


def tool_of(request: web.Request) -> str | None:
    """The tool of `modemgw mcp` that makes a call; None: a person's program does, or none is named.

    Who does not want to be noted can leave the header out: it serves those who do.
    """
    named = request.headers.get(TOOL_HEADER, "")
    return named if _TOOL.fullmatch(named) else None


class Pace:
    """How often keys do what is noted each time; the audit does not grow faster than that."""

    def __init__(
        self, most: int, what: str, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        """So often a minute, each key. `what` tells whom it is about."""
        self._most, self._what, self._monotonic = most, what, monotonic
        self._began, self._calls = monotonic(), Counter[str]()

    def step(self, key_id: str) -> None:
        """Count one call. Raises RateLimitedError where it would be too many within the minute."""
        now = self._monotonic()
        if now - self._began >= 60.0:
            self._began = now
            self._calls.clear()
        if self._calls[key_id] >= self._most:
            words = f"{self._what} {self._most} times a minute; wait, and do less"
            raise RateLimitedError(words, self._began + 60.0 - now)
        self._calls[key_id] += 1


@dataclass(frozen=True, slots=True)
class Call:
    """One call, and how it ended. Of the target the id or name is told, but no number."""

    key: str
    method: str
    route: str
    target: str | None
    status: int
    client: str

    @property
    def changed_something(self) -> bool:
        """Whether something may be otherwise than before."""
        return self.method != "GET" and self.status < HTTPStatus.BAD_REQUEST


def target_of(match: Mapping[str, str]) -> str | None:
    """What a call is about, of the variables in its path."""
    return next((match[name][:LONGEST_TARGET] for name in _TARGETS if name in match), None)


class AdminLog:
    """Notes calls of routes that need the scope admin, and those that a program makes by itself."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._tools = Pace(TOOL_CALLS_A_MINUTE, "a tool may call")
        self._views = Pace(VIEWS_A_MINUTE, "a key may be shown what is kept about people")
        self._day = 0
        self._known: set[Call] = set()  # of that day; those that changed nothing

    def admit(self, key_id: str, route: Route, tool: str | None) -> None:
        """Let a call begin. Raises RateLimitedError where such calls come too often."""
        if tool is not None:
            self._tools.step(key_id)
        elif route.shows_people:
            self._views.step(key_id)

    async def note(self, call: Call, route: Route, request: str, tool: str | None) -> None:
        """Record a call that ended. Where the database is away, the log has it."""
        now = self._gateway.clock()
        each = call.changed_something or route.shows_people or tool is not None
        if not each and self._is_known(call, now):
            return
        told = {**asdict(call), "from": call.client, "request": request}
        del told["client"]
        if tool is not None:
            told["tool"] = tool
        if not each and len(self._known) == KNOWN_LIMIT:
            log.warning("admin_call_not_in_audit", **told)
            return
        try:
            action = ACTION if tool is None else BY_TOOL
            await self._gateway.writer.run(lambda tx: tx.record(action, None, now, **told))
        except StoreUnavailableError:
            log.warning("admin_call_not_in_audit", **told)
        else:
            if not each and int(now // DAY_S) == self._day:  # which may have ended meanwhile
                self._known.add(call)

    def _is_known(self, call: Call, now: float) -> bool:
        day = int(now // DAY_S)
        if day != self._day:
            self._day = day
            self._known.clear()
        return call in self._known
