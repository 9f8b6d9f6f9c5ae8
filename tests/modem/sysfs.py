"""A sysfs of our own: USB devices with serial ports, laid out and linked as the kernel does."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

BUS = "devices/pci0000:00/0000:00:14.0/usb1"


class SysFs:
    """A folder that looks like /sys. Ports get the next free number."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._next = {"ttyUSB": 0, "ttyACM": 0}
        (root / "class" / "tty").mkdir(parents=True)

    def plug(
        self,
        device: str,
        identity: str,
        interfaces: Mapping[str, str],
        *,
        driver: str = "option1",
        serial: str = "",
        maker: str = "",
        product: str = "",
    ) -> list[str]:
        """Add a device (`1-3.2`) with a port on each interface (number: class): their names."""
        folder = self.root / BUS / device
        vendor_id, product_id = identity.split(":")
        _write(folder, idVendor=vendor_id, idProduct=product_id)
        _write(folder, serial=serial, manufacturer=maker, product=product)
        return [
            self._add_port(folder / f"{device}:1.{int(number, 16)}", number, triple, driver)
            for number, triple in interfaces.items()
        ]

    def next_number(self, kind: str, number: int) -> None:
        """Give the next port of a kind this number, as the kernel does with one that is free."""
        self._next[kind] = number

    def unplug(self, *names: str) -> None:
        """Take ports away."""
        for name in names:
            (self.root / "class" / "tty" / name).unlink()

    def _add_port(self, interface: Path, number: str, triple: str, driver: str) -> str:
        is_acm = driver == "cdc_acm"
        kind = "ttyACM" if is_acm else "ttyUSB"
        name = f"{kind}{self._next[kind]}"
        self._next[kind] += 1
        _write(interface, bInterfaceNumber=number, bInterfaceClass=triple[:2])
        _write(interface, bInterfaceSubClass=triple[2:4], bInterfaceProtocol=triple[4:])
        port = interface if is_acm else interface / name
        tty = port / "tty" / name
        tty.mkdir(parents=True)
        (tty / "device").symlink_to("../../../" + port.name)
        drivers = self.root / "bus" / "usb" / "drivers" / driver
        drivers.mkdir(parents=True, exist_ok=True)
        (port / "driver").symlink_to(drivers)
        (self.root / "class" / "tty" / name).symlink_to(tty)
        return name


def _write(folder: Path, **attributes: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in attributes.items():
        if value:
            (folder / name).write_text(value + "\n")
