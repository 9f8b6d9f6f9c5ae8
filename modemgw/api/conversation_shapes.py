"""What conversations look like, and what is asked of them."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from modemgw.api.answers import Message, Shape
from modemgw.api.fields import Kind, Metadata, Timestamp, TimeZone
from modemgw.api.schemas import Body, PageQuery, QueryNumber


class ConversationsQuery(PageQuery):
    """Which conversations, the one that was active last first."""

    number: QueryNumber | None = Field(None, description="Whose (+ is %2B).")
    pool: Annotated[str, Field(max_length=64)] | None = Field(
        None, description="A pool's; empty: those of the default pool."
    )
    line: Annotated[str, Field(max_length=48)] | None = Field(
        None, description="The id of the line that the two last spoke on."
    )
    unread: bool | None = Field(None, description="With or without texts that nobody has read.")


class ThreadQuery(PageQuery):
    """The messages of a conversation, both ways."""

    order: Literal["oldest", "newest"] = Field("oldest", description="Which come first.")


class ReadUpTo(Body):
    """How far somebody has read."""

    message: Annotated[str, Field(max_length=48)] = Field(
        description="The id of the last message that was read."
    )


class Answering(Body):
    """A text to whom the conversation is with. Other fields as in `SendMessage`."""

    text: str
    kind: Kind | None = Field(None, description="Default: conversational.")
    priority: Annotated[int, Field(ge=0, le=9)] | None = None
    send_at: Timestamp | None = None
    valid_for: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    time_zone: TimeZone | None = None
    if_in_doubt: Literal["hold", "resend"] = "hold"
    if_partly_sent: Literal["fail", "resend"] = "fail"
    sticky: Literal["require", "prefer"] = Field(
        "require",
        description="The line that the two last spoke on: require it, or prefer it and let "
        "another of the pool take the text when it stays away.",
    )
    transliterate: bool = False
    reference: Annotated[str, Field(max_length=255)] | None = None
    metadata: Metadata = Field(default_factory=dict)


class Reading(Shape):
    """How far a conversation was read."""

    unread: int = Field(description="Texts that came in behind `up_to`.")
    up_to: str | None = Field(description="The last message that was read.")


class Conversation(Shape):
    """The thread of a number and a pool; it begins with their first text."""

    id: str
    number: str
    pool: str | None = Field(description="Null: the default pool.")
    line: str | None = Field(description="The line that the two last spoke on.")
    created_at: datetime
    active_at: datetime = Field(description="When a text last came in or had gone out.")
    last_inbound_at: datetime | None
    reading: Reading
    last_message: Message | None


class ConversationPage(Shape):
    """Conversations, the one that was active last first."""

    items: list[Conversation]
    next: str | None


class Thread(Shape):
    """Messages of a conversation, both ways, in the order that was asked for."""

    items: list[Message]
    next: str | None
