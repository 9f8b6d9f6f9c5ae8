"""What differs between makers, as data: a value read from a file of `profiles/`.

A profile says how a modem is recognised, what to send it besides the common initialisation, how it
is reset, what it announces, and how surely each of that is known. Every command in it is optional
to the modem: an error answer is noted and passed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Annotated, Final

from pydantic import AfterValidator, Field, StringConstraints, with_config

from modemgw.modem.evidence import (
    STRICT,
    CommandLine,
    Lever,
    Proof,
    Quirk,
    Reclassified,
    Words,
)
from modemgw.modem.ussd_text import UssdStyle

_ICCID_COMMANDS: Final = ("+CCID", "+ICCID", "+QCCID", "^ICCID?", "#CCID", "+CRSM")
_PIN_TRIES_COMMANDS: Final = (
    '+CPINR="SIM PIN"',
    '+QPINC="SC"',
    "+SPIC",
    "#PCT",
    "+UPINCNT",
    "^SPIC",
    "^CPIN?",
)


class Reports(StrEnum):
    """How a modem is asked to hand over status reports (27.005 §3.4.1 `<ds>`)."""

    STORED = "stored"  # 2: stored and announced, so that a crash of ours loses none
    DIRECT = "direct"  # 1: at once, and gone


class Domain(IntEnum):
    """The way that outgoing texts take (27.007 §10.1.21 `+CGSMS`)."""

    PACKET_ONLY = 0
    CIRCUIT_ONLY = 1
    PACKET_PREFERRED = 2
    CIRCUIT_PREFERRED = 3

    @property
    def words(self) -> str:
        """For people."""
        first, _, how = self.name.lower().partition("_")
        other = "circuit" if first == "packet" else "packet"
        return first if how == "only" else f"{first}, else {other}"


def _pattern(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"no regular expression: {error}") from None
    return value


Pattern = Annotated[str, StringConstraints(max_length=200), AfterValidator(_pattern)]
CommandName = Annotated[str, StringConstraints(pattern=r"^[+^#*$%!][A-Z0-9][ -~]{0,60}$")]
UsbId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{4}:([0-9a-f]{4}|\*)$")]
Storage = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Seconds = Annotated[float, Field(gt=0, le=3_600)]


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Profile:
    """A kind of modem.

    What it is: `about` and `models` are for people; `extends` names the profile whose settings it
    takes over where it has none of its own. `maker` and `model` are regular expressions, case
    apart, that the answers to `+CGMI` and `+CGMM` contain; `usb` are ids (`2c7c:0125`, `12d1:*`)
    that tell it where it says another name.

    What is sent: `silence` (against announcements that nobody needs), then `init`, after each
    start; `iccid` and `pin_tries` to ask, until one answers; `reset` to restart it; `hang_up`
    to refuse a call, until one is accepted.

    Texts: `storages` in order of preference; `reports`, the form that is asked for first; `domain`,
    the `+CGSMS` value to set (None: as it is); `domains`, the values worth trying where texts do
    not go, the likeliest first; `submit_s`, how long a submit may take (None: the common limit).

    Other services: `ussd`, whether USSD strings are given to it as `text` or `packed` into hex.

    Its life: `start_s`, from power-up or reset to its first answer (None: not known); `settle_s`,
    its rest after the PIN; `boot_words`, lines that it prints when it has started and forgotten
    its settings; `ready_words`, lines after which texts may be asked for. Either has it set up
    anew. Case and blanks do not count.

    What else is known: `reclassified` errors, `levers` to try by hand, and `quirks`, which give the
    reasons for all of the above; the last are never taken over from another profile.
    """

    name: str
    about: Annotated[str, StringConstraints(max_length=200)] = ""
    models: tuple[Words, ...] = ()
    extends: str = ""
    maker: Pattern = ""
    model: Pattern = ""
    usb: tuple[UsbId, ...] = ()
    silence: tuple[CommandLine, ...] = ()
    init: tuple[CommandLine, ...] = ()
    iccid: Annotated[tuple[CommandName, ...], Field(min_length=1)] = _ICCID_COMMANDS
    pin_tries: tuple[CommandName, ...] = _PIN_TRIES_COMMANDS
    reset: CommandLine = "AT+CFUN=1,1"
    hang_up: Annotated[tuple[CommandLine, ...], Field(min_length=1)] = ("AT+CHUP", "ATH")
    storages: Annotated[tuple[Storage, ...], Field(min_length=1)] = ("ME", "MT", "SM")
    reports: Reports = Reports.DIRECT
    domain: Domain | None = None
    domains: tuple[Domain, ...] = ()
    submit_s: Seconds | None = None
    ussd: UssdStyle = UssdStyle.TEXT
    start_s: Seconds | None = None
    settle_s: Seconds = 1.0
    boot_words: tuple[Words, ...] = ()
    ready_words: tuple[Words, ...] = ()
    reclassified: tuple[Reclassified, ...] = ()
    levers: tuple[Lever, ...] = ()
    quirks: tuple[Quirk, ...] = ()

    @property
    def proved(self) -> frozenset[Proof]:
        """What transcripts of such a modem prove."""
        return frozenset(quirk.proves for quirk in self.quirks if quirk.proves)

    @property
    def supported(self) -> bool:
        """Whether a dialogue about texts with such a modem is among the test data."""
        return Proof.TEXTS in self.proved

    def matches(self, maker: str, model: str) -> bool:
        """Whether a modem that calls itself so is of this kind."""
        if not (self.maker or self.model):
            return False
        return _contains(self.maker, maker) and _contains(self.model, model)

    def has_usb_id(self, identity: str) -> bool:
        """Whether a device of this `VENDOR:PRODUCT`, in lower-case hex, is of this kind."""
        vendor = identity.partition(":")[0]
        return identity in self.usb or f"{vendor}:*" in self.usb

    def tells_start(self, line: str) -> bool:
        """Whether this line says that the modem has started, or that it is ready since."""
        said = _compact(line)
        return any(_compact(words) == said for words in (*self.boot_words, *self.ready_words))

    def reclassify(self, family: str, code: int | None) -> Reclassified | None:
        """What an error after Ctrl-Z means on this modem; None: what the standards say."""
        for known in self.reclassified:
            if (known.family, known.code) == (family, code):
                return known
        return None


def _compact(line: str) -> str:
    return "".join(line.upper().split())


def _contains(pattern: str, text: str) -> bool:
    return re.search(pattern, text, re.IGNORECASE) is not None
