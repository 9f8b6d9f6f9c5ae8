"""The character set between modem and user, as `+CSCS` chooses it (27.007 §5.5, 27.005 annex A).

On the wire a character is an octet, so strings of the wire are Latin-1. What a set cannot say
becomes a question mark.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

CHARSETS = ("IRA", "GSM", "UCS2", "HEX")


class CharsetError(ValueError):
    """A string that is none in the character set in force."""


def written(text: str, charset: str) -> str:
    """`text` as the modem prints it in `charset`."""
    return _WRITERS[charset](text)


def read(string: str, charset: str) -> str:
    """What a string from the user says in `charset`. Raises CharsetError."""
    try:
        return _READERS[charset](string)
    except ValueError:
        raise CharsetError(f"{string[:20]!r} is no {charset}") from None


def _write_ira(text: str) -> str:
    return text.encode("ascii", "replace").decode("ascii")


def _write_gsm(text: str) -> str:
    return text.encode("gsm7", "replace").decode("latin-1")


def _write_ucs2(text: str) -> str:
    return text.encode("utf-16-be", "surrogatepass").hex().upper()


def _write_hex(text: str) -> str:
    return text.encode("gsm7", "replace").hex().upper()


def _read_ira(string: str) -> str:
    return string.encode("ascii", "replace").decode("ascii")


def _read_gsm(string: str) -> str:
    return string.encode("latin-1").decode("gsm7")


def _read_ucs2(string: str) -> str:
    return bytes.fromhex(string).decode("utf-16-be", "surrogatepass")


def _read_hex(string: str) -> str:
    return bytes.fromhex(string).decode("gsm7")


_WRITERS: dict[str, Callable[[str], str]] = {
    "IRA": _write_ira,
    "GSM": _write_gsm,
    "UCS2": _write_ucs2,
    "HEX": _write_hex,
}
_READERS: dict[str, Callable[[str], str]] = {
    "IRA": _read_ira,
    "GSM": _read_gsm,
    "UCS2": _read_ucs2,
    "HEX": _read_hex,
}
