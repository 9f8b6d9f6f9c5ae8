"""Texts and reports that a modem prints instead of storing them: they exist nowhere else.

They are handed over as soon as they are heard, whatever the modem does in that moment: nothing has
to be asked of it. What is not committed, or comes while nobody can say which line is in the modem,
is kept while the modem is brought up again or its port is opened anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from modemgw.at.parameters import prefix_of
from modemgw.at.unsolicited import TWO_LINES
from modemgw.modem.interface import Source

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

_log = logging.getLogger(__name__)

_LIMIT: Final = 512
_AT_ONCE: Final = 64
_TEXT, _REPORT = "+CMT", "+CDS"


class HandOver(Protocol):
    """Gives a TPDU to the listener; true once it is committed. Never raises."""

    def __call__(
        self, pdu: str, source: Source, storage: str = "", index: int = -1
    ) -> Coroutine[Any, Any, bool]:
        """`storage` and `index` say where a stored one lies."""


@dataclass(frozen=True, slots=True)
class _Direct:
    """A TPDU as it was printed."""

    pdu: str
    is_report: bool


class DirectTexts:
    """What one modem has printed and is not committed yet."""

    def __init__(self) -> None:
        self._waiting: deque[_Direct] = deque()
        self._under_way: dict[asyncio.Task[bool], _Direct] = {}
        self._hand_over: HandOver | None = None
        self._tell_committed: Callable[[], None] = lambda: None

    @property
    def pending(self) -> bool:
        """Whether something waits to be handed over (again)."""
        return bool(self._waiting)

    def open(self, hand_over: HandOver, committed: Callable[[], None]) -> None:
        """It is known from now on whose texts they are; `committed` is called for each of them."""
        self._hand_over = hand_over
        self._tell_committed = committed

    def close(self) -> None:
        """It is not known any more; what is not committed is handed over by the next opening."""
        self._hand_over = None
        under_way, self._under_way = self._under_way, {}
        self._waiting.extendleft(reversed(under_way.values()))
        for task in under_way:
            task.cancel()

    def hear(self, lines: tuple[str, ...]) -> bool:
        """Take in an announcement of two lines; false where it is about something else."""
        prefix = prefix_of(lines[0])
        if prefix not in TWO_LINES:
            return False
        if prefix in (_TEXT, _REPORT):
            self._keep(lines, is_report=prefix == _REPORT)
        return True

    def _keep(self, lines: tuple[str, ...], *, is_report: bool) -> None:
        if len(lines) < 2 or len(self._waiting) >= _LIMIT:
            _log.error(
                "a directly delivered text was lost: %s",
                "cut off" if len(lines) < 2 else "the database has refused too many before it",
            )
            return
        self._waiting.append(_Direct(lines[1].replace(" ", ""), is_report))
        self.hand_on()

    def hand_on(self) -> None:
        """Begin to hand over what waits, so far as it may."""
        while self._hand_over and self._waiting and len(self._under_way) < _AT_ONCE:
            direct = self._waiting.popleft()
            task = asyncio.create_task(self._hand_over(direct.pdu, Source.DIRECT), name="commit")
            self._under_way[task] = direct
            task.add_done_callback(self._committed)

    def _committed(self, task: asyncio.Task[bool]) -> None:
        direct = self._under_way.pop(task, None)
        if direct is None:  # closed meanwhile
            return
        if task.cancelled() or not task.result():
            self._waiting.append(direct)  # until somebody asks again
        else:
            self._tell_committed()
            self.hand_on()

    async def settled(self) -> None:
        """Wait for the texts on their way, because one may be a STOP; not for reports."""
        texts = [task for task, direct in self._under_way.items() if not direct.is_report]
        if texts:
            await asyncio.wait(texts)
