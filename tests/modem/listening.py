"""A listener and a clearance that tests can script."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from modemgw.modem.interface import Incoming, Modem, ModemState, UssdSession, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable


class Listener:
    """Keeps what it is told; commits what `commits` allows."""

    def __init__(self) -> None:
        self.incoming: list[Incoming] = []
        self.late: list[int | None] = []
        self.calls: list[str | None] = []
        self.states: list[tuple[ModemState, str]] = []
        self.told: list[str] = []
        self.rejects = False
        self.ussd: list[UssdSession] = []
        self.sweeps = 0
        self.commits: Callable[[Incoming], bool] = lambda _: True
        self._changed = asyncio.Condition()

    def changed(self, modem: Modem) -> None:
        self.states.append((modem.status.state, modem.status.reason))
        self.told.append(modem.status.state)
        self._notify_soon()

    async def received(self, modem: Modem, incoming: Incoming) -> bool:
        await asyncio.sleep(0)
        committed = self.commits(incoming)
        self.incoming.append(incoming)
        self._notify_soon()
        return committed

    async def late_answer(self, modem: Modem, mr: int | None) -> None:
        self.late.append(mr)
        self.told.append("late")
        self._notify_soon()

    async def swept(self, modem: Modem) -> None:
        self.sweeps += 1
        self.told.append("swept")
        self._notify_soon()

    def called(self, modem: Modem, caller: str | None) -> bool:
        self.calls.append(caller)
        self._notify_soon()
        return self.rejects

    def ussd_changed(self, modem: Modem, session: UssdSession) -> None:
        self.ussd.append(session)
        self._notify_soon()

    async def until(self, condition: Callable[[], bool], limit_s: float = 8.0) -> None:
        """Wait until a condition holds that something told may bring about."""
        async with asyncio.timeout(limit_s), self._changed:
            await self._changed.wait_for(condition)

    async def until_state(self, state: ModemState, limit_s: float = 8.0) -> None:
        """Wait until the modem told of last is in a state."""
        await self.until(lambda: bool(self.states) and self.states[-1][0] is state, limit_s)

    def _notify_soon(self) -> None:
        task = asyncio.get_running_loop().create_task(self._notify())
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)

    async def _notify(self) -> None:
        async with self._changed:
            self._changed.notify_all()


class Permit:
    """A clearance that grants what it is told to, and counts how often it was asked."""

    def __init__(self, *verdicts: Verdict, granted: bool = True) -> None:
        self._verdicts = list(verdicts) or [Verdict.GO]
        self._granted = granted
        self.obtained = 0
        self.asked = 0

    async def obtain(self) -> bool:
        self.obtained += 1
        await asyncio.sleep(0)
        return self._granted

    def verdict(self) -> Verdict:
        self.asked += 1
        return self._verdicts.pop(0) if len(self._verdicts) > 1 else self._verdicts[0]


_tasks: set[asyncio.Task[None]] = set()
