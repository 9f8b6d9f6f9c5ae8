"""What may be sent, how, and by which lines."""

from __future__ import annotations

from datetime import date  # noqa: TC003 - pydantic reads it
from pathlib import Path  # noqa: TC003 - likewise
from types import MappingProxyType
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from modemgw.config.answers import KeywordsSection, PoolRepliesSection
from modemgw.config.content import Patterns, check_names
from modemgw.config.fields import (
    Kind,
    Seconds,
    Section,
    Strings,
    Weekday,
    check_destinations,
    check_iccids,
    check_numbers,
    check_place,
    check_region,
    check_window,
    check_zone,
)
from modemgw.consent.agreement import DoubleOptIn
from modemgw.consent.country_hours import WEEKDAYS, CountryHours, Hours
from modemgw.consent.hours import parse_window
from modemgw.consent.requirement import Requirement

Limit = Annotated[int | None, Field(ge=1, le=10_000_000)]

_LONGEST_KEPT_S = 20 * 366 * 86_400.0


class NumbersSection(Section):
    """How numbers are read."""

    default_region: Annotated[str, AfterValidator(check_region)] = Field(
        "US", description="The country of numbers that have no + in front."
    )


class HoursSection(Section):
    """When texts of a kind may go to a country, in the recipient's time."""

    country: Annotated[str, AfterValidator(check_place)] = Field(
        description='A country code, a US state that has hours of its own ("US-TX"), or "*" for '
        "all that have none."
    )
    kind: Kind = Field("marketing", description="Of which texts.")
    window: Annotated[str, AfterValidator(check_window)] = Field(
        description='From, until, such as "09:00-20:00", by the recipient\'s clock; or off.'
    )
    weekdays: list[Weekday] = Field(
        list(WEEKDAYS),
        min_length=1,
        description="On which days. What no entry of this country and kind has is closed.",
    )


class CapSection(Section):
    """How many texts one person may get; what is over it waits."""

    kind: Kind | None = Field(None, description="Of one kind; else of all.")
    pool: str | None = Field(None, description="Of one pool; else of all.")
    per_day: Limit = Field(None, description="Texts in any 24 hours.")
    per_week: Limit = Field(None, description="Texts in any seven days.")

    @model_validator(mode="after")
    def _says_how_many(self) -> Self:
        if self.per_day is None and self.per_week is None:
            raise ValueError("a cap says how many: per_day, per_week, or both")
        return self


class HolidaysSection(Section):
    """Days on which no marketing goes to a country."""

    country: Annotated[str, AfterValidator(check_region)] = Field(description="Its code.")
    dates: list[date] = Field(description="Such as 2026-12-25.")


class ConsentSection(Section):
    """Which texts to a country need consent, in place of what is so elsewhere."""

    country: Annotated[str, AfterValidator(check_region)] = Field(description="Its code.")
    kinds: list[Kind] = Field(description="Kinds of texts; empty: none.")


class DoubleOptInSection(Section):
    """How people are asked by text for their consent (`double` at `/v1/consents`)."""

    by_default: bool = Field(
        False, description="Ask also where a consent is recorded without a word about it."
    )
    answer_within: Annotated[float, Field(ge=60, le=30 * 86_400)] = Field(
        3 * 86_400.0, description="Seconds within which a YES counts."
    )
    again_after: Annotated[float, Field(ge=60, le=366 * 86_400)] = Field(
        30 * 86_400.0,
        description="Seconds before which nobody is asked again, whatever it is about; at least "
        "`answer_within`.",
    )

    @model_validator(mode="after")
    def _can_be(self) -> Self:
        self.rules()
        return self

    def rules(self) -> DoubleOptIn:
        """The same for the gateway. Raises ValueError where a time is too short."""
        return DoubleOptIn(self.by_default, self.answer_within, self.again_after)


class GateSection(Section):
    """What may be sent at all."""

    outer_window: Annotated[str, AfterValidator(check_window)] = Field(
        "08:00-21:00",
        description="Hours in the recipient's time, for all but replies and urgent keys; or off, "
        "which also lifts the hours of marketing that come with the program.",
    )
    hours: list[HoursSection] = Field(
        [],
        description="Hours by country and kind. For a country that is named here they replace "
        "those of marketing that come with the program.",
    )
    holidays: list[HolidaysSection] = Field(
        [], description="Days on which no marketing goes to a country."
    )
    destinations: Annotated[Strings, AfterValidator(check_destinations)] = Field(
        ["own"], description='"own" (the sending line\'s country), country codes, or "*".'
    )
    caps: list[CapSection] = Field(
        [], description="How many texts one person gets in a day and in a week."
    )
    deny: Annotated[Strings, AfterValidator(check_numbers)] = Field(
        [], description='Numbers that are never texted, and beginnings of such ("+4915*").'
    )
    allow: Annotated[Strings, AfterValidator(check_numbers)] = Field(
        [],
        description="Numbers, short codes and beginnings that may be texted although `deny` names "
        "them less exactly, they are in no allowed country, or they are of a service.",
    )
    consent_required: list[Kind] = Field(
        [],
        description="Kinds of texts that need the recipient's consent on record (`/v1/consents`). "
        "Default: none, for consents that are kept elsewhere; name `marketing` once they are here.",
    )
    consent_in: list[ConsentSection] = Field(
        [], description="Countries for whose numbers other kinds need consent."
    )
    start_gives: list[Kind] = Field(
        [],
        description="Kinds to which the START that lifts an opt-out is consent although none was "
        "on record; what the opt-out has ended it brings back in any case.",
    )
    double_opt_in: DoubleOptInSection = Field(
        DoubleOptInSection(), description="How people are asked by text for their consent."
    )
    content: Annotated[Patterns, AfterValidator(check_names)] = Field(
        [], description="What must not stand in texts that go out."
    )
    deny_file: Path | None = Field(
        None,
        description="A file with more of `deny`, one a line, a million at most. Read again when it "
        "changes, and on SIGHUP.",
    )
    allow_file: Path | None = Field(None, description="A file with more of `allow`, likewise.")
    new_country_after: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        50,
        description="Texts accepted within an hour for a country that was not texted before, after "
        "which an alert is raised. 0: none is.",
    )
    start_hold: Annotated[float, Field(ge=0, le=3_600)] = Field(
        60.0, description="Seconds that marketing waits at most for the first sweeps."
    )
    review_within: Annotated[float, Field(gt=0, le=7 * 86_400)] = Field(
        86_400.0,
        description="Seconds after which a text that may be a refusal counts as one, unless a "
        "person has decided; marketing to its sender waits meanwhile.",
    )

    @model_validator(mode="after")
    def _hours_do_not_overlap(self) -> Self:
        self.country_hours()
        return self

    def requirement(self) -> Requirement:
        """Which texts need consent."""
        countries = {entry.country: frozenset(entry.kinds) for entry in self.consent_in}
        return Requirement(frozenset(self.consent_required), MappingProxyType(countries))

    def country_hours(self) -> CountryHours:
        """The hours by country and kind. Raises ValueError where entries contradict each other."""
        return CountryHours.of(
            (
                Hours.parse(entry.country, entry.window, entry.kind, entry.weekdays)
                for entry in self.hours
            ),
            ((entry.country, entry.dates) for entry in self.holidays),
            legal=parse_window(self.outer_window) is not None,
        )


class MessagesSection(Section):
    """What becomes of messages."""

    default_kind: Kind = Field("transactional", description="What a text is that names no kind.")
    reports: bool = Field(True, description="Ask the network for delivery reports.")
    max_parts: int = Field(10, ge=1, le=255, description="Longest text, in parts.")
    valid_for: Seconds = Field(86_400.0, description="Seconds that a text may wait to be sent.")
    max_attempts: int = Field(6, ge=1, le=100, description="Submits of a part that is refused.")
    in_doubt_timeout: Seconds = Field(
        86_400.0, description="Seconds after which a part in doubt is given up."
    )
    part_wait: Seconds = Field(
        3_600.0, description="Seconds that the rest of a message waits for its line."
    )
    partial_after: Seconds = Field(
        300.0, description="Seconds after which an incoming text is given out with parts missing."
    )
    retry_patience: float = Field(
        1.0,
        ge=0.01,
        le=100,
        description="What the waits between attempts of a text that is refused are multiplied by.",
    )
    sticky_for: Seconds = Field(
        30 * 86_400.0,
        description="Seconds since the last text of either side for which a recipient goes on "
        "hearing from the same line.",
    )
    sticky_wait: Annotated[float, Field(ge=0, le=86_400)] = Field(
        60.0,
        description="Seconds that a text waits for the line that its recipient last spoke with, "
        "where that is gone, paused or at a limit; then another line sends it.",
    )
    host_wait: Annotated[float, Field(ge=0.5, le=86_400)] = Field(
        30.0,
        description="Seconds after which the others take over what a host had claimed whose daemon "
        "has gone; what it may have sent is in doubt.",
    )
    line_rest: Seconds = Field(
        60.0, description="Seconds that a line rests when its operator refuses it."
    )
    keep_events: Seconds = Field(30 * 86_400.0, description="Seconds that events are kept.")
    keep_reports: Annotated[float, Field(ge=14 * 86_400, le=_LONGEST_KEPT_S)] = Field(
        90 * 86_400.0,
        description="Seconds that status reports are kept as they came; what they told of a text "
        "stays with the text.",
    )
    keep_messages: Annotated[float, Field(ge=30 * 86_400, le=_LONGEST_KEPT_S)] | None = Field(
        None,
        description="Seconds that texts which are over are kept, with their parts and TPDUs; not "
        "given: for ever. Those stay on which an opt-out, a consent or a review rests.",
    )


class CallsSection(Section):
    """What becomes of voice calls, which are told as events and never answered."""

    reject: bool = Field(False, description="Hang up; else they ring until the caller gives up.")


class PlanSection(Section):
    """What a SIM may send; `default` is for lines that name no plan. What is not given is free.

    Parts are counted, not messages, and what is in doubt or was refused counts as sent. What a
    limit defers waits; nothing is lost.
    """

    per_minute: Limit = Field(None, description="Parts in any sixty seconds.")
    per_hour: Limit = Field(None, description="Parts in any sixty minutes.")
    per_day: Limit = Field(None, description="Parts in a calendar day.")
    per_month: Limit = Field(None, description="Parts in a billing month.")
    recipients_per_day: Limit = Field(None, description="Different recipients in a calendar day.")
    recipients_per_month: Limit = Field(
        None, description="Different recipients in a billing month."
    )
    cost_per_day: float | None = Field(
        None,
        gt=0,
        le=1_000_000,
        description="Money in a calendar day, in that of the lines' `cost` of a part; what has no "
        "cost counts nothing.",
    )
    min_gap: float = Field(
        0.0, ge=0, le=86_400, description="Least seconds between two messages of a line."
    )
    gap_jitter: float = Field(
        0.0, ge=0, le=1, description="Up to which share of it is added to each gap at random."
    )
    time_zone: Annotated[str, AfterValidator(check_zone)] = Field(
        "UTC", description='The zone of its days and months, such as "Europe/Berlin".'
    )
    billing_day: int = Field(1, ge=1, le=28, description="The day on which its months begin.")
    warm_up: list[Annotated[int, Field(ge=1)]] = Field(
        [],
        max_length=366,
        description="Parts that a new line may send on its first, second … day.",
    )


class RouteSection(Section):
    """Which pool a text goes to that names neither pool nor line: the first rule that fits.

    A rule fits where everything does that it names; of a list, one entry is enough.
    """

    pool: str = Field(description="The pool.")
    prefix: list[Annotated[str, Field(pattern=r"^\+[0-9]{1,14}$")]] = Field(
        [], description='Beginnings of the recipient\'s number, such as "+4915".'
    )
    country: list[Annotated[str, AfterValidator(check_region)]] = Field(
        [], description="Countries of the recipient's number."
    )
    operator: Strings = Field(
        [],
        description="Operators that the number was given to, as libphonenumber names them; numbers "
        "that were ported are not known.",
    )
    kind: list[Kind] = Field([], description="Kinds of texts.")
    tag: Strings = Field([], description="What `tag` in the message's `metadata` says.")


class PoolSection(Section):
    """A named group of lines."""

    lines: Strings = Field([], description="ICCIDs or numbers (E.164).")
    tags: Strings = Field(
        [], description="And all lines that bear one of these tags: `modemgw line tag`."
    )
    kind: Kind | None = Field(None, description="What its texts are that name no kind.")
    reject_calls: bool | None = Field(
        None, description="Whether calls to its lines are hung up; else `calls.reject` counts."
    )
    destinations: Annotated[Strings, AfterValidator(check_destinations)] | None = Field(
        None, description="Where its texts may go; else `gate.destinations` counts."
    )
    max_parts: int | None = Field(
        None, ge=1, le=255, description="Its longest text, in parts; else `messages.max_parts`."
    )
    plan: str | None = Field(
        None, description="A plan that the pool's texts, on all its lines together, are held to."
    )
    keywords: KeywordsSection = Field(KeywordsSection(), description="Keywords of its own.")
    replies: PoolRepliesSection = Field(
        PoolRepliesSection(), description="Answers to STOP, START and HELP of its own."
    )

    @model_validator(mode="after")
    def _has_lines(self) -> Self:
        if not self.lines and not self.tags:
            raise ValueError("a pool names its lines, by lines = [...] or tags = [...]")
        return self


class DefaultPoolSection(Section):
    """All lines together, for texts that name no pool and that no rule of `routes` gives to one."""

    kind: Kind | None = Field(None, description="What its texts are that name no kind.")
    plan: str | None = Field(
        None,
        description="A plan that its texts, on all lines together, are held to; automatic answers, "
        "which are of no pool, are not.",
    )


class LinesSection(Section):
    """What is watched of lines."""

    expected: Annotated[Strings, AfterValidator(check_iccids)] = Field(
        [],
        description="ICCIDs of the SIMs that should be there, besides those of `[[modems.line]]`; "
        "what is missing is told.",
    )
    blocked_after: int = Field(
        5,
        ge=0,
        le=100,
        description="Refusals in a row by which a SIM counts as blocked by its operator: it sends "
        "nothing more until it is released. 0: never.",
    )
    drop_rest: Annotated[float, Field(ge=0, le=30 * 86_400)] = Field(
        4 * 3_600.0,
        description="Seconds that a line rests whose share of delivered texts has fallen by half "
        "within an hour, the others' not. 0: it does not.",
    )
