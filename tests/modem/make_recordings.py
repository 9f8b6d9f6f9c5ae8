"""Makes `tests/data/recordings` anew: `python -m tests.modem.make_recordings [NAME …]`.

Each is what the flight recorder holds after a modem of the simulator went through something,
masked, with the events noted that the dialogue of that day made. Times and garbage differ each
time.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from modemgw import pdu
from modemgw.modem.bank import Bank
from modemgw.modem.interface import ModemState, SubmitResult
from modemgw.modem.recording import parse
from modemgw.modem.replay import replay, with_events
from modemgw.modem.settings import BankSettings, PortSettings
from modemgw.simulator import bank as simulated
from modemgw.simulator.faults import Fault, FaultName
from modemgw.simulator.options import Options
from tests.modem.conftest import QUICK, driven
from tests.modem.listening import Listener, Permit

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from modemgw.modem.driver import Driver
    from modemgw.simulator.modem import SimulatedModem

RECORDINGS: Final = Path(__file__).parent.parent / "data" / "recordings"
TIMING: Final = replace(QUICK, patience=0.2, prompt_s=0.5, submit_s=1.0)


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
        self.modem.faults.arm(name, Fault(p=p, left=left, code=code, seconds=0.5))
        self.modem.watch_garbage()

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


async def _texts(scene: Scene) -> None:
    """A text out, its report, and texts in, one of them announced twice."""
    scene.arm(FaultName.DUP_CMTI)
    scene.inject("Is anybody there?")
    await scene.submit("Yes, we are.")
    scene.inject("Grüße, 5 €")
    await scene.taken_in(3)


async def _refusals(scene: Scene) -> None:
    """Errors after Ctrl-Z, and no prompt."""
    for code in (28, 38, 500):
        scene.arm(FaultName.CMS_ERROR, code=code)
        await scene.submit("No.")
    scene.arm(FaultName.NO_PROMPT)
    await scene.submit("No prompt.")
    await scene.submit("At last.")


async def _lost_answers(scene: Scene) -> None:
    """An OK that never comes, and one that comes late."""
    scene.arm(FaultName.LOST_OK)
    await scene.submit("Lost.")
    scene.arm(FaultName.LATE_OK)
    scene.modem.faults.arm(FaultName.LATE_OK, Fault(p=1.0, left=1, seconds=1.3))
    await scene.submit("Late.")
    await scene.submit("In step again.")


async def _noise(scene: Scene) -> None:
    """Garbage, NULs and an echo that comes back, all while texts go and come."""
    scene.arm(FaultName.GARBAGE, p=0.5, left=20)
    scene.arm(FaultName.NUL, p=0.2, left=40)
    scene.arm(FaultName.ECHO, p=0.3, left=10)
    for number in range(4):
        scene.inject(f"Number {number}")
        await scene.submit(f"Answer {number}")
    await scene.taken_in(4)


async def _reboot(scene: Scene) -> None:
    """A restart at Ctrl-Z, and one by itself."""
    scene.arm(FaultName.REBOOT_IN_SUBMIT)
    await scene.submit("Good night.")
    await scene.listener.until_state(ModemState.INITIALISING, 20)
    await scene.ready()
    scene.modem.reboot()
    await scene.listener.until_state(ModemState.INITIALISING, 20)
    await scene.ready()
    await scene.submit("Good morning.")


async def _unplugged(scene: Scene) -> None:
    """Unplugged in a submit, and back."""
    scene.modem.timing.submit_min_s = scene.modem.timing.submit_max_s = 0.5
    sending = asyncio.create_task(scene.submit("Gone."))
    await asyncio.sleep(0.2)
    scene.modem.unplug()
    await sending
    await scene.listener.until_state(ModemState.ABSENT, 20)
    scene.bank.replug(0)
    await scene.ready()


async def _ring(scene: Scene) -> None:
    """A call that rings while a text goes out."""
    scene.modem.timing.submit_min_s = scene.modem.timing.submit_max_s = 0.6
    sending = asyncio.create_task(scene.submit("Do not disturb."))
    await asyncio.sleep(0.1)
    scene.modem.call.ring("+15550142424", 2)
    await sending
    await asyncio.sleep(2.5)


async def _pin(scene: Scene) -> None:
    """A SIM that asks for its PIN, on a line that echoes."""
    assert scene.modem.sim is not None
    scene.modem.sim.set_pin("7294")
    scene.arm(FaultName.ECHO, left=None)
    scene.modem.reboot()
    await scene.listener.until_state(ModemState.INITIALISING, 20)
    await scene.ready()


SCENES: Final[dict[str, tuple[str, Callable[[Scene], Awaitable[None]]]]] = {
    "texts": ("quectel-ec25", _texts),
    "refusals": ("simcom-sim7600", _refusals),
    "lost-answers": ("telit-le910", _lost_answers),
    "noise": ("huawei-e3372", _noise),
    "reboot": ("quectel-ec25", _reboot),
    "unplugged": ("simcom-sim800", _unplugged),
    "ring": ("simcom-sim800", _ring),
    "pin": ("generic", _pin),
}


async def record(name: str) -> list[str]:
    """The lines of one recording, masked, with its events."""
    profile, act = SCENES[name]
    with tempfile.TemporaryDirectory() as folder:
        options = Options(
            modems=1,
            dir=Path(folder),
            profiles=(profile,),
            submit_ms=20,
            report_ms=50,
            boot_ms=300,
            seed=7,
        )
        bank, listener = simulated.Bank(options), Listener()
        bank.power_on()
        ports = (PortSettings(str(bank.link(0)), pin="7294"),)
        drivers = Bank(BankSettings(ports, TIMING, recorder_bytes=1 << 20), listener)
        try:
            async with driven(drivers):
                await listener.until_state(ModemState.READY, 30)
                driver = drivers.modems[0]
                await act(Scene(bank, driver, listener))
                lines = driver.recording()
        finally:
            bank.close()
    recording = with_events(parse(lines))
    assert not [step.departure for step in replay(recording) if step.departure]
    return list(recording.lines())


def main() -> None:
    """Write those that are named, or all."""
    RECORDINGS.mkdir(exist_ok=True)
    for name in sys.argv[1:] or SCENES:
        lines = asyncio.run(record(name))
        (RECORDINGS / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="ascii")
        print(f"{name}: {len(lines) - 1} entries")


if __name__ == "__main__":
    main()
