"""Which port of a USB module takes AT commands: the table in `usb_modules.toml`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from modemgw.modem.usb import UsbPort

_TABLE: Final = Path(__file__).with_name("usb_modules.toml")
UNLISTED: Final = 100


@dataclass(frozen=True, slots=True)
class Module:
    """An entry of the table: see there."""

    name: str
    ids: tuple[str, ...]
    at: tuple[str, ...] = ()
    never: tuple[str, ...] = ()

    def rank(self, interface: str, triple: str) -> int | None:
        """How good a port is, 0 being the best and UNLISTED unknown; None: leave it alone."""
        for rank, pattern in enumerate(self.at):
            if _matches(pattern, interface, triple):
                return rank
        if any(_matches(pattern, interface, triple) for pattern in self.never):
            return None
        return UNLISTED


@cache
def modules() -> tuple[Module, ...]:
    """The table, in its order."""
    table = tomllib.loads(_TABLE.read_text(encoding="utf-8"))
    return tuple(
        Module(
            entry["name"],
            tuple(entry["ids"]),
            tuple(entry.get("at", ())),
            tuple(entry.get("never", ())),
        )
        for entry in table["module"]
    )


def module_of(port: UsbPort) -> Module | None:
    """The module that a port belongs to; None where the table does not know it."""
    for module in modules():
        if any(fnmatchcase(port.identity, known) for known in module.ids):
            return module
    return None


def _matches(pattern: str, interface: str, triple: str) -> bool:
    wanted, _, wanted_triple = pattern.partition(":")
    return fnmatchcase(interface, wanted) and fnmatchcase(triple, wanted_triple or "*")
