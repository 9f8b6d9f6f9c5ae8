"""The commands that the driver uses, typed.

Time limits are the makers' own where they are known (a listing of a full storage takes nine
seconds at 115,200 bit/s; a SIM answers late after a start), never tighter than five seconds.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Final

from modemgw.at import answers
from modemgw.at.command import Command, nothing
from modemgw.at.errors import AtError

if TYPE_CHECKING:
    from modemgw.at.answers import Operator, Registration, StorageChoices, StoredText

_SIM_S: Final = 15.0
_LIST_S: Final = 60.0
_DELETE_S: Final = 25.0
_RADIO_S: Final = 30.0

ATTENTION: Final = Command("AT", nothing, time_limit_s=1.0)
ECHO_OFF: Final = Command("ATE0", nothing)
WORDS: Final = Command("ATV1", nothing)
NUMERIC_ERRORS: Final = Command("AT+CMEE=1", nothing)
PDU_MODE: Final = Command("AT+CMGF=0", nothing)
PHASE_2: Final = Command("AT+CSMS=0", nothing, prefixes=("+CSMS",))
"""27.005 §3.2.1: without the duty to acknowledge, so that what is stored stays stored."""
REPORT_REGISTRATION: Final = Command("AT+CREG=1", nothing)
SHOW_USSD: Final = Command("AT+CUSD=1", nothing)
END_USSD: Final = Command("AT+CUSD=2", nothing, time_limit_s=_RADIO_S)
SHOW_CALLER: Final = Command("AT+CLIP=1", nothing, time_limit_s=_SIM_S)
FUNCTION: Final = Command("AT+CFUN?", answers.function, prefixes=("+CFUN",))
FULL_FUNCTION: Final = Command("AT+CFUN=1", nothing, time_limit_s=_SIM_S)

MARKERS: Final = tuple(
    Command(
        f"AT{prefix}?",
        nothing,
        prefixes=(prefix,),
        time_limit_s=2.0,
        marker=True,
    )
    for prefix in ("+CMEE", "+CMGF", "+CSMS", "+CNMI")
)
"""Commands whose answers cannot be mistaken for another's; see `modemgw.at.dialogue`."""


def _identity(name: str) -> Command[str]:
    return Command(f"AT{name}", answers.identity, prefixes=(name,), bare=True)


MAKER: Final = _identity("+CGMI")
MODEL: Final = _identity("+CGMM")
REVISION: Final = Command("AT+CGMR", answers.identity, prefixes=("+CGMR", "+REVISION"), bare=True)
IMEI: Final = Command("AT+CGSN", answers.imei, prefixes=("+CGSN",), bare=True)
IMSI: Final = Command("AT+CIMI", answers.imsi, prefixes=("+CIMI",), bare=True, time_limit_s=_SIM_S)

SIM_STATE: Final = Command("AT+CPIN?", answers.sim_state, prefixes=("+CPIN",), time_limit_s=_SIM_S)
OPERATOR: Final[Command[Operator]] = Command(
    "AT+COPS?", answers.operator, prefixes=("+COPS",), time_limit_s=_RADIO_S
)
SIGNAL: Final = Command("AT+CSQ", answers.rssi_dbm, prefixes=("+CSQ",))
SERVICE_CENTRE: Final = Command(
    "AT+CSCA?", answers.service_centre, prefixes=("+CSCA",), time_limit_s=_SIM_S
)
OWN_NUMBER: Final = Command("AT+CNUM", answers.own_number, prefixes=("+CNUM",), time_limit_s=_SIM_S)
STORAGE_CHOICES: Final[Command[StorageChoices]] = Command(
    "AT+CPMS=?", answers.storage_choices, prefixes=("+CPMS",), time_limit_s=_SIM_S
)
ANNOUNCEMENT_CHOICES: Final = Command(
    "AT+CNMI=?", answers.announcement_choices, prefixes=("+CNMI",)
)
LIST_TEXTS: Final[Command[tuple[StoredText, ...]]] = Command(
    "AT+CMGL=4", answers.stored_texts, prefixes=("+CMGL",), bare=True, time_limit_s=_LIST_S
)
"""27.005 §4.1 with `<stat>` 4, all: what another program read is marked as read."""


def enter_pin(pin: str) -> Command[None]:
    """`+CPIN=` (27.007 §8.3). Raises AtError for anything but 4 to 8 digits.

    Three wrong ones lock the SIM: nobody may call this twice for one SIM without a person.
    """
    if not re.fullmatch(r"[0-9]{4,8}", pin):
        raise AtError("a PIN has 4 to 8 digits")
    return Command(f'AT+CPIN="{pin}"', nothing, prefixes=(), time_limit_s=30.0, secret=True)


def read_pin_tries(name: str) -> Command[int]:
    """A maker's command for the tries left to the PIN: `+CPINR="SIM PIN"`, `^CPIN?`, `#PCT` …"""
    prefix = name.partition("=")[0].rstrip("?")
    return Command(
        f"AT{name}",
        partial(answers.pin_tries, prefix=prefix),
        prefixes=(prefix,),
        time_limit_s=_SIM_S,
    )


def read_registration(prefix: str) -> Command[Registration]:
    """`+CREG?`, `+CGREG?` or `+CEREG?` (27.007 §7.2, §10.1.20, §10.1.22)."""
    return Command(
        f"AT{prefix}?",
        partial(answers.registration, prefix=prefix),
        prefixes=(prefix,),
        is_answer=answers.is_registration_answer,
    )


REGISTRATIONS: Final = tuple(read_registration(p) for p in ("+CREG", "+CGREG", "+CEREG"))


def read_iccid(name: str) -> Command[str]:
    """A maker's command for the ICCID: `+CCID`, `+ICCID`, `+QCCID`, `^ICCID?`, `#CCID`, `+CRSM`."""
    if name == "+CRSM":
        return Command(
            "AT+CRSM=176,12258,0,0,10",
            answers.iccid_from_file,
            prefixes=("+CRSM",),
            time_limit_s=_SIM_S,
        )
    prefix = name.rstrip("?")
    return Command(f"AT{name}", answers.iccid, prefixes=(prefix,), bare=True, time_limit_s=_SIM_S)


def select_storage(read: str, receive: str | None = None) -> Command[None]:
    """`+CPMS` (27.005 §3.2.2): what is read and deleted; and what receives, where given."""
    names = (read,) if receive is None else (read, read, receive)
    values = ",".join(f'"{name}"' for name in names)
    return Command(f"AT+CPMS={values}", nothing, prefixes=("+CPMS",), time_limit_s=_SIM_S)


def announce(mode: int, texts: int, broadcasts: int, reports: int, buffer: int) -> Command[None]:
    """`+CNMI` (27.005 §3.4.1)."""
    return Command(f"AT+CNMI={mode},{texts},{broadcasts},{reports},{buffer}", nothing)


def read_text(index: int) -> Command[StoredText | None]:
    """`+CMGR` (27.005 §4.2) from the selected storage."""
    return Command(
        f"AT+CMGR={index}",
        answers.stored_text,
        prefixes=("+CMGR",),
        bare=True,
        time_limit_s=_SIM_S,
    )


def delete_text(index: int) -> Command[None]:
    """`+CMGD` (27.005 §3.5.4) of one index; never of all, which would take unread ones too."""
    return Command(f"AT+CMGD={index}", nothing, time_limit_s=_DELETE_S)


def submit(length: int, time_limit_s: float = 120.0) -> Command[int | None]:
    """`+CMGS` in PDU mode (27.005 §4.3); `length` in octets without the service centre's."""
    return Command(
        f"AT+CMGS={length}",
        answers.message_reference,
        prefixes=("+CMGS",),
        expects_prompt=True,
        time_limit_s=time_limit_s,
    )


def start_ussd(string: str, dcs: int | None = 15) -> Command[None]:
    """`+CUSD=1` (27.007 §7.15): start a session, or answer the network in one.

    `string` as the modem wants it (`modemgw.modem.ussd_text`). Raises AtError for what would end
    the string or the line.
    """
    if not re.fullmatch(r"[ !#-~]{1,400}", string):
        raise AtError(f"no USSD string: {string[:40]!r}")
    behind = "" if dcs is None else f",{dcs}"
    # `+CUSD:` is always an announcement, also where a modem prints it before the OK.
    return Command(f'AT+CUSD=1,"{string}"{behind}', nothing, time_limit_s=_RADIO_S)


def plain(text: str, time_limit_s: float = 5.0) -> Command[tuple[str, ...]]:
    """Any command as a person or a profile writes it; its answer as lines.

    Raises AtError for what is no command line: not printable ASCII, or not beginning with AT.
    """
    if not re.fullmatch(r"[Aa][Tt][ -~]{0,500}", text):
        raise AtError(f"no command line: {text[:40]!r}")
    found = re.match(r"AT([+^#$%*!&][A-Za-z0-9]+)", text, re.IGNORECASE)
    prefixes = (found[1].upper(),) if found else ()
    return Command(text, tuple, prefixes=prefixes, bare=True, time_limit_s=time_limit_s)
