"""What a preview of a text tells."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from modemgw.api.answers import ProblemDocument, Shape


class Costly(Shape):
    """What GSM-7 lacks: a character, with combining marks if it has some."""

    character: str
    name: str = Field(description="As Unicode calls it.")
    count: int
    positions: list[int] = Field(description="The first sixteen, in code points from 0.")
    replacement: str | None = Field(description="What may be written for it. Null: nothing close.")


class Size(Shape):
    """How long a text is for the network. Units are septets of GSM-7, or 16 bits of UCS-2."""

    encoding: Literal["gsm7", "ucs2"]
    parts: int
    max_parts: int
    characters: int = Field(description="Unicode code points.")
    capacity: int = Field(description="Units that a part takes, the only one or each of several.")
    used: int = Field(description="Units in the last part.")
    left: int = Field(description="Units that the last part has left.")


class Outlook(Shape):
    """What would become of the text if it were sent now."""

    outcome: Literal["queued", "scheduled", "refused"]
    rule: str | None = Field(description="The rule of the gate that lets it wait, or refuses it.")
    detail: str | None = Field(description="Why, for people.")
    not_before: datetime | None
    expires_at: datetime | None
    to: str | None = Field(description="The recipient as it would be kept.")
    kind: str | None
    pool: str | None
    line: str | None = Field(description="The line that alone would take it. Null: any of `lines`.")
    lines: list[str] = Field(description="The lines of this host that might take it now.")
    expected_at: datetime | None = Field(
        description="When it would have gone, if that can be told."
    )
    problem: ProblemDocument | None = Field(description="How `POST /v1/messages` would refuse it.")


class Preview(Shape):
    """A text before it is sent."""

    text: str = Field(description="What would go out.")
    transliterated: bool = Field(description="It is no longer as it was written, as was wished.")
    size: Size
    forcing_ucs2: list[Costly] = Field(
        description="What makes the text as it was written need UCS-2, in order; 32 at most."
    )
    transliteration: str | None = Field(
        description="The text as GSM-7, where `transliterate` would make it so. Null: it would "
        "change nothing."
    )
    outlook: Outlook


class BatchPreviewItem(Shape):
    """What would become of one text of a batch."""

    status: int = Field(description="200, or that of the problem.")
    outlook: Outlook | None = None
    problem: ProblemDocument | None = Field(None, description="What is wrong with the text's JSON.")


class BatchPreview(Shape):
    """What would become of a batch."""

    items: list[BatchPreviewItem]
    outcomes: dict[str, int] = Field(
        description="How many: queued, scheduled, refused; invalid: with a problem."
    )
