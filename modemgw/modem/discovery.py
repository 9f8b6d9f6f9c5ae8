"""Which ports there are now, and which of them are to be driven.

`Discovery.find` resolves the configuration into ports that are present. `select` then picks one of
the ports of each USB module: the one that its table calls best; where no table knows the module,
or its port is dead, the others in order, one at a time. The ports of serial chips (FTDI and the
like) have a modem each and are all driven, as is every port that the configuration names by itself.
Nothing is opened here.
"""

from __future__ import annotations

import glob
import os
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from modemgw.modem.patterns import USB_PREFIX, UsbSelector, is_glob, is_url, is_usb
from modemgw.modem.usb import UsbPorts, usb_tty_names
from modemgw.modem.usb_modules import UNLISTED, module_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

    from modemgw.modem.settings import PortSettings
    from modemgw.modem.usb import UsbPort

_PATIENCE: Final = 4


@dataclass(frozen=True, slots=True)
class Found:
    """A port that the configuration stands for.

    `named` is true where an entry names this very port; such a one need not be present. `real` is
    the device that the path leads to.
    """

    path: str
    settings: PortSettings
    named: bool
    real: str
    usb: UsbPort | None = None


@dataclass(frozen=True, slots=True)
class Spare:
    """A port that is left alone, and why; `is_known` where the table of modules says so."""

    path: str
    reason: str
    is_known: bool


@dataclass(frozen=True, slots=True)
class Selection:
    """What to drive, and what to leave alone."""

    drive: tuple[Found, ...]
    spare: tuple[Spare, ...]


class Discovery:
    """Looks for ports in a file system; `sysfs` and `dev` are where it shows devices."""

    def __init__(self, sysfs: Path, dev: Path) -> None:
        self._sysfs = sysfs
        self._dev = dev
        self._usb_ports = UsbPorts(sysfs)

    def find(self, entries: Iterable[PortSettings], driven: Collection[str] = ()) -> list[Found]:
        """The ports of all entries, each device once, whatever names it has.

        A path that is driven now keeps its device; then the names of single ports come before
        globs and USB identities, then the first entry before the next.
        """
        found: dict[str, Found] = {}
        for port in sorted(self._all(entries), key=lambda p: (p.path not in driven, not p.named)):
            found.setdefault(port.real, port)
        return list(found.values())

    def folders(self, entries: Iterable[PortSettings]) -> set[str]:
        """The folders in which ports of these entries appear and vanish."""
        folders: set[str] = set()
        for entry in entries:
            if is_usb(entry.pattern):
                folders.add(str(self._dev))
            elif not is_url(entry.pattern):
                folders.update(_folders_of(entry.pattern))
        return folders

    def _all(self, entries: Iterable[PortSettings]) -> Iterator[Found]:
        for entry in entries:
            if is_usb(entry.pattern):
                yield from self._by_identity(entry)
            elif is_glob(entry.pattern):
                for path in sorted(glob.glob(entry.pattern)):  # noqa: PTH207 - may be absolute
                    yield self._found(path, entry, named=False)
            else:
                yield self._found(entry.pattern, entry, named=True)

    def _found(self, path: str, entry: PortSettings, *, named: bool) -> Found:
        if is_url(path):
            return Found(path, entry, named, path)
        return Found(path, entry, named, os.path.realpath(path), self._usb_ports.read(path))

    def _by_identity(self, entry: PortSettings) -> Iterator[Found]:
        selector = UsbSelector.parse(entry.pattern.removeprefix(USB_PREFIX))
        for name in usb_tty_names(self._sysfs):
            path = self._dev / name
            usb = self._usb_ports.read(str(path))
            if usb is not None and usb.is_meant_by(selector) and path.exists():
                named = selector.interface is not None
                yield Found(str(path), entry, named, os.path.realpath(path), usb)


def select(
    found: Iterable[Found], driven: Collection[str] = (), failed: Mapping[str, str] | None = None
) -> Selection:
    """Pick the ports to drive.

    `driven` are paths that have a driver now, which a module keeps; `failed` are paths where no
    modem for texts answered lately, and what was found instead.
    """
    drive: list[Found] = []
    spare: list[Spare] = []
    modules: dict[str, list[Found]] = defaultdict(list)
    for port in found:
        if port.usb is not None and port.usb.is_of_module:
            modules[port.usb.device].append(port)
        else:
            drive.append(port)
    for ports in modules.values():
        chosen = [port for port in ports if port.named] or _best(ports, driven, failed or {})
        drive += chosen
        spare += [
            Spare(port.path, _reason(port, chosen, failed or {}), _is_known(port))
            for port in ports
            if port not in chosen
        ]
    return Selection(tuple(drive), tuple(spare))


def tries(port: Found) -> int:
    """How many openings of a port have to fail before another port of its module is tried.

    The one that the table calls best may be silent for most of a minute after a start.
    """
    return _PATIENCE if port.usb is not None and _rank(port.usb) == 0 else 1


def _best(ports: list[Found], driven: Collection[str], failed: Mapping[str, str]) -> list[Found]:
    """The one port of a module to drive; none where all have failed."""
    ranked = [
        (rank, port.usb.interface, port)
        for port in ports
        if port.usb is not None
        and (rank := _rank(port.usb)) is not None
        and port.path not in failed
    ]
    left = [port for _, _, port in sorted(ranked, key=lambda each: each[:2])]
    kept = [port for port in left if port.path in driven]
    return (kept or left)[:1]


def _is_known(port: Found) -> bool:
    return port.usb is not None and module_of(port.usb) is not None


def _rank(usb: UsbPort) -> int | None:
    module = module_of(usb)
    return UNLISTED if module is None else module.rank(usb.interface, usb.triple)


def _reason(port: Found, chosen: list[Found], failed: Mapping[str, str]) -> str:
    assert port.usb is not None
    module = module_of(port.usb)
    name = module.name if module is not None else f"USB device in socket {port.usb.device}"
    if port.path in failed:
        return f"left alone for now: {failed[port.path]}"
    if _rank(port.usb) is None:
        return f"left alone: interface {port.usb.interface} of {name} is not for AT commands"
    if not chosen:
        return f"left alone: no port of {name} answers as a modem for texts"
    return f"left alone: another port of the {name}, which is driven through {chosen[0].path}"


def _folders_of(pattern: str) -> Iterator[str]:
    """Of a glob the folder before its first wildcard and those that match; of a path also the
    folder of what it leads to, which may vanish and leave the link."""
    folder = os.path.dirname(pattern) or "."  # noqa: PTH120 - a plain string
    if not is_glob(pattern):
        yield folder
        yield os.path.dirname(os.path.realpath(pattern))  # noqa: PTH120
        return
    yield from filter(os.path.isdir, glob.glob(folder))  # noqa: PTH207
    while is_glob(folder):
        folder = os.path.dirname(folder) or "."  # noqa: PTH120
    yield folder
