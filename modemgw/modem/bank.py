"""A bank of modems: a driver for every port that there is."""

from __future__ import annotations

import asyncio
import glob
import logging
import os
from typing import TYPE_CHECKING

from modemgw.modem.driver import Driver
from modemgw.modem.port import is_present, is_url
from modemgw.modem.shared import Shared

if TYPE_CHECKING:
    from modemgw.modem.interface import ModemListener
    from modemgw.modem.settings import BankSettings, PortSettings

_log = logging.getLogger(__name__)
_GLOB = frozenset("*?[")


class Bank:
    """Finds ports as they come and go and keeps one driver alive for each.

    A path or URL of the configuration has its driver from the start, so that a port that is not
    there shows as an absent modem; a glob brings drivers as it matches, and they stay.
    """

    def __init__(self, settings: BankSettings, listener: ModemListener) -> None:
        self._settings = settings
        self._listener = listener
        self._drivers: dict[str, Driver] = {}
        self._shared = Shared()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._real: dict[str, str] = {}  # path -> device, of present ports

    @property
    def modems(self) -> tuple[Driver, ...]:
        """All modems ever seen in this run, in the order of their ports."""
        return tuple(self._drivers[path] for path in sorted(self._drivers))

    async def run(self) -> None:
        """Drive the bank until cancelled; all ports are closed when it returns."""
        try:
            while True:
                self._look()
                self._revive()
                await asyncio.sleep(self._settings.timing.rescan_s)
        finally:
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
            self._tasks.clear()

    def _look(self) -> None:
        for port in self._settings.ports:
            for path in _paths(port.pattern):
                self._meet(path, port)
        for path, driver in self._drivers.items():
            present = is_present(path)
            if present:
                self._real[path] = os.path.realpath(path)
            else:
                self._real.pop(path, None)
            driver.set_present(present)

    def _meet(self, path: str, port: PortSettings) -> None:
        if path in self._drivers:
            return
        real = os.path.realpath(path)
        if is_present(path) and real in self._real.values():
            return  # another name of a port that is driven already
        self._real[path] = real
        self._drivers[path] = Driver(path, port, self._settings, self._listener, self._shared)

    def _revive(self) -> None:
        """Start what does not run; a driver that died is told so and starts again."""
        for path, driver in self._drivers.items():
            task = self._tasks.get(path)
            if task is not None and not task.done():
                continue
            if task is not None and not task.cancelled() and (error := task.exception()):
                driver.crashed(error)
            self._tasks[path] = asyncio.create_task(driver.run(), name=f"modem {path}")


def _paths(pattern: str) -> list[str]:
    if is_url(pattern) or not _GLOB & set(pattern):
        return [pattern]
    return sorted(glob.glob(pattern))  # noqa: PTH207 - Path.glob needs a folder without wildcards
