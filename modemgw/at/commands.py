"""The commands that the driver uses, typed: each a value with its line and the parse of its answer.

What may come back and how long it may take stands in `modemgw.at.grammar`.
"""

from __future__ import annotations

import re
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Final, TypeVar

from modemgw.at import answers
from modemgw.at.answers.storage import is_storage
from modemgw.at.command import Command, command, nothing
from modemgw.at.errors import AtError

if TYPE_CHECKING:
    from collections.abc import Callable

    from modemgw.at.answers import NetworkStatus, Registration, StoredText

T = TypeVar("T")

ATTENTION: Final = command("AT", nothing)
ECHO_OFF: Final = command("ATE0", nothing)
WORDS: Final = command("ATV1", nothing)
NUMERIC_ERRORS: Final = command("AT+CMEE=1", nothing)
DESCRIPTION: Final = command("ATI", answers.description)
MAKER: Final = command("AT+CGMI", answers.identity)
MODEL: Final = command("AT+CGMM", answers.identity)
REVISION: Final = command("AT+CGMR", answers.identity)
IMEI: Final = command("AT+CGSN", answers.imei)
IMEI_V250: Final = command("AT+GSN", answers.imei)
IMSI: Final = command("AT+CIMI", answers.imsi)
COMMAND_NAMES: Final = command("AT+CLAC", answers.command_names)

FUNCTION: Final = command("AT+CFUN?", answers.function)
FUNCTION_CHOICES: Final = command("AT+CFUN=?", answers.function_choices)
FULL_FUNCTION: Final = command("AT+CFUN=1", nothing)

SIM_STATE: Final = command("AT+CPIN?", answers.sim_state)
OWN_NUMBER: Final = command("AT+CNUM", answers.own_number)
OWN_NUMBERS: Final = command("AT+CNUM", answers.own_numbers)

REPORT_REGISTRATION: Final = command("AT+CREG=1", nothing)
OPERATOR: Final = command("AT+COPS?", answers.operator)
NETWORKS: Final = command("AT+COPS=?", answers.networks)
"""A scan of all bands: minutes without service. Only where a person asks for it."""
SIGNAL: Final = command("AT+CSQ", answers.rssi_dbm)
EXTENDED_SIGNAL: Final = command("AT+CESQ", answers.extended_signal)
INDICATORS: Final = command("AT+CIND=?", answers.indicators)
INDICATOR_VALUES: Final = command("AT+CIND?", answers.indicator_values)
CLOCK: Final = command("AT+CCLK?", answers.clock)
SMS_DOMAIN: Final = command("AT+CGSMS?", answers.sms_domain)

PDU_MODE: Final = command("AT+CMGF=0", nothing)
PHASE_2: Final = command("AT+CSMS=0", nothing)
"""27.005 §3.2.1: without the duty to acknowledge, so that what is stored stays stored."""
MESSAGE_SERVICE: Final = command("AT+CSMS?", answers.message_service)
STORAGE_CHOICES: Final = command("AT+CPMS=?", answers.storage_choices)
STORAGE_USE: Final = command("AT+CPMS?", answers.storage_use)
ANNOUNCEMENT_CHOICES: Final = command("AT+CNMI=?", answers.announcement_choices)
ANNOUNCEMENT_SETTINGS: Final = command("AT+CNMI?", answers.announcement_settings)
SERVICE_CENTRE: Final = command("AT+CSCA?", answers.service_centre)
RELAY_LINK: Final = command("AT+CMMS?", answers.relay_link)
LIST_TEXTS: Final = command("AT+CMGL=4", answers.stored_texts)
"""27.005 §4.1 with `<stat>` 4, all: what another program read is marked as read."""
DELETABLE: Final = command("AT+CMGD=?", answers.deletable)

SHOW_CALLER: Final = command("AT+CLIP=1", nothing)
CALLS: Final = command("AT+CLCC", answers.calls)
HANG_UP: Final = command("AT+CHUP", nothing)
HANG_UP_V250: Final = command("ATH", nothing)

SHOW_USSD: Final = command("AT+CUSD=1", nothing)
END_USSD: Final = command("AT+CUSD=2", nothing)

MARKERS: Final = tuple(
    command(f"AT{name}?", nothing, time_limit_s=2.0, marker=True)
    for name in ("+CMEE", "+CMGF", "+CSMS", "+CNMI", "+CSCS", "+CRC")
)
"""Commands whose answers cannot be mistaken for another's; see `modemgw.at.dialogue`."""


def enter_pin(pin: str, new: str | None = None) -> Command[None]:
    """`+CPIN=` (27.007 §8.3); with a PUK and the `new` PIN where that is asked for.

    Raises AtError for anything but 4 to 8 digits. Three wrong ones lock the SIM: nobody may call
    this twice for one SIM without a person.
    """
    codes = (pin,) if new is None else (pin, new)
    if not all(re.fullmatch(r"[0-9]{4,8}", code) for code in codes):
        raise AtError("a PIN has 4 to 8 digits")
    values = ",".join(f'"{code}"' for code in codes)
    return command(f"AT+CPIN={values}", nothing, secret=True)


def read_pin_tries(name: str) -> Command[int]:
    """A maker's command for the tries left to the PIN: `+CPINR="SIM PIN"`, `^CPIN?`, `#PCT` …"""
    prefix = name.partition("=")[0].rstrip("?").upper()
    return command(f"AT{name}", partial(answers.pin_tries, prefix=prefix))


def read_registration(prefix: str) -> Command[Registration]:
    """`+CREG?`, `+CGREG?` or `+CEREG?` (27.007 §7.2, §10.1.20, §10.1.22): the state alone."""
    return command(f"AT{prefix}?", partial(answers.registration, prefix=prefix))


def read_network(prefix: str) -> Command[NetworkStatus]:
    """As `read_registration`, with area, cell and radio where they are reported."""
    return command(f"AT{prefix}?", partial(answers.network_status, prefix=prefix))


def report_registration(prefix: str, n: int) -> Command[None]:
    """`+CREG=` and its like: 0 nothing, 1 changes of state, 2 of cell too."""
    return command(f"AT{prefix}={n}", nothing)


REGISTRATIONS: Final = tuple(read_registration(p) for p in ("+CREG", "+CGREG", "+CEREG"))


def read_iccid(name: str) -> Command[str]:
    """A maker's command for the ICCID: `+CCID`, `+ICCID`, `+QCCID`, `^ICCID?`, `#CCID`, `+CRSM`."""
    if name == "+CRSM":
        # READ BINARY of EF-ICCID, 2FE2 (51.011 §10.1.1).
        return command("AT+CRSM=176,12258,0,0,10", answers.iccid_from_file)
    return command(f"AT{name}", answers.iccid)


def select_storage(read: str, receive: str | None = None) -> Command[None]:
    """`+CPMS` (27.005 §3.2.2): what is read and deleted; and what receives, where given.

    Raises AtError for what is no storage's name.
    """
    return _select(nothing, read, receive)


def use_storage(
    read: str, receive: str | None = None, places: int = 3
) -> Command[tuple[answers.StorageUse, ...]]:
    """As `select_storage`; the answer tells how full they are. `places` is how many storages the
    modem lets name."""
    return _select(answers.storage_use, read, receive, places)


def announce(mode: int, texts: int, broadcasts: int, reports: int, buffer: int) -> Command[None]:
    """`+CNMI` (27.005 §3.4.1)."""
    return command(f"AT+CNMI={mode},{texts},{broadcasts},{reports},{buffer}", nothing)


def read_text(index: int) -> Command[StoredText | None]:
    """`+CMGR` (27.005 §4.2) from the selected storage."""
    return command(f"AT+CMGR={index}", answers.stored_text)


def delete_text(index: int) -> Command[None]:
    """`+CMGD` (27.005 §3.5.4) of one index; never of all, which would take unread ones too."""
    return command(f"AT+CMGD={index}", nothing)


@lru_cache(maxsize=1_024)
def submit(length: int, time_limit_s: float | None = None) -> Command[int | None]:
    """`+CMGS` in PDU mode (27.005 §4.3); `length` in octets without the service centre's."""
    return command(f"AT+CMGS={length}", answers.message_reference, time_limit_s=time_limit_s)


def store_text(length: int) -> Command[int]:
    """`+CMGW` in PDU mode (27.005 §4.4): its index in the storage for writing."""
    return command(f"AT+CMGW={length}", answers.written_index)


def submit_stored(index: int) -> Command[int | None]:
    """`+CMSS` (27.005 §4.7): what `store_text` has stored."""
    return command(f"AT+CMSS={index}", answers.message_reference)


def keep_relay_link(mode: int) -> Command[None]:
    """`+CMMS` (27.005 §3.5.6): 1 keeps the link to the network for the next text, 2 for all."""
    return command(f"AT+CMMS={mode}", nothing)


def acknowledge(*, accept: bool | None = None) -> Command[None]:
    """`+CNMA` (27.005 §4.6): what came directly is taken (RP-ACK), or not (RP-ERROR).

    None leaves the value out, which older modems demand.
    """
    values = "" if accept is None else "=1" if accept else "=2"
    return command(f"AT+CNMA{values}", nothing)


def set_service_centre(number: str) -> Command[None]:
    """`+CSCA=` (27.005 §3.3.1). Raises AtError for anything but digits with or without +."""
    if not re.fullmatch(r"\+?[0-9]{1,20}", number):
        raise AtError("no number of a service centre")
    kind = 145 if number.startswith("+") else 129
    return command(f'AT+CSCA="{number}",{kind}', nothing)


def set_function(function: int, *, reset: bool = False) -> Command[None]:
    """`+CFUN=` (27.007 §8.2): 1 full, 4 without radio; `reset` restarts the modem before."""
    return command(f"AT+CFUN={function}" + (",1" if reset else ""), nothing)


def set_sms_domain(domain: int) -> Command[None]:
    """`+CGSMS=` (27.007 §10.1.21): 0 PS, 1 CS, 2 PS preferred, 3 CS preferred."""
    return command(f"AT+CGSMS={domain}", nothing)


def start_ussd(string: str, dcs: int | None = 15) -> Command[None]:
    """`+CUSD=1` (27.007 §7.15): start a session, or answer the network in one.

    `string` as the modem wants it: text, or hex by `dcs` and `+CSCS`; None leaves `dcs` out, as
    some demand. The network's answer is an announcement, after the OK or, on a few, before it.
    Raises AtError for a string that would end in its quotes, or is no ASCII.
    """
    if not re.fullmatch(r"[ !#-~]{1,400}", string):
        raise AtError(f"no USSD string: {string[:40]!r}")
    behind = "" if dcs is None else f",{dcs}"
    return command(f'AT+CUSD=1,"{string}"{behind}', nothing)


def plain(text: str, time_limit_s: float = 5.0) -> Command[tuple[str, ...]]:
    """Any command line as a person or a profile writes it; its answer as lines.

    `time_limit_s` holds where the table has no longer one. Raises AtError for what is no command
    line: not printable ASCII, or not beginning with AT.
    """
    found = command(text, _as_lines)
    if found.time_limit_s >= time_limit_s:
        return found
    return command(text, _as_lines, time_limit_s=time_limit_s)


def _as_lines(lines: tuple[str, ...]) -> tuple[str, ...]:
    return lines


def _select(
    parse: Callable[[tuple[str, ...]], T], read: str, receive: str | None, places: int = 3
) -> Command[T]:
    names = (read,) if receive is None else (read, read, receive)[:places]
    if not all(is_storage(name) for name in names):
        raise AtError(f"no storage: {names[-1]!r}")
    values = ",".join(f'"{name}"' for name in names)
    return command(f"AT+CPMS={values}", parse)
