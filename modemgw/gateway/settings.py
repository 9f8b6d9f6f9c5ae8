"""What the gateway can be told."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from modemgw.consent.gate import Policy


@dataclass(frozen=True, slots=True)
class Pool:
    """A named group of lines. `lines` holds ICCIDs or numbers; `kind` is what its texts are.

    `reject_calls`: whether calls to its lines are hung up; None: as elsewhere.
    """

    name: str
    lines: frozenset[str]
    kind: str | None = None
    reject_calls: bool | None = None


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """Times in seconds. `policy` is the gate's; `language` is that of automatic answers;
    `retry_patience` is what the waits between attempts are multiplied by.
    """

    host: str
    default_region: str
    policy: Policy
    fingerprint_key: bytes
    language: str = "en"
    pools: Mapping[str, Pool] = field(default_factory=lambda: MappingProxyType({}))
    default_kind: str = "transactional"
    reports: bool = True
    reject_calls: bool = False
    max_parts: int = 10
    max_attempts: int = 6
    retry_patience: float = 1.0
    default_valid_for_s: float = 86_400.0
    permit_age_s: float = 1.0
    part_wait_s: float = 3_600.0
    partial_after_s: float = 300.0
    in_doubt_timeout_s: float = 86_400.0
    line_rest_s: float = 60.0
    start_hold_s: float = 60.0
    idle_recheck_s: float = 5.0
    stop_grace_s: float = 10.0
    keep_events_s: float = 30 * 86_400.0
    keep_idempotency_s: float = 2 * 86_400.0

    def rejects_calls(self, pools: Iterable[str]) -> bool:
        """Whether calls to a line of these pools are hung up: one pool that says so is enough."""
        said = {self.pools[name].reject_calls for name in pools} - {None}
        return True in said if said else self.reject_calls
