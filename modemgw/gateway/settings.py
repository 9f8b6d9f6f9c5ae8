"""What the gateway can be told."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from modemgw.consent.agreement import NO_DOUBLE_OPT_IN, DoubleOptIn
from modemgw.consent.content import NO_MASK, Mask
from modemgw.consent.reading import NO_OWN_WORDS, OwnWords
from modemgw.consent.scopes import OptOutRules
from modemgw.gateway.number_files import NumberFiles
from modemgw.gateway.plans import Plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from modemgw.consent.gate import Policy
    from modemgw.gateway.caps import Cap
    from modemgw.gateway.routing import Rule

DEFAULT_PLAN = "default"
PERMIT_AGE_S = 1.0
# Where another host may opt somebody out: the database knows it at once, memory a second later.
SHARED_PERMIT_AGE_S = 0.025


@dataclass(frozen=True, slots=True)
class Pool:
    """A named group of lines: those of `lines`, ICCIDs or numbers, and those that bear one of its
    `tags`. `kind` is what its texts are.

    `reject_calls`: whether calls to its lines are hung up; None: as elsewhere. `plan` is what its
    texts, on all lines together, are held to. `words` are keywords of its own; `max_parts` its
    longest text, None: as elsewhere.
    """

    name: str
    lines: frozenset[str]
    kind: str | None = None
    reject_calls: bool | None = None
    plan: Plan | None = None
    tags: frozenset[str] = frozenset()
    words: OwnWords = NO_OWN_WORDS
    max_parts: int | None = None

    def has(self, iccid: str, number: str | None, tags: Iterable[str]) -> bool:
        """Whether a line belongs to it."""
        named = iccid in self.lines or (number is not None and number in self.lines)
        return named or not self.tags.isdisjoint(tags)


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """Times in seconds. `policy` is the gate's; `retry_patience` is what the waits between attempts
    are multiplied by. `default_pool` is that of texts without one: all lines may send them.
    `line_plans` names the plan of a line by its ICCID or number; that called
    `default` is everybody else's. `expected` are the ICCIDs that should be there. So many refusals
    in a row as `blocked_after` quarantine a line; `drop_rest_s` is how long one rests whose texts
    arrive no longer; 0: neither. A text that may be a refusal counts as one when nobody has decided
    within `review_within_s`. The right of a part to begin is asked for again when its prompt is not
    there within `permit_age_s`. `optouts` says what an opt-out covers, `mask` what is hidden of
    texts that come in; `files` are further lists of the gate. More than `new_country_after` texts
    within an hour to a country that is new are told; 0: none are. `rules` are digests of what the
    configuration says of sending, by section; the audit notes when they change. The START that
    lifts an opt-out is consent to the kinds of `start_gives`; `double_opt_in` says how people are
    asked for theirs.
    """

    host: str
    default_region: str
    policy: Policy
    fingerprint_key: bytes
    optouts: OptOutRules = field(default_factory=OptOutRules)
    mask: Mask = NO_MASK
    files: NumberFiles = field(default_factory=NumberFiles)
    pools: Mapping[str, Pool] = field(default_factory=lambda: MappingProxyType({}))
    default_pool: Pool = field(default_factory=lambda: Pool("", frozenset()))
    plans: Mapping[str, Plan] = field(default_factory=lambda: MappingProxyType({}))
    line_plans: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    expected: frozenset[str] = frozenset()
    blocked_after: int = 5
    drop_rest_s: float = 4 * 3_600.0
    review_within_s: float = 86_400.0
    start_gives: Sequence[str] = ()
    double_opt_in: DoubleOptIn = NO_DOUBLE_OPT_IN
    new_country_after: int = 0
    default_kind: str = "transactional"
    reports: bool = True
    reject_calls: bool = False
    max_parts: int = 10
    max_attempts: int = 6
    retry_patience: float = 1.0
    default_valid_for_s: float = 86_400.0
    permit_age_s: float = PERMIT_AGE_S
    part_wait_s: float = 3_600.0
    partial_after_s: float = 300.0
    in_doubt_timeout_s: float = 86_400.0
    line_rest_s: float = 60.0
    sticky_for_s: float = 30 * 86_400.0
    sticky_wait_s: float = 60.0
    host_wait_s: float = 30.0
    routes: Sequence[Rule] = ()
    caps: Sequence[Cap] = ()
    start_hold_s: float = 60.0
    idle_recheck_s: float = 5.0
    stop_grace_s: float = 10.0
    keep_events_s: float = 30 * 86_400.0
    keep_reports_s: float = 90 * 86_400.0
    keep_messages_s: float | None = None  # None: for ever
    keep_idempotency_s: float = 2 * 86_400.0
    rules: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    head_file: Path | None = None

    @property
    def gate(self) -> Policy:
        """What the gate decides by: `policy`, and the lists of the files as they are now."""
        return self.files.joined(self.policy)

    def pool(self, name: str | None) -> Pool | None:
        """The pool of a name; the default one where that is none or empty."""
        return self.pools.get(name) if name else self.default_pool

    def plan_of(self, iccid: str, number: str | None) -> Plan:
        """What a line is held to."""
        name = self.line_plans.get(iccid) or self.line_plans.get(number or "") or DEFAULT_PLAN
        return self.plans.get(name, Plan(name))

    def words_of(self, pools: Iterable[str]) -> OwnWords:
        """The keywords that count on a line of these pools: those of each."""
        words = [self.pools[name].words for name in pools]
        if len(words) == 1:
            return words[0]
        return OwnWords(
            frozenset[str]().union(*(own.opt_out for own in words)),
            frozenset[str]().union(*(own.opt_in for own in words)),
            frozenset[str]().union(*(own.help for own in words)),
        )

    def rejects_calls(self, pools: Iterable[str]) -> bool:
        """Whether calls to a line of these pools are hung up: one pool that says so is enough."""
        said = {self.pools[name].reject_calls for name in pools} - {None}
        return True in said if said else self.reject_calls
