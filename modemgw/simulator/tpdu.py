"""TPDUs as the network handles them: octets cut and put together, texts left alone.

A real service centre passes user data on without reading it, and so does this one: what a modem
submitted arrives bit for bit. It shares nothing with the codec under test (3GPP TS 23.040 §9).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta

_REMEMBERED = 4096  # a bank at work asks for the same few numbers and for the present second
_DIGITS = "0123456789*#abc"
_MAX_DIGITS = 20
_INTERNATIONAL = 0x91
_UNKNOWN = 0x81

_MTI_SUBMIT = 0x01
_MTI_REPORT = 0x02
_RD = 0x04  # duplicates are to be rejected, §9.2.3.25
_SRR = 0x20  # status report requested, §9.2.3.5
_SRI = 0x20  # a status report goes back to the sender, §9.2.3.4
_RP = 0x80  # reply path, §9.2.3.17
_UDHI = 0x40  # user data begins with a header, §9.2.3.23
_NO_MORE_MESSAGES = 0x04  # §9.2.3.2: set means that none wait
_VALIDITY_OCTETS = {0x00: 0, 0x10: 1, 0x08: 7, 0x18: 7}  # §9.2.3.3
_REPLACE_TYPES = range(0x41, 0x48)  # replace short message types 1 to 7, §9.2.3.9
_TYPE_0 = 0x40  # TP-PID of a message that is acknowledged and thrown away, §9.2.3.9


class TpduError(ValueError):
    """A TPDU that no modem would take; answered with `+CMS ERROR: 304`."""


@dataclass(frozen=True, slots=True)
class Submit:
    """An SMS-SUBMIT as far as a service centre reads it (§9.2.2.2).

    `sca` and `address` are whole fields with their length octets; `user_data` is TP-UDL and TP-UD.
    """

    sca: bytes
    first: int
    address: bytes
    pid: int
    dcs: int
    validity: bytes
    user_data: bytes

    @property
    def destination(self) -> str:
        """The number it goes to, `+` in front where it is international."""
        return _number(self.address)

    @property
    def wants_report(self) -> bool:
        return bool(self.first & _SRR)

    @property
    def length(self) -> int:
        """The n of `AT+CMGS=n`: octets without the service centre's address."""
        return len(self.hex(0)) // 2 - len(self.sca)

    @property
    def rejects_duplicates(self) -> bool:
        return bool(self.first & _RD)

    @property
    def is_type_0(self) -> bool:
        """Whether a phone acknowledges it and throws it away."""
        return self.pid == _TYPE_0

    @property
    def replaces(self) -> bool:
        """Whether it takes the place of an earlier one with the same TP-PID and sender."""
        return self.pid in _REPLACE_TYPES

    def hex(self, mr: int) -> str:
        """The PDU as it leaves the modem, under the message reference that the modem gave it."""
        head = bytes((self.first, mr)) + self.address + bytes((self.pid, self.dcs))
        return (self.sca + head + self.validity + self.user_data).hex().upper()


def parse_submit(text: str, length: int, *, is_stored: bool = False) -> Submit:
    """Read what stood between the prompt and Ctrl-Z; `length` is the n of `AT+CMGS=n`.

    Raises TpduError where the hex is none, the length differs or the fields do not add up, and
    without a destination, which one that `is_stored` may get when it is sent.
    """
    try:
        octets = bytes.fromhex(text)
    except ValueError:
        raise TpduError("the PDU is no hex") from None
    try:
        body_at = 1 + octets[0]
        body = octets[body_at:]
        if len(body) != length:
            raise TpduError(f"{len(body)} octets came, {length} were announced")
        first = body[0]
        if first & 0x03 != _MTI_SUBMIT:
            raise TpduError("this is no SMS-SUBMIT")
        pid_at = 4 + (body[2] + 1) // 2
        user_data_at = pid_at + 2 + _VALIDITY_OCTETS[first & 0x18]
        submit = Submit(
            sca=octets[:body_at],
            first=first,
            address=body[2:pid_at],
            pid=body[pid_at],
            dcs=body[pid_at + 1],
            validity=body[pid_at + 2 : user_data_at],
            user_data=body[user_data_at:],
        )
        announced = submit.user_data[0]
    except IndexError:
        raise TpduError("the PDU is cut short") from None
    if len(submit.user_data) - 1 not in (announced, (announced * 7 + 7) // 8):
        raise TpduError(f"user data says {announced}, {len(submit.user_data) - 1} octets are there")
    if not submit.address[0] and not is_stored:
        raise TpduError("there is no destination")
    return submit


def deliver_of(submit: Submit, *, sender: str, smsc: str, at: datetime) -> str:
    """The SMS-DELIVER that a submit becomes on its way to the recipient (§9.2.2.1), in hex."""
    first = _NO_MORE_MESSAGES | submit.first & (_UDHI | _RP)
    if submit.wants_report:
        first |= _SRI
    head = bytes((first,)) + encode_address(sender) + bytes((submit.pid, submit.dcs))
    return (encode_sca(smsc) + head + encode_timestamp(at) + submit.user_data).hex().upper()


def report_on(
    submit: Submit, *, mr: int, st: int, smsc: str, submitted: datetime, done: datetime
) -> str:
    """The SMS-STATUS-REPORT on a submit (§9.2.2.3), in hex. `st` is TP-ST, 0 to 255."""
    head = bytes((_MTI_REPORT | _NO_MORE_MESSAGES, mr)) + submit.address
    times = encode_timestamp(submitted) + encode_timestamp(done)
    return (encode_sca(smsc) + head + times + bytes((st,))).hex().upper()


@dataclass(frozen=True, slots=True)
class Incoming:
    """What a modem must know of a TPDU from the network to route it (23.038 §4, 27.005 §3.4.1).

    `length` is what `+CMT` and `+CMGR` announce: octets without the service centre's address.
    """

    pdu: str
    length: int
    is_report: bool
    message_class: int | None
    is_type_0: bool


def look(pdu: str) -> Incoming:
    """Look at a PDU in hex from the network. What is cut short counts as a plain message."""
    octets = bytes.fromhex(pdu)
    body = octets[1 + octets[0] :] if octets else b""
    is_report = bool(body) and body[0] & 0x03 == _MTI_REPORT
    pid = dcs = 0
    if not is_report and len(body) > 2:
        pid_at = 3 + (body[1] + 1) // 2
        if len(body) > pid_at + 1:
            pid, dcs = body[pid_at], body[pid_at + 1]
    return Incoming(pdu, len(body), is_report, message_class(dcs), pid == _TYPE_0)


def message_class(dcs: int) -> int | None:
    """The class 0 to 3 that a data coding scheme bears; None without one (23.038 §4)."""
    if dcs & 0xF0 == 0xF0 or (dcs & 0x90 == 0x10):
        return dcs & 0x03
    return None


@lru_cache(_REMEMBERED)
def encode_address(number: str, kind: int | None = None) -> bytes:
    """An address field: count of digits, type, semi-octets (§9.1.2.5). `kind` is its type; by
    default that which a `+` in front, or none, tells. ValueError for what is no number."""
    digits = number.removeprefix("+")
    if len(digits) > _MAX_DIGITS:
        raise ValueError(f"{len(digits)} digits, {_MAX_DIGITS} at most")
    return bytes((len(digits), kind or type_of(number))) + _semi_octets(digits)


@lru_cache(_REMEMBERED)
def encode_sca(number: str) -> bytes:
    """A service-centre address: count of octets, type, semi-octets (24.011 §8.2.5.1)."""
    if not number:
        return b"\x00"
    body = bytes((type_of(number),)) + _semi_octets(number.removeprefix("+"))
    return bytes((len(body),)) + body


def encode_timestamp(at: datetime) -> bytes:
    """TP-SCTS or TP-DT of an aware time (§9.2.3.11)."""
    return _timestamp(at.replace(microsecond=0, tzinfo=None), at.utcoffset())


@lru_cache(_REMEMBERED)
def _timestamp(at: datetime, offset: timedelta | None) -> bytes:
    quarters = round(offset.total_seconds() / 900) if offset else 0
    zone = _swapped(abs(quarters)) | (0x08 if quarters < 0 else 0)
    fields = (at.year % 100, at.month, at.day, at.hour, at.minute, at.second)
    return bytes(_swapped(field) for field in fields) + bytes((zone,))


def _swapped(value: int) -> int:
    return (value % 10) << 4 | value // 10


def type_of(number: str) -> int:
    """The type of address that a number has by its looks (24.008 §10.5.4.7)."""
    return _INTERNATIONAL if number.startswith("+") else _UNKNOWN


def _semi_octets(digits: str) -> bytes:
    codes = [_DIGITS.index(digit) for digit in digits]
    if len(codes) % 2:
        codes.append(0x0F)
    return bytes(low | high << 4 for low, high in zip(codes[::2], codes[1::2], strict=True))


@lru_cache(_REMEMBERED)
def _number(address: bytes) -> str:
    digits = "".join(
        _DIGITS[code] for octet in address[2:] for code in (octet & 0x0F, octet >> 4) if code < 0x0F
    )[: address[0]]
    return "+" + digits if address[1] & 0x70 == 0x10 else digits
