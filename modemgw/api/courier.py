"""One event to one endpoint: signed, posted, and what came back."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol

from yarl import URL

from modemgw.api.poster import Place, Poster
from modemgw.api.signing import signed_headers
from modemgw.api.targets import AllowedHosts, GuardedResolver, check_host

if TYPE_CHECKING:
    from collections.abc import Mapping

    from modemgw.api.settings import ApiSettings
    from modemgw.store.prepared import Record


@dataclass(frozen=True, slots=True)
class Destination:
    """Where to post. `trusted`: it stands in the configuration and may be private.

    The `former_secret` signs as well until `former_until`, a time of the epoch.
    """

    url: str
    secret: str
    trusted: bool
    former_secret: str | None = None
    former_until: float = 0.0

    @classmethod
    def of(cls, endpoint: Record) -> Destination:
        """That of an endpoint's row."""
        return cls(
            endpoint.url,
            endpoint.secret,
            trusted=endpoint.origin == "config",
            former_secret=endpoint.former_secret,
            former_until=endpoint.former_until or 0.0,
        )

    def secrets(self, now: float) -> tuple[str, ...]:
        """What signs now."""
        if self.former_secret is None or now >= self.former_until:
            return (self.secret,)
        return (self.secret, self.former_secret)


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


class Carrier(Protocol):
    """Whoever brings events to destinations."""

    async def post(self, to: Destination, event_id: str, body: bytes) -> Receipt:
        """Post one event. Never raises, except for cancellation."""

    def strand(self, kind: str, conversation: str | None, data: Mapping[str, Any]) -> str | None:
        """Within what an event of this type waits for those before it."""


class Courier:
    """Posts events. How many at once is the callers' affair."""

    def __init__(self, settings: ApiSettings) -> None:
        self._timeout_s = settings.webhook_timeout_s
        self._allowed = AllowedHosts(settings.allowed_hosts)
        self._trusted = Poster()
        self._guarded: Poster | None = None

    @property
    def allowed(self) -> AllowedHosts:
        """The private hosts that endpoints made over the API may name."""
        return self._allowed

    async def post(self, to: Destination, event_id: str, body: bytes) -> Receipt:
        """Post one event. Never raises, except for cancellation.

        No proxy of the environment is used, no redirect followed, no cookie kept.
        """
        try:
            url, place, head = _target(to.url)
            if not to.trusted:
                check_host(url, self._allowed)
            now = time.time()
            headers = signed_headers(to.secrets(now), event_id, int(now), body)
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            request = f"{head}{lines}Content-Length: {len(body)}\r\n\r\n".encode() + body
            poster = self._poster(trusted=to.trusted)
            status = await poster.post(place, request, self._timeout_s)
        except TimeoutError:
            return Receipt(None, f"no answer within {self._timeout_s:g} s")
        except (OSError, ValueError) as error:
            return Receipt(None, f"{type(error).__name__}: {error}"[:300])
        return Receipt(status, None if 200 <= status < 300 else f"answered {status}")

    def strand(self, _kind: str, conversation: str | None, _data: Mapping[str, Any]) -> str | None:
        """Its conversation."""
        return conversation

    def _poster(self, *, trusted: bool) -> Poster:
        """The resolver of the guarded one needs the running loop."""
        if trusted:
            return self._trusted
        self._guarded = self._guarded or Poster(GuardedResolver(self._allowed))
        return self._guarded

    async def close(self) -> None:
        """Close all connections."""
        for poster in (self._trusted, self._guarded):
            if poster is not None:
                await poster.close()


@lru_cache(maxsize=256)
def _target(raw: str) -> tuple[URL, Place, str]:
    """A URL, where it leads, and the head of each request as far as it is always the same."""
    url = URL(raw)
    head = (
        f"POST {url.raw_path_qs} HTTP/1.1\r\nHost: {url.host_port_subcomponent}\r\n"
        "User-Agent: modemgw\r\nAccept: */*\r\nContent-Type: application/json\r\n"
    )
    return url, Place.of(url), head
