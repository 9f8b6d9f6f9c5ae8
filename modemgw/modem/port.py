"""A port: bytes to a modem and back, over a tty, raw TCP (`socket://`) or RFC 2217.

A write is a plain call, not a coroutine: what has been decided in this very moment must leave in
this very moment. What the modem does not take at once waits in a short buffer; when nothing
moves for `Timing.write_s` the modem has stopped reading and the port counts as lost.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from modemgw.modem.network_port import open_network_port
from modemgw.modem.patterns import is_url
from modemgw.modem.tty_port import open_tty_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from modemgw.modem.errors import PortError
    from modemgw.modem.settings import PortSettings, Timing


@dataclass(frozen=True, slots=True)
class PortEvents:
    """Whom a port tells: of bytes, and once of its loss. Both are plain calls."""

    data: Callable[[bytes], None]
    lost: Callable[[PortError], None]


class Port(Protocol):
    """An open port."""

    def listen(self, events: PortEvents) -> None:
        """Begin to tell of bytes; to be called once, directly after opening."""

    def write(self, data: bytes) -> None:
        """Write, now. A loss that shows in writing is told by `PortEvents.lost`, later."""

    async def close(self) -> None:
        """Close, within a time limit. Nothing is told any more."""


def is_present(path: str) -> bool:
    """Whether opening can be tried: a URL always, a path while it leads somewhere."""
    return is_url(path) or os.path.exists(path)  # noqa: PTH110 - Path.exists raises EACCES


async def open_port(path: str, settings: PortSettings, timing: Timing) -> Port:
    """Open a port for us alone. Raises PortError, with what a person can do about it."""
    if is_url(path):
        return await open_network_port(path, settings, timing)
    return await open_tty_port(path, settings, timing)
