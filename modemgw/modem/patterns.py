"""How the configuration names ports: a path, a glob, a USB identity, or a URL."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from urllib.parse import urlsplit

USB_PREFIX: Final = "usb:"
_GLOB: Final = frozenset("*?[")
_IDENTITY: Final = re.compile(r"([0-9a-f]{4}):([0-9a-f]{4}|\*)", re.IGNORECASE)
_INTERFACE: Final = re.compile(r"[0-9a-f]{1,2}", re.IGNORECASE)
_USB_FORM: Final = '"2c7c:0125", behind it "if=02", "serial=…" or "product=…" as needed'


class Scheme(StrEnum):
    """How a port is reached over the network."""

    SOCKET = "socket"  # bytes over TCP as they are
    RFC2217 = "rfc2217"  # Telnet with port control


@dataclass(frozen=True, slots=True)
class NetworkAddress:
    """Where a device server listens."""

    scheme: Scheme
    host: str
    number: int

    @classmethod
    def parse(cls, url: str) -> NetworkAddress:
        """Read `socket://host:port` or `rfc2217://host:port`. Raises ValueError."""
        refusal = ValueError(f"{url}: write socket://host:port or rfc2217://host:port")
        try:
            parts = urlsplit(url)
            scheme, host, number = Scheme(parts.scheme), parts.hostname, parts.port
        except ValueError:
            raise refusal from None
        if not host or not number or parts.username or parts.path.strip("/") or parts.query:
            raise refusal
        return cls(scheme, host, number)


@dataclass(frozen=True, slots=True)
class UsbSelector:
    """Which USB ports are meant. Hex is lower case.

    `product` is None for each of the vendor's; `interface` is the USB interface number in hex, two
    digits; `serial` is the device's serial number; each of `words` stands in its maker's and
    product's names.
    """

    vendor: str
    product: str | None = None
    interface: str | None = None
    serial: str | None = None
    words: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> UsbSelector:
        """Read `2c7c:0125 if=02 serial=… product=…`; `2c7c:*` is a whole vendor.

        Raises ValueError that says what is wrong.
        """
        identity, *rest = text.split() or [""]
        ids = _IDENTITY.fullmatch(identity)
        if ids is None:
            raise ValueError(f"{text!r} names no USB device: write {_USB_FORM}")
        interface = serial = None
        words: list[str] = []
        for item in rest:
            key, _, value = item.partition("=")
            match key:
                case "if" if _INTERFACE.fullmatch(value):
                    interface = value.lower().zfill(2)
                case "serial" if value:
                    serial = value
                case "product" if value:
                    words.append(value.lower())
                case _:
                    raise ValueError(f"{item!r} is not known of a USB device: write {_USB_FORM}")
        product = None if ids[2] == "*" else ids[2].lower()
        return cls(ids[1].lower(), product, interface, serial, tuple(words))


def is_url(pattern: str) -> bool:
    """Whether a port is reached over the network."""
    return "://" in pattern


def is_usb(pattern: str) -> bool:
    """Whether a pattern names ports by their USB identity (`usb:2c7c:0125`)."""
    return pattern.startswith(USB_PREFIX)


def is_glob(pattern: str) -> bool:
    """Whether a pattern stands for whatever paths match it."""
    return not is_url(pattern) and not is_usb(pattern) and bool(_GLOB & set(pattern))


def check(pattern: str) -> None:
    """Raise ValueError, with what to write instead, for what names no port."""
    if is_url(pattern):
        NetworkAddress.parse(pattern)
    elif is_usb(pattern):
        UsbSelector.parse(pattern.removeprefix(USB_PREFIX))
    elif not pattern.startswith(("/", ".")) and ":" in pattern:
        raise ValueError(f"{pattern!r} is no path; a USB device is named usb:{pattern}")
