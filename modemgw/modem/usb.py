"""What the system knows of a USB serial port, read from sysfs.

    /sys/class/tty/ttyUSB2 -> ../../devices/…/1-3.2/1-3.2:1.2/ttyUSB2/tty/ttyUSB2
                                              |     |         '- `device`: port of usb-serial
                                              |     '- interface: bInterfaceNumber and class
                                              '- device: idVendor, idProduct, serial, names

A `ttyACM` hangs on its interface directly.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from modemgw.modem.patterns import UsbSelector

_LINKS: Final = 8  # a longer chain of links leads nowhere
_PARENTS: Final = 6
# Drivers whose devices are modules with several ports. Any other serial driver is that of a chip,
# each port of which has a modem of its own behind it.
_MODULE_DRIVERS: Final = frozenset({"option1", "qcserial", "sierra", "cdc_acm", "generic", "hso"})
_CHIP_VENDORS: Final = frozenset({"04e2", "1a86"})  # Exar and WCH make UARTs that look like CDC-ACM


@dataclass(frozen=True, slots=True)
class UsbPort:
    """A serial port of a USB device. Hex is lower case.

    `device` is the socket that the device sits in (`1-3.2`: bus and chain of hub ports), which all
    ports of one device share. `interface` has two digits; `triple` is the interface's class,
    subclass and protocol (`ff0000`). `driver` is the kernel's. `words` are the maker's and the
    product's names in lower case.
    """

    device: str
    vendor: str
    product: str
    interface: str
    triple: str = ""
    driver: str = ""
    serial: str = ""
    words: str = ""

    @property
    def identity(self) -> str:
        """`VENDOR:PRODUCT`, as `lsusb` shows it."""
        return f"{self.vendor}:{self.product}"

    @property
    def is_of_module(self) -> bool:
        """Whether the ports of this device belong to one modem."""
        return self.driver in _MODULE_DRIVERS and self.vendor not in _CHIP_VENDORS

    def is_meant_by(self, selector: UsbSelector) -> bool:
        """Whether a selector of the configuration names this port."""
        return (
            self.vendor == selector.vendor
            and selector.product in (None, self.product)
            and selector.interface in (None, self.interface)
            and selector.serial in (None, self.serial)
            and all(word in self.words for word in selector.words)
        )


class UsbPorts:
    """Reads USB ports and remembers them: of hundreds, few have come since the last look."""

    def __init__(self, sysfs: Path) -> None:
        self._sysfs = sysfs
        self._known: dict[str, tuple[tuple[int, int], UsbPort | None]] = {}  # by the kernel's name

    def read(self, path: str) -> UsbPort | None:
        """As `read_usb_port`."""
        name = _tty_name(path, self._sysfs)
        if name is None:
            return None
        try:
            link = os.lstat(self._sysfs / "class" / "tty" / name)
        except OSError:  # it has just gone
            return None
        mark = (link.st_ino, link.st_ctime_ns)  # a port that comes back has a link of its own
        known = self._known.get(name)
        if known is None or known[0] != mark:
            known = self._known[name] = (mark, _read_port(name, self._sysfs))
        return known[1]


def read_usb_port(path: str, sysfs: Path) -> UsbPort | None:
    """What is known of the port at a path, or where its link leads; None if it is no USB port."""
    name = _tty_name(path, sysfs)
    return None if name is None else _read_port(name, sysfs)


def _read_port(name: str, sysfs: Path) -> UsbPort | None:
    node = Path(os.path.realpath(sysfs / "class" / "tty" / name / "device"))
    interface = _ascend(node, "bInterfaceNumber")
    device = _ascend(interface, "idVendor") if interface is not None else None
    if interface is None or device is None:
        return None
    triple = ("bInterfaceClass", "bInterfaceSubClass", "bInterfaceProtocol")
    return UsbPort(
        device=device.name,
        vendor=_read(device / "idVendor").lower(),
        product=_read(device / "idProduct").lower(),
        interface=_read(interface / "bInterfaceNumber").lower(),
        triple="".join(_read(interface / attribute) for attribute in triple).lower(),
        driver=Path(os.path.realpath(node / "driver")).name,
        serial=_read(device / "serial"),
        words=f"{_read(device / 'manufacturer')} {_read(device / 'product')}".lower(),
    )


def usb_tty_names(sysfs: Path) -> list[str]:
    """The names of all serial ports that have a device behind them, in order."""
    folder = sysfs / "class" / "tty"
    try:
        names = os.listdir(folder)  # noqa: PTH208 - names are what is wanted
    except OSError:
        return []
    return sorted(name for name in names if (folder / name / "device").exists())


def _tty_name(path: str, sysfs: Path) -> str | None:
    """The kernel's name of a port, links followed one by one until there is such a tty."""
    node = Path(path)
    for _ in range(_LINKS):
        if (sysfs / "class" / "tty" / node.name / "device").exists():
            return node.name
        try:
            node = node.parent / node.readlink()
        except OSError:
            return None
    return None


def _ascend(node: Path, attribute: str) -> Path | None:
    """The nearest parent, or the node itself, that has an attribute."""
    for parent in (node, *list(node.parents)[:_PARENTS]):
        if (parent / attribute).exists():
            return parent
    return None


def _read(file: Path) -> str:
    """An attribute; empty where there is none, as serial numbers often are."""
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
