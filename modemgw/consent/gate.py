"""The gate: the one place that decides whether a text may go now.

Theory of operation. Whoever wants a text to go puts a `Question`, which holds all that the
decision depends on, and gets a `Decision`. The rules stand in one tuple, `_RULES`, and are asked
in that order; the first that objects has the last word. A rule is a function that returns its
objection or None; a new rule is a new function in the tuple. Blocks come before deferrals, so
that nobody waits for the morning in order to be refused.

A `Permit` names the few texts that may go to somebody who opted out. It lifts the opt-out, the
hold and the hours; it does not open a destination, or a forged STOP would make us pay for texts
to any number in the world.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias

import phonenumbers

from modemgw.consent.hours import Window, parse_window
from modemgw.consent.places import UnknownZoneError, home_country, zones_of

# A reply to a text of the last 24 hours belongs to the conversation, whatever the hour.
REPLY_WINDOW: Final = timedelta(hours=24)

# A review whose time is over becomes an opt-out within moments; who asks meanwhile asks again.
REVIEW_RECHECK: Final = timedelta(minutes=1)

OWN_COUNTRY: Final = "own"
ANYWHERE: Final = "*"


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
    """

    outer_window: Window | None
    destinations: tuple[str, ...] = (OWN_COUNTRY,)

    def __post_init__(self) -> None:
        for destination in self.destinations:
            if destination in (OWN_COUNTRY, ANYWHERE):
                continue
            if destination not in phonenumbers.SUPPORTED_REGIONS:
                raise ValueError(
                    f'a destination is a country code such as "DE", "{OWN_COUNTRY}" or '
                    f'"{ANYWHERE}"; got {destination!r}'
                )

    @classmethod
    def parse(cls, outer_window: str, destinations: Sequence[str]) -> Policy:
        """Read a policy as the configuration has it; country codes in any case.

        Raises ValueError, saying what is expected.
        """
        return cls(
            parse_window(outer_window),
            tuple(
                name if name in (OWN_COUNTRY, ANYWHERE) else name.upper() for name in destinations
            ),
        )


@dataclass(frozen=True, slots=True)
class Question:
    """All that a decision depends on.

    `recipient` is E.164, or a short code without +. `opted_out` stands in the database; `held`
    stands in memory, while a STOP is on its way there. `line_country` is the ISO code of the
    line's home country; without one `default_region` takes its place. `last_inbound_at` is when
    the recipient last wrote to us. `under_review`: they wrote what may be a refusal, and that is
    decided then at the latest. Times are aware; raises ValueError for a naive `now`.
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
    def is_reply(self) -> bool:
        """Whether the text answers one that the recipient wrote within `REPLY_WINDOW`."""
        return (
            self.kind is Kind.CONVERSATIONAL
            and self.last_inbound_at is not None
            and self.now - self.last_inbound_at <= REPLY_WINDOW
        )


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


def _opted_out(question: Question) -> Block | None:
    if not question.opted_out or question.permit is not None:
        return None
    return Block("opted_out", "the recipient has opted out; only they can opt in again (START)")


def _held(question: Question) -> Block | None:
    if not question.held or question.permit is not None:
        return None
    return Block("held", "a STOP of the recipient is being recorded at this moment")


def _destination(question: Question) -> Block | None:
    destinations = question.policy.destinations
    if ANYWHERE in destinations:
        return None
    # A short code exists only in the network of the line that dials it.
    country = question.home if question.to_short_code else home_country(question.recipient)
    if country in destinations or (OWN_COUNTRY in destinations and country == question.home):
        return None
    return Block(
        "destination",
        f"texts to {country} are not allowed from a line of {question.home}: "
        f"gate.destinations is {', '.join(destinations) or 'empty'}",
    )


def _outer_window(question: Question) -> Defer | Block | None:
    window = question.policy.outer_window
    exempt = question.urgent or question.permit is not None or question.is_reply
    # Behind a short code is a service, which neither sleeps nor lives in any zone.
    if window is None or exempt or question.to_short_code:
        return None
    try:
        zones = zones_of(question.recipient, question.default_region)
    except UnknownZoneError as error:
        return Block("unknown_zone", str(error))
    if window.is_open(question.now, zones):
        return None
    opening = window.next_opening(question.now, zones)
    if opening is None:
        return Block(
            "no_common_hour",
            f"the number may be in {len(zones)} time zones, which have no hour of {window} in "
            "common: widen gate.outer_window, or send with a key marked urgent",
        )
    return Defer(opening, "outer_window", f"outside {window} in the recipient's time")


def _under_review(question: Question) -> Defer | None:
    due_at = question.under_review
    if due_at is None or question.kind is not Kind.MARKETING or question.permit is not None:
        return None
    return Defer(
        max(due_at, question.now + REVIEW_RECHECK),
        "under_review",
        "the recipient wrote what may be a refusal: marketing waits until that is decided",
    )


_RULES: Final[tuple[_Rule, ...]] = (
    _opted_out,
    _held,
    _destination,
    _outer_window,
    _under_review,
)
