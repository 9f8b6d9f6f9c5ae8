"""What callers get: the shapes of `gateway.views` and of our own answers, for the description."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from modemgw.gateway.line_state import LineState
from modemgw.gateway.status import MessageStatus, PartStatus


class Shape(BaseModel):
    """Part of an answer. More fields may come; none goes."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FieldFault(Shape):
    """What is wrong with one field."""

    field: str
    message: str


class ProblemDocument(Shape):
    """Why a request was not carried out (RFC 9457)."""

    type: str = Field(description="Ends in the kind of problem, for programs.")
    title: str
    status: int
    detail: str = Field(description="What is wrong here and what to do, for people.")
    errors: list[FieldFault]


class MessageError(Shape):
    """Why a message ended badly."""

    code: str
    message: str


class Message(Shape):
    """A text, out or in."""

    id: str
    direction: Literal["outbound", "inbound"]
    status: MessageStatus
    from_: str | None = Field(alias="from", description="Null until a line has taken it.")
    to: str | None
    line: str | None
    pool: str | None
    kind: str | None
    text: str
    parts: int
    encoding: str
    transliterated: bool = Field(
        description="Outbound: characters of it were replaced, as its sender wished."
    )
    partial: bool = Field(description="Inbound: parts of it have not come yet.")
    keyword: str | None = Field(description="Inbound: opt_out, opt_in, help or review.")
    created_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    received_at: datetime | None
    not_before: datetime | None
    waiting_for: str | None
    expires_at: datetime | None
    restarts: int = Field(description="How often it began anew, whole (`if_partly_sent`).")
    error: MessageError | None
    reference: str | None
    metadata: dict[str, JsonValue]
    conversation: str | None


class Attempt(Shape):
    """An attempt at a part that did not simply succeed."""

    at: datetime
    line: str | None
    modem: str | None
    outcome: Literal["refused", "unknown", "withdrawn"] = Field(
        description="refused: it has not gone, for certain. unknown: nobody can say. withdrawn: "
        "taken back before it was handed over; it does not count."
    )
    code: str | None
    detail: str | None


class Part(Shape):
    """One SMS of an outbound message."""

    seq: int
    status: PartStatus
    line: str | None
    modem: str | None
    mr: int | None = Field(description="The message reference that the modem gave (TP-MR).")
    attempts: int
    submitting_at: datetime | None
    settled_at: datetime | None
    report_status: int | None = Field(description="TP-ST of the report (3GPP TS 23.040 §9.2.3.15).")
    code: str | None
    detail: str | None
    history: list[Attempt] = Field(
        description="Attempts that did not simply succeed, the oldest first; the last "
        "`messages.max_attempts` are kept."
    )


class MessageDetail(Message):
    """A message with its parts."""

    expected_at: datetime | None = Field(
        description="When it will have gone, as far as that can be told of a text that waits."
    )
    parts_detail: list[Part]
    former_parts: list[Part] = Field(
        description="What had gone of a sending that was given up for another (`if_partly_sent`)."
    )
    under_review: bool = Field(
        description="The customer wrote what may be a refusal, which nobody has decided yet."
    )


class MessagePage(Shape):
    """Messages, the newest first."""

    items: list[Message]
    next: str | None


class Accepted(Shape):
    """A text of a batch that was taken."""

    status: Literal[201]
    message: Message


class Refused(Shape):
    """A text of a batch that was not."""

    status: int
    problem: ProblemDocument


class BatchOutcome(Shape):
    """An outcome for each text of a batch, in order."""

    items: list[Accepted | Refused]
    expected_done_at: datetime | None = Field(
        description="When what was accepted will have gone, with the lines that are here now; not "
        "counted are texts that wait for a time. Null: that cannot be told."
    )


class Canceled(Shape):
    """What a cancel of many texts has done."""

    canceled: int
    left: int = Field(
        description="How many fit and were not canceled: of those a part has begun, or, with "
        "`more`, the time was up."
    )
    more: bool = Field(description="The time was up before all were canceled: ask again.")


class Usage(Shape):
    """How far a limit is used, in parts or recipients; `cost_per_day` in money."""

    limit: str
    used: float
    most: float
    renews_at: datetime | None = Field(description="When more may go. Null: nothing is used.")


class Line(Shape):
    """A SIM subscription."""

    id: str
    iccid: str
    imsi: str | None
    name: str | None
    number: str | None = Field(description="The typed one, else the SIM's.")
    sim_number: str | None = Field(description="As the SIM tells it.")
    typed_number: str | None = Field(description="As it was set or learned.")
    tags: list[str]
    cost: float | None = Field(description="Of a part.")
    state: LineState
    reason: str | None = Field(description="Why it sends nothing.")
    until: datetime | None = Field(description="When it will again. Null: not by itself.")
    operator: str | None
    smsc: str | None
    modem: str | None
    pools: list[str]
    created_at: datetime
    seen_at: datetime
    present: bool = Field(description="It sits in a modem that is there.")
    plan: str
    usage: list[Usage]
    waiting_for: str | None = Field(description="What its texts wait for, a limit among others.")
    not_before: datetime | None


class LinePage(Shape):
    """Every line that was ever seen."""

    items: list[Line]
    next: None


class Pool(Shape):
    """A group of lines."""

    name: str | None = Field(description="Null: the default pool, which has all lines.")
    kind: str | None
    tags: list[str]
    lines: list[str] = Field(description="Their ids.")
    plan: str | None
    usage: list[Usage]
    paused: str | None = Field(description="Why it is paused. Null: it is not.")
    waiting: int = Field(description="Its messages that a line may take.")
    waiting_for: str | None
    not_before: datetime | None


class PoolPage(Shape):
    """The default pool, and those of the configuration by name."""

    items: list[Pool]
    next: None


class Inventory(Shape):
    """Which of the lines that are expected are there."""

    expected: int
    missing: list[str] = Field(description="ICCIDs.")
    summary: str = Field(description='Such as "38 of 40, missing: …".')


class KeptTpdu(Shape):
    """What came in and could not be used."""

    id: str
    received_at: datetime
    line: str | None
    modem: str | None
    pdu: str
    kind: str
    defect: str


class KeptTpduPage(Shape):
    """What could not be used, the newest first."""

    items: list[KeptTpdu]
    next: str | None


class OptOut(Shape):
    """A recipient's standing refusal."""

    number: str
    scope: str = Field(description="`all`, `pool:NAME` or `brand:NAME`.")
    leaves: list[str] = Field(description="Kinds of texts that it does not end.")
    source: str
    reason: str
    message: str | None
    line: str | None
    created_at: datetime
    sent_at: datetime = Field(
        description="By the network's clock; what a START must be later than."
    )


class OptOutPage(Shape):
    """Opt-outs, by number and scope."""

    items: list[OptOut]
    next: str | None


class Review(Shape):
    """A text that may be a refusal."""

    id: str
    state: Literal["open", "decided"]
    number: str
    message: str | None = Field(description="The first doubtful text.")
    line: str | None
    reason: str = Field(description="Why it is doubtful.")
    created_at: datetime
    due_at: datetime = Field(description="Undecided by then, it becomes an opt-out.")
    decided_at: datetime | None
    decision: Literal["opt_out", "keep"] | None
    by: str | None = Field(
        description="The key that decided; `timeout`; or how they opted out: keyword, api."
    )
    decision_reason: str | None


class ReviewPage(Shape):
    """Reviews: the open ones, the oldest first, then the decided, the newest first."""

    items: list[Review]
    next: str | None


class Event(Shape):
    """A fact that happened; the same in webhooks and in the stream."""

    id: str
    type: str
    created_at: datetime
    sequence: int | None = Field(description="Gap-free within a conversation.")
    data: dict[str, Any]


class PoolQueue(Shape):
    """What waits for the lines of a pool. It is looked at every ten seconds."""

    pool: str | None = Field(description="Null: the default pool.")
    waiting: int = Field(description="Messages that wait for a line.")
    parts: int
    lines: int = Field(description="How many of its lines may send now, but for their limits.")
    expected_done_at: datetime | None = Field(
        description="When all of it will have gone; the hours of recipients are not counted. Null: "
        "nothing waits, or it cannot be told: no line, or more than 31 days."
    )


class Queue(Shape):
    """What waits to be sent."""

    waiting: int = Field(description="Messages that wait for a line.")
    scheduled: int = Field(description="Messages that wait for a time.")
    start_hold: bool = Field(description="Marketing still waits for the first sweeps.")
    paused: str | None = Field(description="Why everything is paused. Null: it is not.")
    expected_done_at: datetime | None = Field(
        description="When all that waits for a line will have gone, with the lines that are here "
        "now; the hours of recipients are not counted. Null: nothing waits, or it cannot be told."
    )
    pools: list[PoolQueue]


class Health(Shape):
    """The daemon is alive."""

    status: Literal["ok"]


class Readiness(Shape):
    """Whether texts can be taken and sent."""

    ready: bool
    reasons: list[str]
    database: bool
    modems_ready: int
    modems_known: int
    start_hold: bool
    paused: str | None = Field(description="Why nothing is sent. Null: it is not paused.")
    inventory: Inventory | None = Field(description="Null: no line is expected by name.")
    warnings: list[str] = Field(
        description="What is not meant for real work, such as a test clock."
    )
