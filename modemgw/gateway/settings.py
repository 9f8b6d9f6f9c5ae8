"""What the gateway can be told."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from modemgw.gateway.plans import Plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from modemgw.consent.gate import Policy
    from modemgw.gateway.caps import Cap
    from modemgw.gateway.routing import Rule

DEFAULT_PLAN = "default"


@dataclass(frozen=True, slots=True)
class Pool:
    """A named group of lines: those of `lines`, ICCIDs or numbers, and those that bear one of its
    `tags`. `kind` is what its texts are.

    `reject_calls`: whether calls to its lines are hung up; None: as elsewhere. `plan` is what its
    texts, on all lines together, are held to.
    """

    name: str
    lines: frozenset[str]
    kind: str | None = None
    reject_calls: bool | None = None
    plan: Plan | None = None
    tags: frozenset[str] = frozenset()

    def has(self, iccid: str, number: str | None, tags: Iterable[str]) -> bool:
        """Whether a line belongs to it."""
        named = iccid in self.lines or (number is not None and number in self.lines)
        return named or not self.tags.isdisjoint(tags)


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """Times in seconds. `policy` is the gate's; `language` is that of automatic answers;
    `retry_patience` is what the waits between attempts are multiplied by. `line_plans` names the
    plan of a line by its ICCID or number; that called `default` is everybody else's. `expected` are
    the ICCIDs that should be there. So many refusals in a row as `blocked_after` quarantine a line;
    `drop_rest_s` is how long one rests whose texts arrive no longer; 0: neither. A text that may be
    a refusal counts as one when nobody has decided within `review_within_s`. The START that
    lifts an opt-out is consent to the kinds of `start_gives`.
    """

    host: str
    default_region: str
    policy: Policy
    fingerprint_key: bytes
    language: str = "en"
    pools: Mapping[str, Pool] = field(default_factory=lambda: MappingProxyType({}))
    plans: Mapping[str, Plan] = field(default_factory=lambda: MappingProxyType({}))
    line_plans: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    expected: frozenset[str] = frozenset()
    blocked_after: int = 5
    drop_rest_s: float = 4 * 3_600.0
    review_within_s: float = 86_400.0
    start_gives: Sequence[str] = ()
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
    sticky_for_s: float = 30 * 86_400.0
    sticky_wait_s: float = 60.0
    routes: Sequence[Rule] = ()
    caps: Sequence[Cap] = ()
    start_hold_s: float = 60.0
    idle_recheck_s: float = 5.0
    stop_grace_s: float = 10.0
    keep_events_s: float = 30 * 86_400.0
    keep_idempotency_s: float = 2 * 86_400.0

    def plan_of(self, iccid: str, number: str | None) -> Plan:
        """What a line is held to."""
        name = self.line_plans.get(iccid) or self.line_plans.get(number or "") or DEFAULT_PLAN
        return self.plans.get(name, Plan(name))

    def rejects_calls(self, pools: Iterable[str]) -> bool:
        """Whether calls to a line of these pools are hung up: one pool that says so is enough."""
        said = {self.pools[name].reject_calls for name in pools} - {None}
        return True in said if said else self.reject_calls
