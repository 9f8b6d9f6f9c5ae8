"""What is asked and told of whether somebody may be texted."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from modemgw.api.answers import Shape
from modemgw.api.fields import Kind, Number, Timestamp, TimeZone
from modemgw.api.schemas import Body


class CheckRecipient(Body):
    """Whom, as what, from where."""

    to: Number = Field(description="E.164, or as dialled in the configured region.")
    kind: Kind | None = Field(None, description="As for a text: the pool's, else the key's.")
    pool: Annotated[str, Field(max_length=64)] | None = None
    from_: Number | None = Field(None, alias="from", description="A line: its number or id.")
    send_at: Timestamp | None = Field(None, description="Then, instead of now.")
    time_zone: TimeZone | None = Field(None, description="The recipient's, where it is known.")


class Objection(Shape):
    """What one rule of the gate has against it."""

    rule: str
    verdict: Literal["deferred", "blocked"]
    until: datetime | None = Field(description="When to ask again; null: waiting changes nothing.")
    detail: str


class Check(Shape):
    """Whether somebody may be texted."""

    outcome: Literal["allowed", "deferred", "blocked"]
    to: str = Field(description="The recipient as it would be kept.")
    kind: str
    pool: str | None
    until: datetime | None = Field(description="When every hour that binds it is open.")
    objections: list[Objection] = Field(description="All that stands against it; none: nothing.")
    zones: list[str] = Field(description="The time zones in which its hours are reckoned.")
    is_reply: bool = Field(description="They wrote lately: hours and caps do not bind an answer.")
