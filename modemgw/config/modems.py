"""Ports, lines and modems."""

from __future__ import annotations

import importlib.util
from pathlib import Path  # noqa: TC003 - read at run time
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from modemgw.config.fields import ICCID, Section, as_list, port_name, usb_name
from modemgw.modem import catalogue, patterns
from modemgw.modem.errors import ProfileError
from modemgw.modem.evidence import CommandLine  # noqa: TC001 - read at run time

Ports = Annotated[list[Annotated[str, AfterValidator(port_name)]], BeforeValidator(as_list)]


class PortSection(Section):
    """One port, or several that a glob or a USB identity stands for, with its own settings."""

    path: Annotated[str, Field(min_length=1), AfterValidator(port_name)] | None = Field(
        None, description="Path, glob, or URL (`socket://` or `rfc2217://`)."
    )
    usb: Annotated[str, AfterValidator(usb_name)] | None = Field(
        None,
        description="Instead of a path: USB vendor and product, as `lsusb` shows them "
        "(`2c7c:0125`, or `2c7c:*`), and behind it, as needed, `if=02` (USB interface), "
        "`serial=…`, `product=…` (a word of its name).",
    )
    baudrate: int = Field(115_200, ge=300, le=4_000_000, description="Speed of a real UART.")
    parity: Literal["none", "even", "odd"] = Field("none", description="Parity of a real UART.")
    pin: str | None = Field(
        None,
        pattern=r"^\d{4,8}$",
        description="The SIM's PIN; entered once, and only while all its tries are left.",
    )
    pin_blindly: bool = Field(
        False,
        description="Enter the PIN even where the modem does not tell how many tries are left; "
        "each start of the daemon with a wrong one uses up a try then.",
    )
    profile: str | None = Field(None, description="Name of a modem profile; else it is asked.")
    storage: Literal["ME", "MT", "SM"] | None = Field(
        None, description="Where incoming texts are stored; else the best that is offered."
    )
    rtscts: bool = Field(False, description="Hardware flow control.")
    patience: float = Field(
        1.0,
        ge=0.01,
        le=100,
        description="What every time limit is multiplied by: more for a modem that is slow.",
    )
    xonxoff: bool = Field(False, description="Software flow control.")
    driver: Literal["own", "gsmmodem"] = Field(
        "own",
        description="gsmmodem: python-gsmmodem-new talks to the modem. No guarantee covers it; it "
        "wants hardware flow control, and a path.",
    )
    power_cycle_command: str | None = Field(
        None, description="Run without a shell to cut its power, as the last resort."
    )

    @model_validator(mode="after")
    def _names_a_port(self) -> Self:
        if (self.path is None) == (self.usb is None):
            raise ValueError('a port is named by either path = "…" or usb = "…"')
        if self.rtscts and self.xonxoff:
            raise ValueError("rtscts and xonxoff exclude each other: three wires need xonxoff")
        return self

    @model_validator(mode="after")
    def _alternative_driver_can_be_had(self) -> Self:
        if self.driver == "own":
            return self
        if self.path is not None and patterns.is_url(self.path):
            raise ValueError('driver = "gsmmodem" opens paths only, no URLs')
        if self.parity != "none" or self.xonxoff:
            raise ValueError('driver = "gsmmodem" knows neither parity nor xonxoff')
        if importlib.util.find_spec("gsmmodem") is None:
            raise ValueError(
                "driver = \"gsmmodem\" needs python-gsmmodem-new: pip install 'modemgw[gsmmodem]'"
            )
        return self

    @property
    def pattern(self) -> str:
        """The port as `modem.patterns` has it."""
        return self.path if self.path is not None else f"{patterns.USB_PREFIX}{self.usb}"


class LineSection(Section):
    """A line, a SIM, that needs settings of its own, whichever modem it sits in."""

    iccid: str = Field(pattern=ICCID, description="As `modemgw lines` shows it.")
    plan: str | None = Field(None, description="The plan that it is held to; else `default`.")
    sms_domain: Literal["packet", "circuit", "packet-preferred", "circuit-preferred"] | None = (
        Field(
            None,
            description="The way that its texts take over LTE (`AT+CGSMS`); else the modem's own.",
        )
    )
    roaming: bool | None = Field(
        None, description="Whether it may send in another network; else as under `[modems]`."
    )
    commands: list[CommandLine] = Field(
        [], max_length=20, description="AT commands that its operator needs, sent at each start."
    )


class ModemsSection(Section):
    """Where modems are looked for."""

    ports: Annotated[list[Annotated[str, AfterValidator(port_name)]], BeforeValidator(as_list)] = (
        Field([], description='Paths, globs, URLs, and USB identities ("usb:2c7c:0125").')
    )
    port: list[PortSection] = Field([], description="Ports that need settings of their own.")
    line: list[LineSection] = Field([], description="Lines that need settings of their own.")
    roaming: bool = Field(True, description="Whether lines may send in networks not their own.")
    profile_dir: Path | None = Field(
        None,
        description="Folder with modem profiles of your own: tried first, replacing ours by name.",
    )

    @model_validator(mode="after")
    def _profiles_are_there(self) -> Self:
        try:
            profiles = catalogue.load(self.profile_dir)
            for port in self.port:
                if port.profile is not None:
                    profiles.named(port.profile)
        except ProfileError as error:
            raise ValueError(str(error)) from None
        return self

    @model_validator(mode="after")
    def _lines_are_named_once(self) -> Self:
        iccids = [line.iccid for line in self.line]
        if len(set(iccids)) < len(iccids):
            raise ValueError("line: two entries have the same iccid; join them")
        return self
