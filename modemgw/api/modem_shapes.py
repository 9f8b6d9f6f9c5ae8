"""The shapes of `/v1/modems/{id}`: its history."""

from datetime import datetime

from pydantic import Field

from modemgw.api.answers import Shape


class ModemStage(Shape):
    """A state that a modem was in."""

    id: str
    state: str
    reason: str = Field(description="Why, in words.")
    at: datetime = Field(description="Since when it was so.")


class ModemHistory(Shape):
    """Where a modem has been, the newest first."""

    items: list[ModemStage]
    next: str | None
