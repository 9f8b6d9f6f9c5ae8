"""A bank of modems: a driver for every port that is to be driven.

Theory of operation
-------------------
A *look* resolves the configuration into ports (`discovery`) and gives each a driver, which then
lives by itself. Looks are caused: by a change in a folder (`watch`), by a driver that lost its port
or died, by a port that has not settled yet; and every half minute anyway. Nothing is polled in
between.

A driver stays for the rest of the run, so that a modem that is gone shows as an absent one. It is
stopped only when its port turns out to be a spare one of a module that is driven elsewhere, and
started again when its turn comes.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
from functools import partial
from typing import TYPE_CHECKING, Final

from modemgw.modem.alternative_driver import AlternativeDriver
from modemgw.modem.discovery import Discovery, Found, Spare, select, tries
from modemgw.modem.driver import Driver
from modemgw.modem.interface import ModemState
from modemgw.modem.port import is_present
from modemgw.modem.settings import DriverKind
from modemgw.modem.shared import Shared
from modemgw.modem.watch import FolderWatch

if TYPE_CHECKING:
    from collections.abc import Sequence

    from modemgw.modem.interface import Incoming, Modem, ModemListener, UssdSession
    from modemgw.modem.lifecycle import Stage
    from modemgw.modem.settings import BankSettings

_log = logging.getLogger(__name__)

_DRIVERS: Final = {DriverKind.OWN: Driver, DriverKind.GSMMODEM: AlternativeDriver}
_LEAST_S: Final = 0.1  # between two looks: ports and their links come one after the other
_FAILED: Final = frozenset({ModemState.RECOVERING, ModemState.QUARANTINED})
_PROVEN: Final = frozenset({ModemState.REGISTERING, ModemState.READY, ModemState.DEGRADED})


class Bank:
    """Finds ports as they come and go and keeps one driver alive for each.

    A path or URL of the configuration has its driver from the start, so that a port that is not
    there shows as an absent modem; a glob or a USB identity brings drivers as it matches.
    """

    def __init__(self, settings: BankSettings, listener: ModemListener) -> None:
        self._settings = settings
        self._listener = _Ear(self, listener)
        self._discovery = Discovery(settings.sysfs, settings.dev)
        self._shared = Shared()
        self._drivers: dict[str, Driver] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._chosen: dict[str, Found] = {}
        self._present: set[str] = set()  # of those chosen, as of the last look
        self._spare: tuple[Spare, ...] = ()
        self._seen_at: dict[str, float] = {}
        self._failed: dict[str, tuple[float, str]] = {}  # path -> until when, and what was found
        self._homes: dict[str, set[str]] = {}  # IMEI -> the paths where it was seen
        self._watch: FolderWatch | None = None
        self._is_first = True
        self._look_at = 0.0
        self._wake = asyncio.Event()

    @property
    def modems(self) -> tuple[Driver, ...]:
        """All modems ever seen in this run, in the order of their ports."""
        return tuple(self._drivers[path] for path in sorted(self._drivers))

    @property
    def spare(self) -> tuple[Spare, ...]:
        """The ports that are there and left alone, as of the last look."""
        return self._spare

    async def run(self) -> None:
        """Drive the bank until cancelled; all ports are closed when it returns."""
        self._open_watch()
        try:
            while True:
                self._look_at = self._now() + self._settings.timing.rescan_anyway_s
                self._follow()
                await self._look()
                self._is_first = False
                await self._pause()
        finally:
            if self._watch is not None:
                self._watch.close()
            for task in self._tasks.values():
                task.cancel()
            await asyncio.gather(*self._tasks.values(), return_exceptions=True)
            self._tasks.clear()

    # When to look.

    def _open_watch(self) -> None:
        try:
            self._watch = FolderWatch(lambda: self._look_within(0))
        except OSError as error:
            _log.warning("ports that come and go are looked for every second: %s", error)

    def _follow(self) -> None:
        if self._watch is not None:
            try:
                self._watch.follow(self._discovery.folders(self._settings.ports))
            except OSError as error:
                _log.info("not every folder can be watched: %s", error)
            else:
                return
        self._look_within(self._settings.timing.rescan_s)

    def _look_within(self, seconds: float) -> None:
        self._look_at = min(self._look_at, self._now() + seconds)
        self._wake.set()

    async def _pause(self) -> None:
        await asyncio.sleep(min(_LEAST_S, self._settings.timing.rescan_s))
        while (left := self._look_at - self._now()) > 0:
            self._wake.clear()
            try:
                async with asyncio.timeout(left):
                    await self._wake.wait()
            except TimeoutError:
                return

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    # A look.

    async def _look(self) -> None:
        driven = {path for path in self._present if is_present(path)}
        find = partial(self._discovery.find, self._settings.ports, driven)
        # A bank may have hundreds of ports, and to ask sysfs about each takes its time.
        self._drive_all(find() if self._is_first else await asyncio.to_thread(find), driven)

    def _drive_all(self, found: list[Found], driven: set[str]) -> None:
        self._forget({port.path for port in found})
        settled = self._settled(found, driven)
        failed = {path: reason for path, (_, reason) in self._failed.items()}
        selection = select(settled, driven, failed)
        self._note_spare(selection.spare)
        self._chosen = {port.path: port for port in selection.drive}
        for port in selection.drive:
            self._drive(port)
        reasons = {port.path: port.reason for port in selection.spare}
        names = {port.real: port.path for port in selection.drive}
        self._present = {path for path in self._chosen if is_present(path)}
        for path, driver in self._drivers.items():
            if path in self._chosen:
                driver.set_present(path in self._present)
            elif path in reasons:
                self._rest(path, reasons[path])
            else:
                driver.set_present(False)
                if (other := names.get(os.path.realpath(path))) is not None:
                    self._rest(path, f"the same port as {other}, which is driven")

    def _settled(self, found: list[Found], driven: set[str]) -> list[Found]:
        """Without those that have just come, and the other ports of their modules."""
        kept = {port.path for port in found if port.named or port.path in driven}
        fresh = {_device(port) for port in found if port.path not in kept and self._is_fresh(port)}
        return [port for port in found if port.path in kept or _device(port) not in fresh]

    def _is_fresh(self, port: Found) -> bool:
        """Whether what belongs to a port may still be missing: its links, ports of its module."""
        now, settle_s = self._now(), self._settings.timing.settle_s
        seen_at = self._seen_at.setdefault(port.path, now - settle_s if self._is_first else now)
        if now - seen_at >= settle_s:
            return False
        self._look_within(seen_at + settle_s - now)
        return True

    def _forget(self, paths: set[str]) -> None:
        """Forget what was known of ports that are gone, and failures that are long past."""
        now = self._now()
        self._seen_at = {path: at for path, at in self._seen_at.items() if path in paths}
        self._failed = {
            path: (until, reason)
            for path, (until, reason) in self._failed.items()
            if path in paths and until > now
        }
        if self._failed:
            self._look_within(min(until for until, _ in self._failed.values()) - now)

    def _note_spare(self, spare: tuple[Spare, ...]) -> None:
        known = set(self._spare)
        for port in spare:
            if port not in known:
                _log.info("%s is %s", port.path, port.reason)
        self._spare = spare

    # Drivers.

    def _drive(self, port: Found) -> None:
        """Have a driver that runs; one that died is told so and starts again."""
        path = port.path
        if path not in self._drivers:
            self._drivers[path] = self._build(port)
        driver, task = self._drivers[path], self._tasks.get(path)
        driver.found_at(port)
        if task is not None and not task.done():
            return
        if task is not None:
            driver.crashed(asyncio.CancelledError() if task.cancelled() else task.exception())
        self._tasks[path] = task = asyncio.create_task(driver.run(), name=f"modem {path}")
        task.add_done_callback(lambda _: self._look_within(self._settings.timing.rescan_s))

    def _build(self, port: Found) -> Driver:
        kind = _DRIVERS[port.settings.driver]
        return kind(port.path, port.settings, self._settings, self._listener, self._shared)

    def _rest(self, path: str, reason: str) -> None:
        """Stop a driver whose port is to be left alone."""
        task = self._tasks.get(path)
        if task is not None and not task.done():
            task.cancel()  # when it has closed the port, there is another look
            return
        self._tasks.pop(path, None)
        self._drivers[path].go(ModemState.ABSENT, reason)

    # What drivers tell.

    def heard(self, modem: Modem) -> None:
        """A driver's status has changed."""
        driver = self._drivers.get(modem.status.port)
        if driver is None:
            return
        if driver.status.state is ModemState.ABSENT:
            self._look_within(self._settings.timing.rescan_s)
        self._note_failure(driver)
        self._note_move(driver)

    def _note_failure(self, driver: Driver) -> None:
        """After some failures without a modem for texts another port of the module has its turn."""
        port = self._chosen.get(driver.path)
        if port is None or port.named or port.usb is None or not port.usb.is_of_module:
            return
        if _failures(driver.history) >= tries(port):
            until = self._now() + self._settings.timing.backoff_limit_s
            self._failed[driver.path] = (until, driver.status.reason)
            self._look_within(0)

    def _note_move(self, driver: Driver) -> None:
        """A modem that was unplugged and turns up on another port: its old one says so.

        A port of a module that is there and left alone has another reason to be absent.
        """
        imei = driver.status.imei
        if imei is None:
            return
        homes = self._homes.setdefault(imei, set())
        homes.add(driver.path)
        kin = [self._drivers[path] for path in sorted(homes)]
        for gone, here in itertools.permutations(kin, 2):
            if _is_same_modem(gone, here) and not is_present(gone.path):
                gone.moved_away(f"its modem (IMEI {imei}) is at {here.path} now")


def _device(port: Found) -> str:
    """What a port shares with the others of its modem."""
    return port.usb.device if port.usb is not None and port.usb.is_of_module else port.path


def _failures(history: Sequence[Stage]) -> int:
    """How many openings since its last absence found no modem for texts; 0 if one ever did."""
    failures = 0
    for before, stage in itertools.pairwise(history):
        if stage.state in _PROVEN:
            return 0
        if stage.state is ModemState.ABSENT:
            failures = 0
        elif stage.state in _FAILED and before.state is ModemState.INITIALISING:
            failures += 1
    return failures


def _is_same_modem(gone: Driver, here: Driver) -> bool:
    """Whether an absent modem is the one that another port has now.

    With the same SIM: some nameless pools have one IMEI on all their ports.
    """
    return (
        gone.status.state is ModemState.ABSENT
        and here.status.state is not ModemState.ABSENT
        and gone.status.imei == here.status.imei
        and gone.status.iccid == here.status.iccid
    )


class _Ear:
    """The bank's own ear, in front of the listener's."""

    def __init__(self, bank: Bank, listener: ModemListener) -> None:
        self._bank = bank
        self._listener = listener

    def changed(self, modem: Modem) -> None:
        self._bank.heard(modem)
        self._listener.changed(modem)

    async def received(self, modem: Modem, incoming: Incoming) -> bool:
        return await self._listener.received(modem, incoming)

    async def late_answer(self, modem: Modem, mr: int | None) -> None:
        await self._listener.late_answer(modem, mr)

    async def swept(self, modem: Modem) -> None:
        await self._listener.swept(modem)

    def called(self, modem: Modem, caller: str | None) -> bool:
        return self._listener.called(modem, caller)

    def ussd_changed(self, modem: Modem, session: UssdSession) -> None:
        self._listener.ussd_changed(modem, session)
