"""One modem of the simulator on a real pty, and the bank that drives it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from modemgw import pdu
from modemgw.modem.bank import Bank
from modemgw.modem.interface import ModemState, SubmitResult
from modemgw.modem.settings import BankSettings, DriverKind, PortSettings
from modemgw.simulator import bank as simulated
from modemgw.simulator.faults import Fault, FaultName
from modemgw.simulator.options import Options
from tests.modem.conftest import QUICK, driven
from tests.modem.listening import Listener, Permit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from modemgw.modem.driver import Driver
    from modemgw.modem.settings import Timing
    from modemgw.simulator.modem import SimulatedModem

TIMING: Final = replace(QUICK, patience=0.2, prompt_s=0.5, submit_s=1.0)
PIN: Final = "7294"


@dataclass(slots=True)
class Scene:
    """A modem of the simulator, and what drives it."""

    bank: simulated.Bank
    driver: Driver
    listener: Listener

    @property
    def modem(self) -> SimulatedModem:
        """The one modem."""
        return self.bank.modems[0]

    def arm(
        self, name: FaultName, *, p: float = 1.0, left: int | None = 1, code: int = 500
    ) -> None:
        """Arm a fault."""
        self.modem.faults.arm(name, Fault(p=p, left=left, codes=(code,), seconds=0.5))
        self.modem.babble.watch()

    def inject(self, text: str) -> None:
        """Let a text arrive."""
        frames = pdu.encode_deliver("+15550123456", text, scts=datetime.now(UTC))
        self.bank.network.deliver(self.modem.number, [frame.hex for frame in frames])

    async def submit(self, text: str) -> SubmitResult:
        """Send a text of one part."""
        frame = pdu.encode("+15550199999", text, srr=True)[0]
        return await self.driver.submit(frame.hex, frame.length, Permit())

    async def taken_in(self, count: int) -> None:
        """Wait for texts and reports."""
        await self.listener.until(lambda: len(self.listener.incoming) >= count, 20)

    async def ready(self) -> None:
        """Wait until the modem is ready, again."""
        await self.listener.until_state(ModemState.READY, 30)


@contextlib.asynccontextmanager
async def scene(
    folder: Path,
    profile: str = "generic",
    timing: Timing = TIMING,
    *,
    driver: DriverKind = DriverKind.OWN,
    pin: bool = False,
    cold: bool = False,
) -> AsyncIterator[Scene]:
    """A modem that is ready. `pin`: its SIM asks for one at first; `cold`: it begins to start when
    the driver does."""
    options = Options(
        modems=1,
        dir=folder,
        profiles=(profile,),
        submit_ms=20,
        report_ms=50,
        boot_ms=300,
        seed=7,
    )
    bank, listener = simulated.Bank(options), Listener()
    if pin:
        bank.card(0, 0).set_pin(PIN)
    bank.power_on()
    if cold:
        bank.modems[0].reboot()
    ports = (PortSettings(str(bank.link(0)), pin=PIN, driver=driver),)
    drivers = Bank(BankSettings(ports, timing, recorder_bytes=1 << 20), listener)
    try:
        async with driven(drivers):
            await listener.until_state(ModemState.READY, 30)
            yield Scene(bank, drivers.modems[0], listener)
    finally:
        bank.close()
