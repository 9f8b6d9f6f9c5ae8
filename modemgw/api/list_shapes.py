"""Rows of lists of opt-outs and consents, and what is answered of them."""

from typing import Annotated, Literal

from pydantic import Field

from modemgw.api.answers import Shape
from modemgw.api.consent_shapes import OptOutScope
from modemgw.api.consents_shapes import ConsentScope
from modemgw.api.fields import Kind, Timestamp
from modemgw.api.schemas import Body

_Number = Annotated[str, Field(min_length=1, max_length=64)]
_Source = Annotated[str, Field(min_length=1, max_length=64)]
_Evidence = Annotated[str, Field(min_length=1, max_length=1_000)]
# As they are taken out. Marketing is never left.
_LEFT = "(conversational|transactional)"
_Leaves = Annotated[str, Field(pattern=rf"^({_LEFT}( {_LEFT})*)?$")]


class OptOutRow(Body):
    """A refusal that was told another way than by text."""

    number: _Number
    scope: OptOutScope = "all"
    leaves: _Leaves = ""
    source: _Source | None = None
    evidence: _Evidence | None = None
    reason: _Evidence | None = None

    @property
    def words(self) -> str:
        """What the audit keeps of it."""
        told = (self.source, self.evidence or self.reason)
        return ": ".join(part for part in told if part is not None) or "of a list"


class ConsentRow(Body):
    """A consent as a list tells it."""

    number: _Number
    kind: Kind
    scope: ConsentScope = "all"
    state: Literal["given"] = "given"
    source: _Source
    obtained_at: Timestamp
    wording: Annotated[str, Field(min_length=1, max_length=4_000)] | None = None
    evidence: _Evidence | None = None


class RefusedRow(Shape):
    """A row that was not taken."""

    row: int = Field(description="The first behind the heading is 1.")
    detail: str


class Imported(Shape):
    """What became of the rows of a list."""

    recorded: int
    known: int = Field(description="What was so already.")
    refused: list[RefusedRow]
