"""The gate: the one place that decides whether a text may go now.

Theory of operation. Whoever wants a text to go puts a `Question`, which holds all that the
decision depends on, and gets a `Decision`. The rules stand in one tuple, `_RULES`, and are asked
in that order; the first that objects has the last word. A rule is a function that returns its
objection or None; a new rule is a new function in the tuple. Blocks come before deferrals, so
that nobody waits for the morning in order to be refused.

A `Permit` names the few texts that may go to somebody who opted out. It lifts the opt-out, the
hold and the hours; it does not open a destination, or a forged STOP would make us pay for texts
to any number in the world.

Two kinds of hours bind a text, both in the recipient's time: the bank's outer window, which a key
marked urgent passes, and the hours of the recipient's country for this kind of texts. An urgent
key does not pass those of marketing: what the law forbids no key allows. Neither binds a reply.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, TypeAlias
from zlib import crc32

import phonenumbers

from modemgw.consent.cards import has_card_number
from modemgw.consent.content import CARD_NUMBER, Pattern, blocking
from modemgw.consent.country_hours import NO_HOURS, CountryHours
from modemgw.consent.hours import (
    Clock,
    Timetable,
    Window,
    is_open,
    next_closing,
    next_opening,
    parse_window,
)
from modemgw.consent.lists import NOBODY, NumberList
from modemgw.consent.places import UnknownZoneError, home_country, is_service, zones_of
from modemgw.consent.requirement import NONE, Requirement

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

# A reply to a text of the last 24 hours belongs to the conversation, whatever the hour.
REPLY_WINDOW: Final = timedelta(hours=24)

# A review whose time is over becomes an opt-out within moments; who asks meanwhile asks again.
REVIEW_RECHECK: Final = timedelta(minutes=1)
# A STOP that is being recorded cancels what it covers, within moments; the rest goes on.
HOLD_RECHECK: Final = timedelta(seconds=1)
# Not everything that waited for the morning goes in its first second.
JITTER: Final = timedelta(minutes=15)

OWN_COUNTRY: Final = "own"
ANYWHERE: Final = "*"
CONTENT: Final = "content"
_OUTER_WINDOW: Final = "outer_window"


class Kind(StrEnum):
    """What a text is for."""

    CONVERSATIONAL = "conversational"
    TRANSACTIONAL = "transactional"
    MARKETING = "marketing"


class Permit(StrEnum):
    """Why a text may go to somebody who opted out."""

    CONFIRMATION = "confirmation"  # the one answer to STOP
    HELP = "help"  # the answer to HELP
    EMERGENCY = "emergency"  # an administrator's, with a reason on record


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator of the bank configured.

    `outer_window` is in the recipient's time; None: any hour. `destinations` holds ISO country
    codes in capitals, `OWN_COUNTRY` and `ANYWHERE`. Raises ValueError for anything else.
    `country_hours` are in force whatever the outer window. `block_cards`: texts with the number of
    a payment card do not go, nor such as `content` fits. Of `deny` and `allow` the one counts that
    names a number more exactly; what is allowed needs neither a destination nor to be no service.
    `pool_destinations` take the place of `destinations` for texts of some pools. `consent` says
    which texts need consent.
    """

    outer_window: Window | None
    destinations: tuple[str, ...] = (OWN_COUNTRY,)
    country_hours: CountryHours = NO_HOURS
    block_cards: bool = True
    content: tuple[Pattern, ...] = ()
    deny: NumberList = NOBODY
    allow: NumberList = NOBODY
    pool_destinations: Mapping[str, tuple[str, ...]] = field(
        default_factory=lambda: MappingProxyType({})
    )
    consent: Requirement = NONE

    def __post_init__(self) -> None:
        for destination in (*self.destinations, *chain(*self.pool_destinations.values())):
            if destination in (OWN_COUNTRY, ANYWHERE):
                continue
            if destination not in phonenumbers.SUPPORTED_REGIONS:
                raise ValueError(
                    f'a destination is a country code such as "DE", "{OWN_COUNTRY}" or '
                    f'"{ANYWHERE}"; got {destination!r}'
                )

    @classmethod
    def parse(
        cls,
        outer_window: str,
        destinations: Sequence[str],
        country_hours: CountryHours = NO_HOURS,
        *,
        block_cards: bool = True,
        content: Sequence[Pattern] = (),
        deny: Sequence[str] = (),
        allow: Sequence[str] = (),
        pool_destinations: Mapping[str, Sequence[str]] = MappingProxyType({}),
        consent: Requirement = NONE,
    ) -> Policy:
        """Read a policy as the configuration has it; country codes in any case.

        Raises ValueError, saying what is expected.
        """
        return cls(
            parse_window(outer_window),
            _countries(destinations),
            country_hours,
            block_cards=block_cards,
            content=tuple(content),
            deny=NumberList.parse(deny),
            allow=NumberList.parse(allow),
            pool_destinations=MappingProxyType(
                {pool: _countries(names) for pool, names in pool_destinations.items()}
            ),
            consent=consent,
        )

    def destinations_of(self, pool: str | None) -> tuple[str, ...]:
        """Where texts of a pool may go."""
        return self.pool_destinations.get(pool or "", self.destinations)


def _countries(names: Sequence[str]) -> tuple[str, ...]:
    return tuple(name if name in (OWN_COUNTRY, ANYWHERE) else name.upper() for name in names)


@dataclass(frozen=True, slots=True)
class Question:
    """All that a decision depends on.

    `recipient` is E.164, or a short code without +. `opted_out`: an opt-out in the database covers
    this text (see `scopes`); `held` stands in memory, while a STOP is on its way there. Nobody
    knows yet what that covers, so it defers and does not block. `line_country` is the ISO code of
    the line's home country; without one `default_region` takes its place. `last_inbound_at` is when
    the recipient last wrote to us. `time_zone` is where the recipient is known to be; None: where
    the number may be. `message_id` decides when, after an opening, the text goes; without one it
    goes at once. `under_review`: they wrote what may be a refusal, and that is decided then at the
    latest. Times are aware; raises ValueError for a naive `now`.
    """

    recipient: str
    kind: Kind
    default_region: str
    now: datetime
    policy: Policy
    pool: str | None = None
    opted_out: bool = False
    held: bool = False
    permit: Permit | None = None
    line_country: str | None = None
    urgent: bool = False
    last_inbound_at: datetime | None = None
    under_review: datetime | None = None
    time_zone: ZoneInfo | None = None
    message_id: str | None = None
    text: str = ""
    consented: bool = False

    def __post_init__(self) -> None:
        if self.now.tzinfo is None:
            raise ValueError("the gate needs to know the time zone of `now`")

    @property
    def home(self) -> str:
        """The country that "own" stands for."""
        return self.line_country or self.default_region

    @property
    def to_short_code(self) -> bool:
        """Whether the recipient is a short code: a service of the line's own network."""
        return not self.recipient.startswith("+")

    @property
    def is_allowed(self) -> bool:
        """Whether the operator allows the recipient by name."""
        policy = self.policy
        return policy.allow.fit(self.recipient) > policy.deny.fit(self.recipient)

    @property
    def is_reply(self) -> bool:
        """Whether the text answers one that the recipient wrote within `REPLY_WINDOW`."""
        return (
            self.kind is Kind.CONVERSATIONAL
            and self.last_inbound_at is not None
            and self.now - self.last_inbound_at <= REPLY_WINDOW
        )

    @property
    def needs_consent(self) -> bool:
        """Whether the text may go only with the recipient's consent on record."""
        if self.permit is not None or self.is_reply:
            return False
        return self.policy.consent.covers(self.recipient, self.kind)


@dataclass(frozen=True, slots=True)
class Allow:
    """The text may go now. `permit` is what lifted an opt-out or a hold, for the record."""

    permit: Permit | None = None


@dataclass(frozen=True, slots=True)
class Defer:
    """The text may not go now; ask again at `until` (aware, UTC)."""

    until: datetime
    rule: str
    words: str


@dataclass(frozen=True, slots=True)
class Block:
    """The text may not go, and waiting will not change that."""

    rule: str
    words: str


Decision: TypeAlias = Allow | Defer | Block
_Rule: TypeAlias = Callable[[Question], Defer | Block | None]


def decide(question: Question) -> Decision:
    """Say whether the text may go now, later or not at all, and by which rule.

    Raises `phonenumbers.NumberParseException` for a recipient that `normalise_recipient` would
    not have let in.
    """
    for rule in _RULES:
        objection = rule(question)
        if objection is not None:
            return objection
    lifted = question.opted_out or question.held
    return Allow(question.permit if lifted else None)


def objections(question: Question) -> tuple[Defer | Block, ...]:
    """What every rule has against the text, in their order: the first is what `decide` says."""
    found = (rule(question) for rule in _RULES)
    return tuple(objection for objection in found if objection is not None)


def zones(question: Question) -> tuple[str, ...]:
    """The names of the time zones whose hours count; none where that cannot be told."""
    try:
        return tuple(zone.key for zone in _zones(question))
    except UnknownZoneError:
        return ()


def _opted_out(question: Question) -> Block | None:
    if not question.opted_out or question.permit is not None:
        return None
    return Block("opted_out", "the recipient has opted out; only they can opt in again (START)")


def _held(question: Question) -> Defer | None:
    if not question.held or question.permit is not None:
        return None
    until = question.now + HOLD_RECHECK
    return Defer(until, "held", "what may be a STOP of the recipient is being recorded")


def _consent_required(question: Question) -> Block | None:
    if question.consented or not question.needs_consent:
        return None
    return Block(
        "consent_required",
        f"{question.kind} texts to this recipient need their consent, and none is on record: "
        "record it with its source (PUT /v1/consents/{number}) once they have given it",
    )


def _denied(question: Question) -> Block | None:
    if question.is_allowed or not question.policy.deny.fit(question.recipient):
        return None
    return Block("denied", "gate.deny names the recipient, and gate.allow does not so exactly")


def _destination(question: Question) -> Block | None:
    destinations = question.policy.destinations_of(question.pool)
    if ANYWHERE in destinations or question.is_allowed:
        return None
    # A short code exists only in the network of the line that dials it.
    country = question.home if question.to_short_code else home_country(question.recipient)
    if country in destinations or (OWN_COUNTRY in destinations and country == question.home):
        return None
    return Block(
        "destination",
        f"texts to {country} are not allowed from a line of {question.home}: "
        f"gate.destinations, or that of the pool, is {', '.join(destinations) or 'empty'}",
    )


def _service(question: Question) -> Block | None:
    if question.is_allowed or not (question.to_short_code or is_service(question.recipient)):
        return None
    return Block(
        "service_number",
        "short codes, premium, shared-cost and satellite numbers may cost much and are not texted; "
        "gate.allow lets you name those that are",
    )


def _card_number(question: Question) -> Block | None:
    if not question.policy.block_cards or not has_card_number(question.text):
        return None
    return Block(
        CARD_NUMBER,
        "the text holds what looks like the number of a payment card, which must not go over SMS "
        "(PCI DSS 4.2.2): leave it out, or give its last four digits alone",
    )


def _content(question: Question) -> Block | None:
    # Those two we write ourselves; what the law wants to be sent must not hang on a pattern.
    if question.permit in (Permit.CONFIRMATION, Permit.HELP):
        return None
    found = blocking(question.policy.content, question.text, question.kind, question.pool)
    if found is None:
        return None
    return Block(f"{CONTENT}:{found}", f"the text holds what gate.content calls {found!r}")


def _hours(question: Question) -> Defer | Block | None:
    bounds = _bounds(question)
    if not bounds:
        return None
    try:
        clocks = _clocks(question, [bound.timetable for bound in bounds])
    except UnknownZoneError as error:
        return Block("unknown_zone", str(error))
    if is_open(question.now, clocks):
        return None
    opening = next_opening(question.now, clocks)
    if opening is None:
        return Block("no_common_hour", _no_common_hour(question, bounds, clocks))
    # The bank's own rule comes first where both object: it is the one that can be widened.
    shut = next(bound for bound in bounds if not _all_open(question, bound))
    words = f"outside {_words(shut, question)} in the recipient's time"
    return Defer(_jittered(question, opening, clocks), shut.rule, words)


def _under_review(question: Question) -> Defer | None:
    due_at = question.under_review
    if due_at is None or question.kind is not Kind.MARKETING or question.permit is not None:
        return None
    return Defer(
        max(due_at, question.now + REVIEW_RECHECK),
        "under_review",
        "the recipient wrote what may be a refusal: marketing waits until that is decided",
    )


def closing(question: Question) -> datetime | None:
    """Until when the hours let a text go that may go at `now`; aware, UTC.

    None where no hours bind it, or they do not end within a week.
    """
    bounds = _bounds(question)
    if not bounds:
        return None
    try:
        clocks = _clocks(question, [bound.timetable for bound in bounds])
    except UnknownZoneError:
        return None  # it is blocked
    return next_closing(question.now, clocks)


@dataclass(frozen=True, slots=True)
class _Bound:
    """Hours that bind a text, and by which rule."""

    timetable: Timetable
    rule: str


def _words(bound: _Bound, question: Question) -> str:
    if bound.rule == _OUTER_WINDOW:
        return str(question.policy.outer_window)
    return f"the hours of {question.kind} texts to {home_country(question.recipient)}"


def _bounds(question: Question) -> list[_Bound]:
    # Behind a short code is a service, which neither sleeps nor lives in any zone.
    if question.permit is not None or question.is_reply or question.to_short_code:
        return []
    bounds = []
    window = question.policy.outer_window
    if window is not None and not question.urgent:
        bounds.append(_Bound(Timetable.daily(window), _OUTER_WINDOW))
    if not question.urgent or question.kind is Kind.MARKETING:
        hours = question.policy.country_hours.for_number(question.recipient, question.kind)
        if hours is not None:
            bounds.append(_Bound(hours, "quiet_hours"))
    return bounds


def _clocks(question: Question, timetables: Sequence[Timetable]) -> list[Clock]:
    return [Clock(timetable, zone) for timetable in timetables for zone in _zones(question)]


def _zones(question: Question) -> Sequence[ZoneInfo]:
    if question.time_zone is not None:
        return (question.time_zone,)
    return zones_of(question.recipient, question.default_region)


def _all_open(question: Question, bound: _Bound) -> bool:
    return is_open(question.now, _clocks(question, [bound.timetable]))


def _no_common_hour(question: Question, bounds: Sequence[_Bound], clocks: Sequence[Clock]) -> str:
    zones = len(clocks) // len(bounds)
    where = "the number's time zone has" if zones == 1 else f"the number's {zones} time zones have"
    hours = " and ".join(_words(bound, question) for bound in bounds)
    urgent = "" if question.kind is Kind.MARKETING else ", or send with a key marked urgent"
    return (
        f"{where} no hour of {hours} in common within a week: give the recipient's own time_zone, "
        f"widen gate.outer_window or gate.hours{urgent}"
    )


def _jittered(question: Question, opening: datetime, clocks: Sequence[Clock]) -> datetime:
    """Some time after an opening, the same whenever it is asked for the same text."""
    if question.message_id is None:
        return opening
    later = opening + JITTER * (crc32(question.message_id.encode()) / 2**32)
    closes = next_closing(opening, clocks)
    return later if closes is None or later < closes else opening


_RULES: Final[tuple[_Rule, ...]] = (
    _opted_out,
    _consent_required,
    _denied,
    _destination,
    _service,
    _card_number,
    _content,
    _hours,
    _under_review,
    _held,
)
