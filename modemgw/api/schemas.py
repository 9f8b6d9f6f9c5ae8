"""What callers send."""

from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)

from modemgw.api.fields import (
    Cursor,
    EventChoice,
    Kind,
    Limit,
    Metadata,
    MetadataName,
    Number,
    Timestamp,
    TimeZone,
)
from modemgw.gateway.status import MessageStatus


class Body(BaseModel):
    """A request's body, or its query: exactly these fields, of exactly these types."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class SendMessage(Body):
    """A text to send."""

    to: Number = Field(
        description="E.164, or as dialled in the configured region, or a short code."
    )
    text: str = Field(
        description="Any length and script that `messages.max_parts` leaves room for."
    )
    from_: Number | None = Field(
        None, alias="from", description="The line to send on: its number or id. Default: any."
    )
    pool: Annotated[str, Field(max_length=64)] | None = Field(
        None, description="The pool whose lines may send it. Default: any line."
    )
    kind: Kind | None = Field(
        None, description="What it is. Default: the pool's kind, else the key's."
    )
    priority: Annotated[int, Field(ge=0, le=9)] | None = Field(
        None, description="9 goes first. Default: by kind."
    )
    send_at: Timestamp | None = Field(None, description="Not before this time.")
    valid_for: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = Field(
        None,
        description="Seconds after which it is no longer worth sending. Default: "
        "`messages.valid_for`, for marketing the end of the first hours in which it may go.",
    )
    time_zone: TimeZone | None = Field(
        None,
        description='Where the recipient is, such as "America/New_York": whose hours count. '
        "Default: all zones that the number may be in.",
    )
    if_in_doubt: Literal["hold", "resend"] = Field(
        "hold",
        description="What to do when nobody can tell whether it went out: leave it, or send it "
        "once more, which may double it.",
    )
    if_partly_sent: Literal["fail", "resend"] = Field(
        "fail",
        description="What to do when the line stays away for which the rest of a long text waits: "
        "give up, or send the whole text once more on another line, of which the recipient then "
        "has some parts twice.",
    )
    sticky: Literal["prefer", "require", "off"] = Field(
        "prefer",
        description="The line that the two last spoke on: prefer it and wait for it a little, "
        "require it, or take any.",
    )
    transliterate: bool = Field(
        False,
        description="Write something close for characters that force UCS-2 (quotation marks, "
        "dashes, unusual spaces, accents), where that lets the text go as GSM-7.",
    )
    reference: Annotated[str, Field(max_length=255)] | None = Field(
        None, description="Yours; told in every event."
    )
    metadata: Metadata = Field(default_factory=dict)


class CancelWaiting(Body):
    """Which of the texts that wait; all that is named must fit, and something must be named."""

    pool: Annotated[str, Field(max_length=64)] | None = None
    kind: Kind | None = None
    to: Number | None = Field(None, description="The recipient's number.")
    reference: Annotated[str, Field(max_length=255)] | None = None
    line: Annotated[str, Field(max_length=48)] | None = Field(
        None, description="A line's id: what is bound to it or waits for it."
    )
    created_after: Timestamp | None = None
    created_before: Timestamp | None = None
    priority_below: Annotated[int, Field(ge=1, le=10)] | None = None
    metadata: dict[MetadataName, Annotated[str, Field(max_length=1_000)]] | None = Field(
        None, min_length=1, max_length=5, description="Texts that its `metadata` has."
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_dump(exclude_none=True):
            raise ValueError("say which texts: name at least one of the fields")
        return self


class SendBatch(Body):
    """Many texts at once; each is taken or refused by itself."""

    messages: list[SendMessage] = Field(min_length=1)


class RawBatch(Body):
    """A batch before its texts, which are JSON, are looked at one by one."""

    messages: list[Any] = Field(min_length=1)


def _plus(value: object) -> object:
    """A + that was not percent-encoded arrives as a space."""
    return value.replace(" ", "+") if isinstance(value, str) else value


def _leading_plus(value: object) -> object:
    return "+" + value[1:] if isinstance(value, str) and value[:1] == " " else value


QueryTime = Annotated[Timestamp, BeforeValidator(_plus)]
QueryNumber = Annotated[Number, BeforeValidator(_leading_plus)]


class PageQuery(Body):
    """A page of a list."""

    limit: Limit = 50
    cursor: Cursor | None = None


class MessagesQuery(PageQuery):
    """Which messages, the newest first."""

    direction: Literal["inbound", "outbound"] | None = None
    status: MessageStatus | None = None
    to: QueryNumber | None = Field(None, description="The recipient's number (+ is %2B).")
    from_: QueryNumber | None = Field(None, alias="from", description="The sender's number.")
    line: Annotated[str, Field(max_length=48)] | None = Field(None, description="A line's id.")
    conversation: Annotated[str, Field(max_length=48)] | None = Field(
        None, description="A conversation's id."
    )
    created_after: QueryTime | None = None
    created_before: QueryTime | None = None


Tag = Annotated[str, Field(pattern=r"^[\w.-]{1,64}$")]


class LineChange(Body):
    """What people set of a line; what is left out stays, null takes it back."""

    name: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    number: Number | None = Field(
        None, description="E.164. It counts more than what the SIM tells. null: the SIM's."
    )
    tags: Annotated[list[Tag], Field(max_length=20)] = Field(
        [], description="All of them. Pools may take their lines by tag."
    )
    cost: Annotated[float, Field(ge=0, le=1_000_000)] | None = Field(
        None, description="Of a part, in whatever currency all lines are told in."
    )


class PauseReason(Body):
    """Why something is paused, for whoever wonders, and for the audit."""

    reason: Annotated[str, Field(min_length=1, max_length=500)] | None = None


class NoQuery(Body):
    """No parameters."""


class RecordingQuery(Body):
    """How a recording is shown."""

    masked: bool = Field(True, description="false: with people's numbers and texts.")


class UssdCode(Body):
    """What a USSD session begins with."""

    code: Annotated[str, Field(min_length=1, max_length=160)] = Field(
        description="Digits, * and #, such as *100#."
    )


class UssdAnswer(Body):
    """What the network is answered."""

    text: Annotated[str, Field(min_length=1, max_length=182)]


class ReviewsQuery(PageQuery):
    """Which reviews."""

    state: Literal["open", "decided"] | None = None
    number: QueryNumber | None = Field(None, description="Whose (+ is %2B).")


class ReviewDecision(Body):
    """What a doubtful text was taken for."""

    decision: Literal["opt_out", "keep"] = Field(
        description="`opt_out`: it was a refusal. `keep`: it was none, and marketing may go on."
    )
    reason: Annotated[str, Field(min_length=1, max_length=500)] = Field(
        description="Why, for the audit."
    )


class NewWebhook(Body):
    """An endpoint that events are posted to."""

    url: Annotated[str, Field(min_length=8, max_length=2_048)] = Field(
        description="http or https; its host must be public, or be named in `api.allowed_hosts`."
    )
    events: list[EventChoice] = Field(["*"], min_length=1, max_length=32, description="`*`: all.")
    secret: Annotated[str, Field(max_length=128)] | None = Field(
        None, description="`whsec_` and 24 to 64 bytes in base64. Default: a new one is made."
    )


class EventsQuery(Body):
    """Which events."""

    types: Annotated[str, Field(max_length=500)] | None = Field(
        None, description="Types to be told of, joined by commas. Default: all."
    )
    after: Annotated[str, Field(max_length=64)] | None = Field(
        None, description="The id of the last event seen; the header Last-Event-ID wins."
    )
