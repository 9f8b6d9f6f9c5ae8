"""Telnet and RFC 2217, as far as a serial port over the network needs them. Sans-I/O.

The server is told the port's speed, parity and flow control, once it agrees to control its port.
Control lines are left alone, and nothing is purged. What the server offers beyond binary
transmission (RFC 856) and port control is refused, as RFC 854 wants.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from modemgw.modem.settings import Parity

_IAC: Final = 255
_DONT: Final = 254
_DO: Final = 253
_WONT: Final = 252
_WILL: Final = 251
_SB: Final = 250
_SE: Final = 240
_BINARY: Final = 0
_SUPPRESS_GO_AHEAD: Final = 3
_COM_PORT: Final = 44
_WANTED: Final = frozenset({_BINARY, _SUPPRESS_GO_AHEAD, _COM_PORT})

# RFC 2217 §3: commands of the client, and their values.
_SET_BAUDRATE: Final = 1
_SET_DATASIZE: Final = 2
_SET_PARITY: Final = 3
_SET_STOPSIZE: Final = 4
_SET_CONTROL: Final = 5
_SET_LINESTATE_MASK: Final = 10
_SET_MODEMSTATE_MASK: Final = 11
_PARITIES: Final = {Parity.NONE: 1, Parity.ODD: 2, Parity.EVEN: 3}
_NO_FLOW_CONTROL: Final = 1
_XONXOFF: Final = 2
_RTSCTS: Final = 3


@dataclass(frozen=True, slots=True)
class LineSettings:
    """How the server is to run its serial port: eight bits, one stop bit, and this."""

    baudrate: int
    parity: Parity = Parity.NONE
    xonxoff: bool = False
    rtscts: bool = False


class _At(Enum):
    DATA = auto()
    COMMAND = auto()  # behind IAC
    OPTION = auto()  # behind WILL, WONT, DO, DONT
    SUB = auto()
    SUB_COMMAND = auto()  # behind IAC inside of a subnegotiation


class Telnet:
    """One connection's escapes. Data that holds no escape passes through uncopied."""

    __slots__ = ("_at", "_settings", "_verb", "has_port_control")

    def __init__(self, settings: LineSettings) -> None:
        self._settings = settings
        self._at = _At.DATA
        self._verb = 0
        self.has_port_control: bool | None = None
        """Whether the server controls its port as RFC 2217 has it; None until it has said so."""

    @staticmethod
    def greeting() -> bytes:
        """What to write first: binary both ways, and the offer to control the port."""
        wanted = b"".join(
            bytes((_IAC, verb, option))
            for option in (_BINARY, _SUPPRESS_GO_AHEAD)
            for verb in (_WILL, _DO)
        )
        return wanted + bytes((_IAC, _WILL, _COM_PORT))

    @staticmethod
    def escape(data: bytes) -> bytes:
        """Data as it has to be written."""
        return data.replace(b"\xff", b"\xff\xff")

    def receive(self, data: bytes) -> tuple[bytes, bytes]:
        """What was read: the data in it, and what has to be answered. Never raises."""
        if self._at is _At.DATA and _IAC not in data:
            return data, b""
        plain, reply = bytearray(), bytearray()
        for octet in data:
            self._take(octet, plain, reply)
        return bytes(plain), bytes(reply)

    def _take(self, octet: int, plain: bytearray, reply: bytearray) -> None:
        match self._at:
            case _At.DATA if octet == _IAC:
                self._at = _At.COMMAND
            case _At.DATA:
                plain.append(octet)
            case _At.COMMAND if octet == _IAC:
                plain.append(octet)
                self._at = _At.DATA
            case _At.COMMAND if octet in (_WILL, _WONT, _DO, _DONT):
                self._verb = octet
                self._at = _At.OPTION
            case _At.COMMAND:
                self._at = _At.SUB if octet == _SB else _At.DATA
            case _At.OPTION:
                reply += self._answer(octet)
                self._at = _At.DATA
            case _At.SUB:
                self._at = _At.SUB_COMMAND if octet == _IAC else _At.SUB
            case _At.SUB_COMMAND:
                self._at = _At.DATA if octet == _SE else _At.SUB

    def _answer(self, option: int) -> bytes:
        """What was asked for was settled by the greeting; what was not is refused."""
        if option == _COM_PORT and self._verb in (_DO, _DONT):
            is_first = self.has_port_control is None
            self.has_port_control = self._verb == _DO
            return self._requests() if is_first and self.has_port_control else b""
        if option in _WANTED or self._verb in (_WONT, _DONT):
            return b""
        return bytes((_IAC, _DONT if self._verb == _WILL else _WONT, option))

    def _requests(self) -> bytes:
        """The port's settings, and no notices of its lines (RFC 2217 §3)."""
        line = self._settings
        flow = _RTSCTS if line.rtscts else _XONXOFF if line.xonxoff else _NO_FLOW_CONTROL
        return b"".join(
            (
                _request(_SET_BAUDRATE, struct.pack(">I", line.baudrate)),
                _request(_SET_DATASIZE, b"\x08"),
                _request(_SET_PARITY, bytes((_PARITIES[line.parity],))),
                _request(_SET_STOPSIZE, b"\x01"),
                _request(_SET_CONTROL, bytes((flow,))),
                _request(_SET_LINESTATE_MASK, b"\x00"),
                _request(_SET_MODEMSTATE_MASK, b"\x00"),
            )
        )


def _request(command: int, value: bytes) -> bytes:
    content = Telnet.escape(bytes((_COM_PORT, command)) + value)
    return bytes((_IAC, _SB)) + content + bytes((_IAC, _SE))
