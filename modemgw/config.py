"""One typed, validated configuration: a TOML file, and the environment over it.

Every key can be set in the environment as `MODEMGW_` and its path, joined by two underscores:
`MODEMGW_API__LISTEN=127.0.0.1:8081`.
"""

from __future__ import annotations

import base64
import binascii
import importlib.util
import ipaddress
import os
import secrets
import socket
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

import phonenumbers
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from modemgw.consent.gate import Policy
from modemgw.consent.hours import parse_window
from modemgw.consent.replies import Replies
from modemgw.modem import catalogue, patterns
from modemgw.modem.errors import ProfileError
from modemgw.modem.evidence import CommandLine  # noqa: TC001 - read at run time
from modemgw.store.engine import parse_url
from modemgw.store.errors import StoreError

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo

ENV_PREFIX = "MODEMGW_"
CLOCK_PREFIX = "unix:"
SECRET_BYTES = 32

Kind = Literal["conversational", "transactional", "marketing"]
Seconds = Annotated[float, Field(gt=0, le=366 * 86_400)]


class ConfigError(Exception):
    """The configuration cannot be used; the words name the keys."""


def _as_list(value: object) -> object:
    """A lone value, or several with commas between, as the environment has them."""
    if isinstance(value, str):
        return [item.strip() for item in value.split(",") if item.strip()]
    return value


Strings = Annotated[list[str], BeforeValidator(_as_list)]


def _address(value: str) -> str:
    host, colon, port = value.rpartition(":")
    if not colon or not host or not port.isdigit() or int(port) > 65_535:
        raise ValueError('an address is HOST:PORT, such as "127.0.0.1:8080" or "[::1]:8080"')
    return value


def _clock_address(value: str) -> str:
    if value and not value.startswith(f"{CLOCK_PREFIX}/"):
        raise ValueError('a clock is "unix:" and a path, such as "unix:/srv/bank/clock.sock"')
    return value


def _is_loopback(address: str) -> bool:
    host = address.rpartition(":")[0].strip("[]")
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _database(value: str) -> str:
    try:
        parse_url(value)
    except StoreError as error:
        raise ValueError(str(error).removeprefix("database_url: ")) from None
    return value


def _port(value: str) -> str:
    patterns.check(value)
    return value


def _usb(value: str) -> str:
    patterns.UsbSelector.parse(value)
    return value


def _window(value: str) -> str:
    parse_window(value)
    return value


def _destinations(value: list[str]) -> list[str]:
    Policy.parse("off", value)
    return value


def _brand(value: str) -> str:
    Replies(value)
    return value


def _region(value: str) -> str:
    if value not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError('a region is a country code in capitals, such as "US"')
    return value


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ApiSection(_Section):
    """The HTTP API."""

    listen: Annotated[list[Annotated[str, AfterValidator(_address)]], BeforeValidator(_as_list)] = (
        Field(["127.0.0.1:8080"], min_length=1, description="Address, or addresses, to listen on.")
    )
    allow_anywhere: bool = Field(
        False, description="Allow addresses beyond loopback, in the clear; put TLS in front."
    )
    allowed_hosts: Strings = Field(
        [], description="Private hosts that webhooks made over the API may name."
    )
    webhook_dead_after: Seconds = Field(
        900.0, description="Seconds after which an event that an endpoint refuses is given up."
    )

    @model_validator(mode="after")
    def _stays_at_home(self) -> Self:
        beyond = [address for address in self.listen if not _is_loopback(address)]
        if beyond and not self.allow_anywhere:
            raise ValueError(
                f"listen has {beyond[0]}, which other machines reach, in the clear; listen on "
                "127.0.0.1 behind a proxy with TLS, or set allow_anywhere"
            )
        return self


class PortSection(_Section):
    """One port, or several that a glob or a USB identity stands for, with its own settings."""

    path: Annotated[str, Field(min_length=1), AfterValidator(_port)] | None = Field(
        None, description="Path, glob, or URL (`socket://` or `rfc2217://`)."
    )
    usb: Annotated[str, AfterValidator(_usb)] | None = Field(
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


class LineSection(_Section):
    """A line, a SIM, that needs settings of its own, whichever modem it sits in."""

    iccid: str = Field(pattern=r"^89\d{16,18}$", description="As `modemgw lines` shows it.")
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


class ModemsSection(_Section):
    """Where modems are looked for."""

    ports: Annotated[list[Annotated[str, AfterValidator(_port)]], BeforeValidator(_as_list)] = (
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


class NumbersSection(_Section):
    """How numbers are read."""

    default_region: Annotated[str, AfterValidator(_region)] = Field(
        "US", description="The country of numbers that have no + in front."
    )


class GateSection(_Section):
    """What may be sent at all."""

    outer_window: Annotated[str, AfterValidator(_window)] = Field(
        "08:00-21:00",
        description="Hours in the recipient's time, for all but replies and urgent keys; or off.",
    )
    destinations: Annotated[Strings, AfterValidator(_destinations)] = Field(
        ["own"], description='"own" (the sending line\'s country), country codes, or "*".'
    )
    start_hold: Annotated[float, Field(ge=0, le=3_600)] = Field(
        60.0, description="Seconds that marketing waits at most for the first sweeps."
    )


class MessagesSection(_Section):
    """What becomes of messages."""

    default_kind: Kind = Field("transactional", description="What a text is that names no kind.")
    reports: bool = Field(True, description="Ask the network for delivery reports.")
    max_parts: int = Field(10, ge=1, le=255, description="Longest text, in parts.")
    valid_for: Seconds = Field(86_400.0, description="Seconds that a text may wait to be sent.")
    max_attempts: int = Field(6, ge=1, le=100, description="Submits of a part that is refused.")
    in_doubt_timeout: Seconds = Field(
        86_400.0, description="Seconds after which a part in doubt is given up."
    )
    part_wait: Seconds = Field(
        3_600.0, description="Seconds that the rest of a message waits for its line."
    )
    partial_after: Seconds = Field(
        300.0, description="Seconds after which an incoming text is given out with parts missing."
    )
    retry_patience: float = Field(
        1.0,
        ge=0.01,
        le=100,
        description="What the waits between attempts of a text that is refused are multiplied by.",
    )
    line_rest: Seconds = Field(
        60.0, description="Seconds that a line rests when its operator refuses it."
    )
    keep_events: Seconds = Field(30 * 86_400.0, description="Seconds that events are kept.")


class CallsSection(_Section):
    """What becomes of voice calls, which are told as events and never answered."""

    reject: bool = Field(False, description="Hang up; else they ring until the caller gives up.")


class RepliesSection(_Section):
    """The automatic answers to STOP, START and HELP."""

    brand: Annotated[str, AfterValidator(_brand)] = Field(
        "SMS service", max_length=40, description="Who is answering."
    )
    language: str = Field(
        "en", pattern=r"^[a-z]{2}$", description="Their language, where the keyword shows none."
    )


class PoolSection(_Section):
    """A named group of lines."""

    lines: Strings = Field(min_length=1, description="ICCIDs or numbers (E.164).")
    kind: Kind | None = Field(None, description="What its texts are that name no kind.")
    reject_calls: bool | None = Field(
        None, description="Whether calls to its lines are hung up; else `calls.reject` counts."
    )


class WebhookSection(_Section):
    """Where events are posted."""

    url: str = Field(pattern=r"^https?://", description="Private addresses are allowed here.")
    events: Strings = Field(["*"], min_length=1, description='Types of events, or "*".')
    secret: str = Field(description='"whsec_" and 24 to 64 bytes in base64.')

    @field_validator("secret")
    @classmethod
    def _is_standard(cls, value: str) -> str:
        try:
            size = len(base64.b64decode(value.removeprefix("whsec_"), validate=True))
        except binascii.Error:
            size = 0
        if not value.startswith("whsec_") or not 24 <= size <= 64:
            raise ValueError('a secret is "whsec_" and 24 to 64 random bytes in base64')
        return value


class LogSection(_Section):
    """What is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field("info", description="From here up.")
    format: Literal["auto", "json", "console"] = Field(
        "auto", description="auto: for people on a terminal, else JSON."
    )


class TestingSection(_Section):
    """For tests alone; never on a bank that texts people."""

    clock: Annotated[str, AfterValidator(_clock_address)] = Field(
        "",
        description='"unix:PATH": policy goes by the clock at this socket, not by real time. '
        "`modemgw simulate` serves one as DIR/clock.sock.",
    )


class _Environment(EnvSettingsSource):
    """The environment; what is no JSON is taken as it is and read by the field's own validator."""

    def decode_complex_value(self, field_name: str, field: FieldInfo, value: Any) -> Any:
        try:
            return super().decode_complex_value(field_name, field, value)
        except ValueError:
            return value


class Config(BaseSettings):
    """The whole configuration."""

    model_config = SettingsConfigDict(
        env_prefix=ENV_PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    database_url: Annotated[str, AfterValidator(_database)] = Field(
        "sqlite:///modemgw.db", description="SQLite for one host, PostgreSQL for several."
    )
    host: str = Field(
        default_factory=lambda: socket.gethostname()[:64],
        min_length=1,
        max_length=64,
        description="This daemon's name among several on one database. Default: the host's name.",
    )
    secret_file: Path = Field(
        Path("modemgw.secret"),
        description="Key of the hashes by which repeats are known; made when missing. "
        "The same file on every host of a database.",
    )
    api: ApiSection = Field(ApiSection(), description="The HTTP API.")
    modems: ModemsSection = Field(ModemsSection(), description="Where modems are looked for.")
    numbers: NumbersSection = Field(NumbersSection(), description="How numbers are read.")
    gate: GateSection = Field(GateSection(), description="What may be sent at all.")
    messages: MessagesSection = Field(MessagesSection(), description="What becomes of messages.")
    calls: CallsSection = Field(CallsSection(), description="What becomes of voice calls.")
    replies: RepliesSection = Field(RepliesSection(), description="Answers to STOP and HELP.")
    pools: dict[Annotated[str, Field(pattern=r"^[\w.-]{1,64}$")], PoolSection] = Field(
        {}, description="Named groups of lines."
    )
    webhooks: list[WebhookSection] = Field([], description="Where events are posted.")
    log: LogSection = Field(LogSection(), description="What is written to standard error.")
    test: TestingSection = Field(TestingSection(), description="For tests alone.")

    @model_validator(mode="after")
    def _webhooks_differ(self) -> Self:
        urls = [webhook.url for webhook in self.webhooks]
        if len(set(urls)) != len(urls):
            raise ValueError("webhooks: two endpoints have the same url; join their events")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment wins over the file."""
        del env_settings, dotenv_settings, file_secret_settings
        return (_Environment(settings_cls), init_settings)


def load(path: Path | None) -> Config:
    """Read a configuration; without a path, defaults and environment alone.

    Raises ConfigError that names each wrong key.
    """
    values: dict[str, Any] = {}
    if path is not None:
        try:
            values = TomlConfigSettingsSource(Config, path)() if path.exists() else _missing(path)
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{path} is no TOML: {error}") from None
        except OSError as error:
            raise ConfigError(f"cannot read {path}: {error.strerror}") from None
    try:
        return Config(**values)
    except ValidationError as error:
        raise ConfigError(_in_words(error, path)) from None


def _missing(path: Path) -> dict[str, Any]:
    raise ConfigError(f"there is no file {path}; docs/configuration.md shows how to write one")


def _in_words(error: ValidationError, path: Path | None) -> str:
    lines = []
    for fault in error.errors(include_url=False):
        where = ".".join(str(step) for step in fault["loc"]) or "configuration"
        words = fault["msg"].removeprefix("Value error, ")
        if fault["type"] == "extra_forbidden":
            words = "there is no such key"
        lines.append(f"{where}: {words}")
    return f"{path or 'the configuration'} cannot be used:\n  " + "\n  ".join(lines)


def read_secret(path: Path) -> bytes:
    """The key in `secret_file`, made and written (readable by its owner alone) when missing.

    Raises ConfigError.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        pass
    except OSError as error:
        raise ConfigError(f"secret_file: cannot make {path}: {error.strerror}") from None
    else:
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(SECRET_BYTES) + "\n")
            file.flush()
            os.fsync(file.fileno())
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        raise ConfigError(f"secret_file: {path} is no key of {SECRET_BYTES} bytes in hex") from None
    if len(key) < SECRET_BYTES:
        raise ConfigError(f"secret_file: {path} is no key of {SECRET_BYTES} bytes in hex")
    return key
