"""What the API can be told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

from modemgw.api.twilio.settings import TwilioSettings


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """Times in seconds, sizes in bytes.

    `listen` holds hosts and ports (0: any free one). Beyond loopback the API binds only with TLS
    or `allow_anywhere`. `tls` are the files of the certificate's chain and of its key.
    `trusted_proxies` are addresses and networks whose X-Forwarded headers are believed,
    `cors_origins` those whose pages may read answers. `allowed_hosts` are names, addresses and
    networks (`10.0.0.0/8`) that webhooks made over the API may reach although they are private.
    """

    listen: tuple[tuple[str, int], ...]
    allow_anywhere: bool = False
    tls: tuple[Path, Path] | None = None
    trusted_proxies: tuple[str, ...] = ()
    cors_origins: frozenset[str] = field(default_factory=frozenset)
    allowed_hosts: frozenset[str] = field(default_factory=frozenset)
    body_limit: int = 1 << 20
    batch_body_limit: int = 16 << 20
    batch_limit: int = 10_000
    body_timeout_s: float = 30.0
    heartbeat_s: float = 15.0
    ping_s: float = 30.0  # of a WebSocket; whose pong is not there in half of it has gone
    stream_limit: int = 2_000
    stream_write_timeout_s: float = 30.0
    webhook_limit: int = 100
    webhook_timeout_s: float = 15.0
    webhook_backoff_s: tuple[float, ...] = (1, 2, 5, 10, 30, 60, 120)
    webhook_dead_after_s: float = 900.0
    webhook_retry_for_s: float = 3 * 86_400.0  # late, once it is dead
    webhook_concurrency: int = 16  # requests at once to one endpoint
    poll_s: float = 1.0
    stop_grace_s: float = 5.0
    twilio: TwilioSettings = field(default_factory=TwilioSettings)
