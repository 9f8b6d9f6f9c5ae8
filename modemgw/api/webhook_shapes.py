"""What callers send and get about endpoints, and about what became of events."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from modemgw.api.answers import Shape
from modemgw.api.fields import EventChoice, Timestamp
from modemgw.api.schemas import Body, PageQuery

DeliveryStatus = Literal["pending", "delivered", "dead", "replay"]


class ChangeWebhook(Body):
    """What is to change; what is left out stays."""

    url: Annotated[str, Field(min_length=8, max_length=2_048)] | None = Field(
        None, description="As for a new endpoint. What is owed goes there, too."
    )
    events: Annotated[list[EventChoice], Field(min_length=1, max_length=32)] | None = Field(
        None, description="From the next event on."
    )
    enabled: bool | None = Field(
        None, description="true: after a 410, too; what it was owed then comes first."
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if self.url is None and self.events is None and self.enabled is None:
            raise ValueError("say what is to change: url, events or enabled")
        return self


class RotateSecret(Body):
    """How the secret changes."""

    secret: Annotated[str, Field(max_length=128)] | None = Field(
        None, description="`whsec_` and 24 to 64 bytes in base64. Default: a new one is made."
    )
    grace: Annotated[float, Field(ge=0, le=30 * 86_400, allow_inf_nan=False)] = Field(
        86_400.0, description="Seconds for which the former one signs as well."
    )


class DeliveriesQuery(PageQuery):
    """Which deliveries."""

    status: DeliveryStatus | None = None


class Replay(Body):
    """Which events are to be posted once more: one, or those of a time."""

    event: Annotated[str, Field(pattern=r"^evt_[0-9a-f]{32}$")] | None = Field(
        None, description="The id of one event."
    )
    after: Timestamp | None = Field(None, description="From this time on.")
    before: Timestamp | None = None
    status: Literal["dead", "any"] | None = Field(
        None,
        description="`dead`: those that were given up; `any`: all of the endpoint's types, be they "
        "delivered, or from before it was made. Default: `any` for one event, else `dead`.",
    )

    @model_validator(mode="after")
    def _something(self) -> Self:
        if (self.event is None) == (self.after is None):
            raise ValueError("name one event, or `after`")
        return self


class Webhook(Shape):
    """An endpoint that events are posted to."""

    id: str
    url: str
    events: list[str]
    origin: Literal["config", "api"]
    enabled: bool
    disabled_reason: str | None
    pending: int = Field(description="How many events it waits for.")
    created_at: datetime


class WebhookCreated(Webhook):
    """A new endpoint, with its secret: it is not shown again."""

    secret: str


class WebhookPage(Shape):
    """Every endpoint."""

    items: list[Webhook]
    next: None


class Delivery(Shape):
    """What became of one event at one endpoint."""

    event: str
    status: Literal["pending", "delivered", "dead", "replay"] = Field(
        description="`dead`: given up in its turn; `replay`: to be posted once more."
    )
    attempts: int
    next_at: datetime | None = Field(description="When it is tried again; null: it is not.")
    first_tried_at: datetime | None
    settled_at: datetime | None
    last_status: int | None = Field(description="The last HTTP status it answered with.")
    last_error: str | None


class DeliveryPage(Shape):
    """Deliveries, the newest first."""

    items: list[Delivery]
    next: str | None


class TestResult(Shape):
    """What an endpoint said to a test event."""

    delivered: bool
    status: int | None
    error: str | None


class WebhookSecret(Webhook):
    """An endpoint and its new secret, which is not shown again."""

    secret: str
    former_until: datetime | None = Field(description="Until when the former one signs as well.")


class Replayed(Shape):
    """What is posted once more."""

    replayed: int
    more: bool = Field(description="There are more: repeat, from where these end.")
