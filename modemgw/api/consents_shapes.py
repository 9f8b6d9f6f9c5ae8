"""What callers send and get of consents."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from modemgw.api.answers import Shape
from modemgw.api.fields import Kind, Timestamp
from modemgw.api.schemas import Body, PageQuery

ConsentScope = Annotated[str, Field(min_length=1, max_length=80)]
Reason = Annotated[str, Field(min_length=1, max_length=500)]


class GiveConsent(Body):
    """What somebody has agreed to, and how that can be shown."""

    kind: Kind = Field(description="To which texts.")
    scope: ConsentScope = Field("all", description="`all`, or `pool:` and the name of a pool.")
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


class WithdrawQuery(Body):
    """Which consents of a number; what is left out fits all."""

    kind: Kind | None = None
    scope: ConsentScope | None = None
    reason: Reason | None = Field(None, description="For the audit.")


class ConsentsQuery(PageQuery):
    """Which consents."""

    kind: Kind | None = None
    state: Literal["given", "withdrawn"] | None = None


class ConsentRecord(Shape):
    """A consent, as it stands or as it was."""

    number: str
    kind: Kind
    scope: str
    state: Literal["given", "withdrawn"]
    source: str
    obtained_at: datetime
    wording: str | None
    evidence: str | None
    message: str | None = Field(description="The text by which it was given.")
    recorded_by: str = Field(description="A key's id, or `keyword`.")
    created_at: datetime
    changed_at: datetime
    ended_by: Literal["opt_out", "request"] | None = Field(description="Null while it stands.")


class ConsentPage(Shape):
    """Consents, by number."""

    items: list[ConsentRecord]
    next: str | None


class ConsentList(Shape):
    """Consents of one number."""

    items: list[ConsentRecord]
