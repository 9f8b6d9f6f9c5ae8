"""One event to one endpoint: signed, posted, and what came back."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

import aiohttp
from yarl import URL

from modemgw.api.signing import signed_headers
from modemgw.api.targets import AllowedHosts, GuardedResolver, check_host

if TYPE_CHECKING:
    from modemgw.api.settings import ApiSettings

ANSWER_READ = 1_024  # bytes; so much of an answer is read, so that its connection can be used again


@dataclass(frozen=True, slots=True)
class Destination:
    """Where to post. `trusted`: it stands in the configuration and may be private."""

    url: str
    secret: str
    trusted: bool


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an attempt: the HTTP status, or why there is none."""

    status: int | None
    error: str | None

    @property
    def delivered(self) -> bool:
        """Whether the endpoint has it: any 2xx."""
        return self.status is not None and 200 <= self.status < 300

    @property
    def gone(self) -> bool:
        """Whether the endpoint wants nothing more (410, as Standard Webhooks has it)."""
        return self.status == HTTPStatus.GONE


class Courier:
    """Posts events; keeps connections for the next. How many at once is the callers' affair."""

    def __init__(self, settings: ApiSettings) -> None:
        self._timeout_s = settings.webhook_timeout_s
        self._allowed = AllowedHosts(settings.allowed_hosts)
        self._trusted: aiohttp.ClientSession | None = None
        self._guarded: aiohttp.ClientSession | None = None

    @property
    def allowed(self) -> AllowedHosts:
        """The private hosts that endpoints made over the API may name."""
        return self._allowed

    async def post(self, to: Destination, event_id: str, body: bytes) -> Receipt:
        """Post one event. Never raises, except for cancellation."""
        try:
            headers = signed_headers(to.secret, event_id, int(time.time()), body)
            headers["Content-Type"] = "application/json"
            url = URL(to.url)
            if not to.trusted:
                check_host(url, self._allowed)
            async with asyncio.timeout(self._timeout_s):
                return await self._post(to.trusted, url, headers, body)
        except TimeoutError:
            return Receipt(None, f"no answer within {self._timeout_s:g} s")
        except (OSError, ValueError, aiohttp.ClientError) as error:
            return Receipt(None, f"{type(error).__name__}: {error}"[:300])

    async def _post(self, trusted: bool, url: URL, headers: dict[str, str], body: bytes) -> Receipt:
        session = self._session(trusted)
        async with session.post(url, data=body, headers=headers, allow_redirects=False) as response:
            await response.content.read(ANSWER_READ)
            if 200 <= response.status < 300:
                return Receipt(response.status, None)
            return Receipt(response.status, f"answered {response.status}")

    def _session(self, trusted: bool) -> aiohttp.ClientSession:
        """The session, opened at the first use because it needs the running loop."""
        if trusted:
            self._trusted = self._trusted or _open(aiohttp.TCPConnector(limit=0))
            return self._trusted
        self._guarded = self._guarded or _open(
            aiohttp.TCPConnector(limit=0, resolver=GuardedResolver(self._allowed))
        )
        return self._guarded

    async def close(self) -> None:
        """Close all connections."""
        for session in (self._trusted, self._guarded):
            if session is not None:
                await session.close()
        self._trusted = self._guarded = None


def _open(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        timeout=aiohttp.ClientTimeout(total=None),  # `post` bounds the whole
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": "modemgw"},
        auto_decompress=False,
        trust_env=False,
    )
