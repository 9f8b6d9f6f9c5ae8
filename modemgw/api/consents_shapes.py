"""What callers send and get of consents."""

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from modemgw.api.answers import Shape
from modemgw.api.fields import Kind, Timestamp
from modemgw.api.schemas import Body, PageQuery

ConsentScope = Annotated[str, Field(min_length=1, max_length=80)]
ConsentState: TypeAlias = Literal["given", "pending", "withdrawn"]
Reason = Annotated[str, Field(min_length=1, max_length=500)]


class GiveConsent(Body):
    """What somebody has agreed to, and how that can be shown."""

    kind: Kind = Field(description="To which texts.")
    scope: ConsentScope = Field("all", description="`all`, `pool:NAME` or `brand:NAME`.")
    source: Annotated[str, Field(min_length=1, max_length=64)] = Field(
        description="Where it was given: a form, a contract, a call."
    )
    obtained_at: Timestamp | None = Field(None, description="When. Default: now.")
    wording: Annotated[str, Field(min_length=1, max_length=4_000)] | None = Field(
        None, description="What they were shown or told."
    )
    evidence: Annotated[str, Field(min_length=1, max_length=1_000)] | None = Field(
        None, description="Where the proof lies, such as a document's number."
    )
    double: bool | None = Field(
        None,
        description="Ask them by text; it is `pending` until they answer YES. Default: "
        "`gate.double_opt_in.by_default`.",
    )
    language: Annotated[str, Field(pattern=r"^[a-z]{2}$")] | None = Field(
        None, description="That of the question. Default: that of `[replies]`."
    )


class WithdrawQuery(Body):
    """Which consents of a number; what is left out fits all."""

    kind: Kind | None = None
    scope: ConsentScope | None = None
    reason: Reason | None = Field(None, description="For the audit.")


class ConsentsQuery(PageQuery):
    """Which consents."""

    kind: Kind | None = None
    state: ConsentState | None = None


class ConsentRecord(Shape):
    """A consent, as it stands or as it was."""

    number: str
    kind: Kind
    scope: str
    state: ConsentState
    source: str
    obtained_at: datetime
    wording: str | None
    evidence: str | None
    message: str | None = Field(description="The text by which it was given.")
    recorded_by: str = Field(description="A key's id, or `keyword`.")
    created_at: datetime
    changed_at: datetime
    ended_by: Literal["opt_out", "declined", "request"] | None = Field(
        description="Null while it stands. `declined`: an opt-out while it was pending."
    )
    request: str | None = Field(description="The text that last asked for it.")
    due_at: datetime | None = Field(description="Until when a YES counts; null: none is awaited.")


class ConsentPage(Shape):
    """Consents, by number."""

    items: list[ConsentRecord]
    next: str | None


class ConsentList(Shape):
    """Consents of one number."""

    items: list[ConsentRecord]
