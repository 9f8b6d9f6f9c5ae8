"""Makes `tests/data/recordings` anew: `python -m tests.modem.make_recordings [NAME …]`.

Each is what the flight recorder holds after a modem of the simulator went through something,
masked, with the events noted that the dialogue of that day made. Times and garbage differ each
time.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from modemgw.modem.interface import ModemState
from modemgw.modem.recording import parse
from modemgw.modem.replay import replay, with_events
from modemgw.simulator.delay import Delay
from modemgw.simulator.faults import Fault, FaultName
from modemgw.simulator.ussd import Page
from tests.modem.scene import PIN, Scene, scene

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

RECORDINGS: Final = Path(__file__).parent.parent / "data" / "recordings"


async def _texts(on: Scene) -> None:
    """A text out, its report, and texts in, one of them announced twice."""
    on.arm(FaultName.DUP_CMTI)
    on.inject("Is anybody there?")
    await on.submit("Yes, we are.")
    on.inject("Grüße, 5 €")
    await on.taken_in(3)


async def _refusals(on: Scene) -> None:
    """Errors after Ctrl-Z, and no prompt."""
    for code in (28, 38, 500):
        on.arm(FaultName.CMS_ERROR, code=code)
        await on.submit("No.")
    on.arm(FaultName.NO_PROMPT)
    await on.submit("No prompt.")
    await on.submit("At last.")


async def _lost_answers(on: Scene) -> None:
    """An OK that never comes, and one that comes late."""
    on.arm(FaultName.LOST_OK)
    await on.submit("Lost.")
    on.arm(FaultName.LATE_OK)
    on.modem.faults.arm(FaultName.LATE_OK, Fault(p=1.0, left=1, seconds=1.3))
    await on.submit("Late.")
    await on.submit("In step again.")


async def _noise(on: Scene) -> None:
    """Garbage, NULs and an echo that comes back, all while texts go and come."""
    on.arm(FaultName.GARBAGE, p=0.5, left=20)
    on.arm(FaultName.NUL, p=0.2, left=40)
    on.arm(FaultName.ECHO, p=0.3, left=10)
    for number in range(4):
        on.inject(f"Number {number}")
        await on.submit(f"Answer {number}")
    await on.taken_in(4)


async def _reboot(on: Scene) -> None:
    """A restart at Ctrl-Z, and one by itself."""
    on.arm(FaultName.REBOOT_IN_SUBMIT)
    await on.submit("Good night.")
    await on.listener.until_state(ModemState.INITIALISING, 20)
    await on.ready()
    on.modem.reboot()
    await on.listener.until_state(ModemState.INITIALISING, 20)
    await on.ready()
    await on.submit("Good morning.")


async def _unplugged(on: Scene) -> None:
    """Unplugged in a submit, and back."""
    on.modem.timing.submit = Delay(0.5)
    sending = asyncio.create_task(on.submit("Gone."))
    await asyncio.sleep(0.2)
    on.modem.unplug()
    await sending
    await on.listener.until_state(ModemState.ABSENT, 20)
    on.bank.replug(0)
    await on.ready()


async def _ring(on: Scene) -> None:
    """A call that rings while a text goes out."""
    on.modem.timing.submit = Delay(0.6)
    sending = asyncio.create_task(on.submit("Do not disturb."))
    await asyncio.sleep(0.1)
    on.modem.call.ring("+15550142424", 2)
    await sending
    await asyncio.sleep(2.5)


async def _ussd(on: Scene) -> None:
    """A menu with line ends, an answer, a balance in UCS-2, and what the network says by itself."""
    told = on.listener.ussd
    on.driver.start_ussd("*101#")
    await on.listener.until(lambda: len(told) == 1, 20)
    on.driver.answer_ussd("0")
    await on.listener.until(lambda: len(told) == 2, 20)
    on.driver.start_ussd("*102#")
    await on.listener.until(lambda: len(told) == 3, 20)
    on.modem.ussd.push(Page("You have 3 new messages"))
    await on.listener.until(lambda: len(told) == 4, 20)


async def _pin(on: Scene) -> None:
    """A SIM that asks for its PIN, on a line that echoes."""
    assert on.modem.sim is not None
    on.modem.sim.set_pin(PIN)
    on.arm(FaultName.ECHO, left=None)
    on.modem.reboot()
    await on.listener.until_state(ModemState.INITIALISING, 20)
    await on.ready()


SCENES: Final[dict[str, tuple[str, Callable[[Scene], Awaitable[None]]]]] = {
    "texts": ("quectel-ec25", _texts),
    "refusals": ("simcom-sim7600", _refusals),
    "lost-answers": ("telit-le910", _lost_answers),
    "noise": ("huawei-e3372", _noise),
    "reboot": ("quectel-ec25", _reboot),
    "unplugged": ("simcom-sim800", _unplugged),
    "ring": ("simcom-sim800", _ring),
    "ussd": ("telit-le910", _ussd),
    "pin": ("generic", _pin),
}


async def record(name: str) -> list[str]:
    """The lines of one recording, masked, with its events."""
    profile, act = SCENES[name]
    with tempfile.TemporaryDirectory() as folder:
        async with scene(Path(folder), profile) as opened:
            await act(opened)
            lines = opened.driver.recording()
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
