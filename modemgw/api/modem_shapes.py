"""What `/v1/modems` is asked and answers: states, history, resets, PINs, USSD."""

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


class Signal(Shape):
    """How well a modem hears its network."""

    rssi_dbm: int


class Modem(Shape):
    """A modem."""

    id: str
    imei: str | None
    host: str
    port: str
    maker: str | None
    model: str | None
    revision: str | None
    state: str
    reason: str = Field(description="Why it is not ready, and what to do.")
    since: datetime
    paused: str | None = Field(
        description="Why a person lets nothing be sent through it. Null: it is not paused."
    )
    line: str | None
    operator: str | None
    signal: Signal | None
    guaranteed: bool | None = Field(
        description="False: its driver (`gsmmodem`) is excluded from every guarantee about texts. "
        "Null: another host drives it, or none."
    )
    seen_at: datetime


class ModemPage(Shape):
    """Every modem."""

    items: list[Modem]
    next: None


class UssdSession(Shape):
    """A USSD session of a modem."""

    id: str
    modem: str | None
    line: str | None
    code: str | None = Field(description="What it began with. Null: the network began it.")
    state: Literal["waiting", "answer_wanted", "ended"] = Field(
        description="waiting (for the network, or behind a text), answer_wanted, or ended."
    )
    text: str | None = Field(description="What the network said last.")
    outcome: (
        Literal[
            "done",
            "released",
            "elsewhere",
            "not_supported",
            "no_reply",
            "no_answer",
            "refused",
            "canceled",
            "lost",
        ]
        | None
    ) = Field(description="How it ended; done and released are good ends.")
    reason: str = Field(description="Why, where it did not end well.")
    began_at: datetime
    changed_at: datetime
