"""Texts that exist nowhere but here: in order, before the next submit, and kept."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from modemgw.modem.direct import DirectTexts

if TYPE_CHECKING:
    from modemgw.modem.interface import Source


class Taker:
    """What texts are handed over to. Reports begin with R, and wait; `refused` fail once."""

    def __init__(self, *refused: str) -> None:
        self.seen: list[str] = []
        self.committed: list[str] = []
        self.reports = asyncio.Event()
        self._refused = list(refused)

    async def __call__(self, pdu: str, source: Source, storage: str = "", index: int = -1) -> bool:
        """See `HandOver`."""
        self.seen.append(pdu)
        if pdu.startswith("R"):
            await self.reports.wait()
        await asyncio.sleep(0)
        if pdu in self._refused:
            self._refused.remove(pdu)
            return False
        self.committed.append(pdu)
        return True


def _hear(direct: DirectTexts, *pdus: str) -> None:
    for pdu in pdus:
        direct.hear(("+CDS: 25" if pdu.startswith("R") else '+CMT: "",30', pdu))


async def test_a_text_does_not_wait_for_reports_however_many() -> None:
    """It may be a STOP, and a submit waits for it alone."""
    direct, taker = DirectTexts(), Taker()
    direct.open(taker, lambda: None)
    _hear(direct, *(f"R{n}" for n in range(100)), *(f"T{n}" for n in range(70)))
    await direct.settled()
    assert taker.committed == [f"T{n}" for n in range(70)]
    assert not direct.holds_text
    taker.reports.set()


async def test_a_text_that_is_refused_keeps_its_place() -> None:
    """A START that fails must not come behind the STOP that was written after it."""
    direct, taker = DirectTexts(), Taker("START")
    direct.open(taker, lambda: None)
    _hear(direct, "START", "STOP")
    await direct.settled()
    assert (taker.committed, direct.holds_text, direct.pending) == ([], True, True)
    direct.hand_on()
    await direct.settled()
    assert taker.committed == ["START", "STOP"]


async def test_what_was_on_its_way_when_the_port_was_lost_is_handed_over_by_the_next_opening() -> (
    None
):
    """In the order in which it came."""
    direct, taker = DirectTexts(), Taker()
    direct.open(taker, lambda: None)
    _hear(direct, "R1", "T1", "T2")
    direct.close()
    _hear(direct, "T3")
    taker.reports.set()
    told: list[None] = []
    direct.open(taker, lambda: told.append(None))
    direct.hand_on()
    await direct.settled()
    assert [pdu for pdu in taker.committed if pdu != "R1"] == ["T1", "T2", "T3"]
    async with asyncio.timeout(5):
        while len(told) < 4:
            await asyncio.sleep(0)


async def test_what_was_heard_of_one_line_is_of_that_line_after_a_change_of_sim() -> None:
    """Its commit may not have ended yet: handed over of another line, it would be kept twice."""
    direct, first, second = DirectTexts(), Taker("T1"), Taker()
    direct.open(first, lambda: None)
    _hear(direct, "R1", "T1", "T2")
    await direct.settled()  # T1 was refused
    direct.close()
    _hear(direct, "R2", "T3")
    first.reports.set()
    second.reports.set()
    told: list[None] = []
    direct.open(second, lambda: told.append(None))
    _hear(direct, "T4")
    direct.hand_on()
    async with asyncio.timeout(5):
        while len(told) < 6:
            await asyncio.sleep(0)
    assert sorted(set(first.committed)) == ["R1", "T1", "T2"]
    assert sorted(second.committed) == ["R2", "T3", "T4"]
