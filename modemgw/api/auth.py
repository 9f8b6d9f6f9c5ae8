"""Who asks: `Authorization: Bearer KEY`, and what that key may do."""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modemgw.api.brakes import Brakes
from modemgw.api.problems import problem_error
from modemgw.gateway.requests import Caller
from modemgw.store import keys
from modemgw.store.errors import StoreUnavailableError

if TYPE_CHECKING:
    import asyncio

    from modemgw.api.clients import Client
    from modemgw.api.routing import Scope
    from modemgw.gateway.gateway import Gateway

REMEMBERED_S = 1.0  # so long may a key outlive its revocation
REMEMBERED_KEYS = 1_024
LONGEST_KEY = 256
USE_NOTED_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class _Known:
    caller: Caller
    until: float


class Auth:
    """Finds callers by their keys; keys are remembered for a moment, refusals never."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._brakes = Brakes()
        self._known: OrderedDict[str, _Known] = OrderedDict()  # by the digest of the key
        self._noted: OrderedDict[str, float] = OrderedDict()  # by the id of the key

    async def identify(
        self,
        authorization: str | None,
        *,
        for_bound: bool = False,
        client: Client | None = None,
    ) -> Caller:
        """The caller behind this header. Wrong keys of a `client` are slowed down.

        Raises ProblemError (`unauthorized`, `pool-bound`, `too-many-guesses`).

        `for_bound`: who asks looks after what a key may see that is bound to pools; else it is
        refused.
        """
        scheme, _, key = (authorization or "").partition(" ")
        key = key.strip()
        if scheme.lower() != "bearer" or not 0 < len(key) <= LONGEST_KEY:
            raise _unauthorized("send the header `Authorization: Bearer KEY`")
        digest, now = keys.digest(key), time.monotonic()
        known = self._known.get(digest)
        if known is None or known.until < now:
            caller = await self._find(key)
            if caller is None:
                if client is not None:
                    await self._brakes.wrong(client.neighbourhood, digest)
                raise _unauthorized("this key is unknown, was revoked or has expired")
            known = _Known(caller, now + REMEMBERED_S)
            self._known[digest] = known
            self._known.move_to_end(digest)
            if len(self._known) > REMEMBERED_KEYS:
                self._known.popitem(last=False)
        self._note_use(known.caller.key_id, now)
        if known.caller.pools is not None and not for_bound:
            raise problem_error("pool-bound", "this key is bound to pools, and may not ask this")
        return known.caller

    def forget(self, key_id: str) -> None:
        """Something of a key has changed: look it up again."""
        for digest in [d for d, known in self._known.items() if known.caller.key_id == key_id]:
            del self._known[digest]

    async def _find(self, key: str) -> Caller | None:
        now = self._gateway.clock()
        row = await self._gateway.reader.run(lambda connection: keys.find(connection, key, now))
        if row is None:
            return None
        return Caller(
            key_id=row.id,
            scopes=frozenset(row.scopes),
            kinds=frozenset(row.kinds),
            default_kind=row.default_kind,
            urgent=row.urgent,
            pools=None if row.pools is None else frozenset(row.pools),
            per_minute=row.per_minute,
            per_day=row.per_day,
        )

    def _note_use(self, key_id: str, now: float) -> None:
        """Remember, at most once a minute and without waiting, that a key was used."""
        if now - self._noted.get(key_id, -USE_NOTED_EVERY_S) < USE_NOTED_EVERY_S:
            return
        self._noted[key_id] = now
        self._noted.move_to_end(key_id)
        if len(self._noted) > REMEMBERED_KEYS:
            self._noted.popitem(last=False)
        at = self._gateway.clock()
        try:
            written = self._gateway.writer.submit(
                lambda tx: keys.note_use(tx.connection, key_id, at), brief=True
            )
        except StoreUnavailableError:
            return
        written.add_done_callback(_take_outcome)


def _take_outcome(written: asyncio.Future[None]) -> None:
    """A use that could not be noted is no loss; look, so that asyncio does not complain."""
    if not written.cancelled():
        written.exception()


def demand(caller: Caller, scope: Scope) -> None:
    """Raises ProblemError (`missing-scope`) unless the key has the scope."""
    if scope not in caller.scopes:
        has = ", ".join(sorted(caller.scopes)) or "none"
        raise problem_error("missing-scope", f"this needs the scope {scope}; the key has {has}")


def _unauthorized(words: str) -> Exception:
    return problem_error("unauthorized", words, WWW_Authenticate='Bearer realm="modemgw"')
