"""Telnet and RFC 2217, as far as a serial port over the network needs them. Sans-I/O.

All that a bank's port must be told is its speed; control lines are left alone. What the other
side offers beyond binary transmission (RFC 856) and port control is refused, as RFC 854 wants.
"""

from __future__ import annotations

import struct
from enum import Enum, auto
from typing import Final

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
_SET_BAUDRATE: Final = 1
_WANTED: Final = frozenset({_BINARY, _SUPPRESS_GO_AHEAD, _COM_PORT})


class _At(Enum):
    DATA = auto()
    COMMAND = auto()  # behind IAC
    OPTION = auto()  # behind WILL, WONT, DO, DONT
    SUB = auto()
    SUB_COMMAND = auto()  # behind IAC inside of a subnegotiation


class Telnet:
    """One connection's escapes. Data that holds no escape passes through uncopied."""

    __slots__ = ("_at", "_verb")

    def __init__(self) -> None:
        self._at = _At.DATA
        self._verb = 0

    @staticmethod
    def greeting(baudrate: int) -> bytes:
        """What to write first: binary both ways, and the speed (RFC 2217 §3)."""
        wanted = b"".join(
            bytes((_IAC, verb, option))
            for option in (_BINARY, _SUPPRESS_GO_AHEAD)
            for verb in (_WILL, _DO)
        )
        speed = bytes((_COM_PORT, _SET_BAUDRATE)) + struct.pack(">I", baudrate)
        return (
            wanted
            + bytes((_IAC, _WILL, _COM_PORT))
            + bytes((_IAC, _SB))
            + Telnet.escape(speed)
            + bytes((_IAC, _SE))
        )

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
                reply += _refusal(self._verb, octet)
                self._at = _At.DATA
            case _At.SUB:
                self._at = _At.SUB_COMMAND if octet == _IAC else _At.SUB
            case _At.SUB_COMMAND:
                self._at = _At.DATA if octet == _SE else _At.SUB


def _refusal(verb: int, option: int) -> bytes:
    """Refuse what was not asked for; what was asked for has been settled by the greeting."""
    if option in _WANTED or verb in (_WONT, _DONT):
        return b""
    return bytes((_IAC, _DONT if verb == _WILL else _WONT, option))
