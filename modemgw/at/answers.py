"""Answers as values: what the lines of each command mean.

Every parser takes the lines of an answer and raises AtError where they are not what the command
must answer; what a maker leaves out on purpose comes out as None.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Final

from modemgw.at.errors import AtError
from modemgw.at.parameters import Information, information, parameters, prefix_of

Lines = tuple[str, ...]


class Registration(IntEnum):
    """27.007 §7.2 `<stat>`."""

    NOT_SEARCHING = 0
    HOME = 1
    SEARCHING = 2
    DENIED = 3
    UNKNOWN = 4
    ROAMING = 5
    HOME_SMS_ONLY = 6
    ROAMING_SMS_ONLY = 7
    EMERGENCY_ONLY = 8

    @property
    def usable(self) -> bool:
        """Whether texts can go and come."""
        return self in _USABLE


_USABLE = frozenset(
    {
        Registration.HOME,
        Registration.ROAMING,
        Registration.HOME_SMS_ONLY,
        Registration.ROAMING_SMS_ONLY,
    }
)


@dataclass(frozen=True, slots=True)
class StoredText:
    """An entry of `+CMGL` or `+CMGR` in PDU mode (27.005 §3.4.2, §4.1).

    `status` is 0 or 1 for received ones (unread, read), 2 or 3 for own ones (unsent, sent); None
    where the modem left it out. `index` is -1 in an answer to `+CMGR`. `pdu` is as printed.
    """

    index: int
    status: int | None
    length: int | None
    pdu: str

    @property
    def received(self) -> bool:
        """Whether it came from the network, as far as the modem says."""
        return self.status not in (2, 3)


@dataclass(frozen=True, slots=True)
class Announcement:
    """Where an announced text or report lies (`+CMTI`, `+CDSI`, 27.005 §3.4.1)."""

    storage: str
    index: int


@dataclass(frozen=True, slots=True)
class Operator:
    """`+COPS?` (27.007 §7.3). `name` is None while there is none."""

    mode: int | None
    name: str | None


@dataclass(frozen=True, slots=True)
class StorageChoices:
    """What `+CPMS=?` offers (27.005 §3.2.2): reading, writing, receiving."""

    read: Lines
    write: Lines
    receive: Lines


def first(lines: Lines, prefix: str) -> Information:
    """The first line of an answer, which must have the prefix."""
    for line in lines:
        if prefix_of(line) == prefix:
            return information(line)
    raise AtError(f"no {prefix} in the answer {lines[:2]!r}")


def identity(lines: Lines) -> str:
    """`+CGMI` and its like: the text, without a prefix or quotes that some put around it."""
    for line in lines:
        text = line.split(":", 1)[1] if prefix_of(line) and ":" in line else line
        if text := text.strip().strip('"'):
            return text
    raise AtError("an empty identity")


def imei(lines: Lines) -> str:
    """`+CGSN`: 14 to 16 digits (23.003 §6.2)."""
    return _digits(lines, r"\d{14,16}", "IMEI")


def imsi(lines: Lines) -> str:
    """`+CIMI`: up to 15 digits (23.003 §2.2)."""
    return _digits(lines, r"\d{6,15}", "IMSI")


def iccid(lines: Lines) -> str:
    """`+CCID` and its like: 18 to 20 digits (E.118), filler `F` and quotes taken away."""
    for line in lines:
        found = re.search(r"(?<![0-9A-Fa-f])(89\d{16,18})[Ff]{0,2}(?![0-9A-Fa-f])", line)
        if found:
            return found[1]
    raise AtError(f"no ICCID in the answer {lines[:2]!r}")


def iccid_from_file(lines: Lines) -> str:
    """`+CRSM` of EF-ICCID (51.011 §10.1.1): ten octets, half octets swapped."""
    line = first(lines, "+CRSM")
    data = line.text(2) or ""
    if line.number(0) not in (0x90, 0x91, 0x9F) or not re.fullmatch(r"[0-9A-Fa-f]{20}", data):
        raise AtError(f"EF-ICCID could not be read: {lines[:1]!r}")
    return iccid(("".join(data[i + 1] + data[i] for i in range(0, 20, 2)),))


def sim_state(lines: Lines) -> str:
    """`+CPIN?` (27.007 §8.3): `READY`, `SIM PIN`, `SIM PUK` …, in capitals."""
    return (first(lines, "+CPIN").text(0) or "").upper()


def pin_tries(lines: Lines, prefix: str) -> int:
    """How often the PIN may still be entered wrongly: the first number of the answer.

    27.007 §8.65 `+CPINR: SIM PIN,3,3`; makers have `+QPINC: "SC",3,10`, `+SPIC: 3,10,0,10` …
    """
    line = first(lines, prefix)
    for position in range(len(line.parameters)):
        tries = line.number(position)
        if tries is not None and 0 <= tries <= _PIN_TRIES_LIMIT:
            return tries
    raise AtError(f"no number of tries in the answer {lines[:1]!r}")


_PIN_TRIES_LIMIT = 15  # 102.221 §9.5: counted in four bits


def function(lines: Lines) -> int | None:
    """`+CFUN?` (27.007 §8.2): 1 is full, 0 and 4 are without radio."""
    return first(lines, "+CFUN").number(0)


def registration(lines: Lines, prefix: str) -> Registration:
    """`+CREG?` and its like (27.007 §7.2)."""
    stat = first(lines, prefix).number(1)
    if stat is None:
        raise AtError(f"no <stat> in the answer {lines[:2]!r}")
    try:
        return Registration(stat)
    except ValueError:
        return Registration.UNKNOWN


def is_registration_answer(line: str) -> bool:
    """Tell `+CREG: <n>,<stat>…` from the announcement `+CREG: <stat>[,<lac>…]`.

    The second value of an announcement is an area code: quoted, or not a single digit.
    """
    return _REGISTRATION_ANSWER.fullmatch(line) is not None


_REGISTRATION_ANSWER = re.compile(r"\S+?\s*:?\s*\d+\s*,\s*0*\d{1,2}\s*(?:,.*)?")


def operator(lines: Lines) -> Operator:
    """`+COPS?` (27.007 §7.3)."""
    line = first(lines, "+COPS")
    return Operator(line.number(0), line.text(2))


def rssi_dbm(lines: Lines) -> int | None:
    """`+CSQ` (27.007 §8.5): -113 to -51 dBm; None: not known or not detectable."""
    rssi = first(lines, "+CSQ").number(0)
    if rssi is None or not 0 <= rssi <= 31:
        return None
    return 2 * rssi - 113


def service_centre(lines: Lines) -> str | None:
    """`+CSCA?` (27.005 §3.3.1); None where none is set."""
    line = first(lines, "+CSCA")
    number = line.text(0)
    if number is None:
        return None
    international = line.number(1) == _INTERNATIONAL and not number.startswith("+")
    return f"+{number}" if international else number


_INTERNATIONAL = 145


def own_number(lines: Lines) -> str | None:
    """`+CNUM` (27.007 §7.1): the first number; None where the SIM holds none."""
    for line in lines:
        found = information(line) if prefix_of(line) == "+CNUM" else None
        number = found.text(1) if found else None
        if found is None or number is None or not re.fullmatch(r"\+?\d{3,20}", number):
            continue
        international = found.number(2) == _INTERNATIONAL and not number.startswith("+")
        return f"+{number}" if international else number
    return None


def storage_choices(lines: Lines) -> StorageChoices:
    """`+CPMS=?` (27.005 §3.2.2). A modem that gives one list means it for all three."""
    line = first(lines, "+CPMS")
    outer = line.parameters[0] if len(line.parameters) == 1 else None
    if isinstance(outer, tuple) and any(isinstance(item, tuple) for item in outer):
        line = Information(line.prefix, outer)  # Wavecom puts a bracket around all three
    lists = [line.options(position) for position in range(min(3, len(line.parameters)))]
    if not lists or not lists[0]:
        raise AtError(f"no storage in the answer {lines[:1]!r}")
    while len(lists) < 3:
        lists.append(lists[0])
    return StorageChoices(*(tuple(name.upper() for name in names) for names in lists))


def announcement_choices(lines: Lines) -> tuple[Lines, ...]:
    """`+CNMI=?` (27.005 §3.4.1): what each of its values may be."""
    line = first(lines, "+CNMI")
    return tuple(line.options(position) for position in range(len(line.parameters)))


def stored_texts(lines: Lines) -> tuple[StoredText, ...]:
    """`+CMGL` (27.005 §4.1).

    Some modems print an entry behind the last PDU without a line end between. An entry without
    a readable index is left out: nothing could be done with it.
    """
    entries: list[StoredText] = []
    whole = [piece for line in lines for piece in re.split(r"(?<=[0-9A-Fa-f])(?=\+CMGL:)", line)]
    for position, line in enumerate(whole):
        if prefix_of(line) != "+CMGL":
            continue
        head = information(line)
        index = head.number(0)
        if index is None or index < 0:
            continue
        entries.append(
            StoredText(index, head.number(1), _length(head), _pdu_after(whole, position))
        )
    return tuple(entries)


def stored_text(lines: Lines) -> StoredText | None:
    """`+CMGR` (27.005 §4.2); None: nothing lies at that index."""
    for position, line in enumerate(lines):
        if prefix_of(line) == "+CMGR":
            head = information(line)
            pdu = _pdu_after(lines, position)
            return StoredText(-1, head.number(0), _length(head), pdu) if pdu else None
    return None


def _length(head: Information) -> int | None:
    # The alpha field is optional and some print one value more: the length is always last.
    return head.number(len(head.parameters) - 1)


def _pdu_after(lines: Lines | list[str], position: int) -> str:
    following = lines[position + 1] if position + 1 < len(lines) else ""
    return "" if prefix_of(following) else following.replace(" ", "")


def message_reference(lines: Lines) -> int | None:
    """`+CMGS` (27.005 §3.5.1): 0 to 255; None where the modem left it out."""
    for line in lines:
        if prefix_of(line) == "+CMGS":
            mr = information(line).number(0)
            return mr if mr is not None and 0 <= mr <= 255 else None
    return None


_STORAGE = re.compile(r"[A-Za-z0-9_]{1,6}")  # what else came is noise on the line


def announced(line: str) -> Announcement:
    """`+CMTI` or `+CDSI` (27.005 §3.4.1). Raises AtError where it names no place."""
    found = information(line)
    storage, index = found.text(0), found.number(1)
    if storage is None or not _STORAGE.fullmatch(storage) or index is None or index < 0:
        raise AtError(f"an announcement of nothing: {line[:40]!r}")
    return Announcement(storage.upper(), index)


def caller(line: str) -> str | None:
    """`+CLIP` (27.007 §7.11): the caller's number; None where it is withheld."""
    values = parameters(line.split(":", 1)[1]) if ":" in line else ()
    number = values[0] if values else None
    return number if isinstance(number, str) and number else None


def _digits(lines: Lines, pattern: str, what: str) -> str:
    for line in lines:
        found = re.search(rf"(?<!\d){pattern}(?!\d)", line)
        if found:
            return found[0]
    raise AtError(f"no {what} in the answer {lines[:2]!r}")


MAX_CHARACTERS: Final = 2048
"""Longest announcement: 182 characters as hex of UCS-2 have 728 (23.038 §6.1.2.3)."""

_USSD = re.compile(
    r"""\+CUSD\s*:\s*(?P<m>\d)\s*
    (?:,\s*(?:"(?P<quoted>.*?)"?|(?P<bare>[^",]*?))\s*
       (?:,\s*(?P<dcs>\d{1,3})?\s*)?)?$""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE | re.ASCII,
)
_OPEN = re.compile(r'\+CUSD\s*:[^"]*"(?P<behind>.*)', re.IGNORECASE | re.DOTALL)
_CLOSED = re.compile(r'"\s*(?:,\s*\d{0,3}\s*)?$', re.ASCII)
_HEX: Final = re.compile(r"(?:[0-9A-Fa-f]{2})+")


class UssdStatus(IntEnum):
    """27.007 §7.15 `<m>`: what becomes of the session."""

    DONE = 0
    ANSWER_WANTED = 1
    ENDED = 2
    OTHER_ANSWERED = 3
    NOT_SUPPORTED = 4
    TIMED_OUT = 5


class UssdForm(Enum):
    """What the string may be, by its shape alone."""

    EMPTY = "empty"
    HEX = "hex"  # of octets: packed septets, UCS-2 or 8-bit, as `dcs` has it
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class UssdString:
    """What the network said. `string` is as printed, lines joined by LF; None where there is
    none. `dcs` is the data coding scheme (23.038 §5), None where the modem left it out."""

    status: UssdStatus
    string: str | None
    dcs: int | None

    @property
    def form(self) -> UssdForm:
        """Hex that is really text (a menu "12 34"?) is told by nothing; short digits are text."""
        if not self.string:
            return UssdForm.EMPTY
        is_hex = _HEX.fullmatch(self.string) and (
            len(self.string) >= 8 or not self.string.isdigit()
        )
        return UssdForm.HEX if is_hex else UssdForm.TEXT


def ussd(lines: Lines) -> UssdString:
    """An announcement, of several lines where the string holds line ends. Raises AtError."""
    said = "\n".join(lines)
    found = _USSD.fullmatch(said) if len(said) <= MAX_CHARACTERS else None
    if found is None:
        raise AtError(f"no +CUSD: {lines[:1]!r}")
    try:
        status = UssdStatus(int(found["m"]))
    except ValueError:
        raise AtError(f"no such <m>: {lines[0][:40]!r}") from None
    dcs = int(found["dcs"]) if found["dcs"] else None
    if dcs is not None and dcs > 255:
        raise AtError(f"no such <dcs>: {dcs}")
    string = found["quoted"] if found["quoted"] is not None else found["bare"] or None
    return UssdString(status, string, dcs)


def opens_string(line: str) -> bool:
    """Whether the string of a `+CUSD` line goes on behind its end."""
    if prefix_of(line) != "+CUSD":
        return False
    found = _OPEN.match(line)
    return found is not None and not closes_string(found["behind"])


def closes_string(line: str) -> bool:
    """Whether the string of a `+CUSD` whose string is open ends on that line."""
    return _CLOSED.search(line) is not None
