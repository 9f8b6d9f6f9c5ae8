"""What `/v1/modems/{id}` is asked and answers: its history, its resets, its PIN."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from modemgw.api.answers import Shape
from modemgw.api.schemas import Body


class ResetModem(Body):
    """Where on the ladder recovery is to begin."""

    rung: Literal["resync", "reopen", "restart", "power_cycle"] = Field(
        "restart",
        description="`resync` brings the dialogue into step; `reopen` opens the port anew; "
        "`restart` is AT+CFUN=1,1 or what the profile names; `power_cycle` runs the configured "
        "command.",
    )


class SimPin(Body):
    """The PIN of a SIM; it is kept nowhere."""

    pin: Annotated[str, Field(pattern=r"^[0-9]{4,8}$", repr=False)] = Field(
        description="4 to 8 digits."
    )


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
