"""Texts and reports that a modem prints instead of storing them: they exist nowhere else.

They are handed over as soon as they are heard, whatever the modem does in that moment: nothing has
to be asked of it. Texts go one after the other, because a STOP and the START behind it must not
change places; one that is not committed stays in front of the others until somebody asks again.
Reports go many at a time. What is not committed, or comes while nobody can say which line is in the
modem, is kept while the modem is brought up again or its port is opened anew. Whose it is does not
change by that: what was heard while a line was known to be in the modem is of that line for ever.
Its commit may still be under way when the SIM is another: handed over of another line, it would be
another text to the listener.
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

_LIMIT: Final = 512  # of texts, and of reports
_AT_ONCE: Final = 64
_TEXT, _REPORT = "+CMT", "+CDS"


class HandOver(Protocol):
    """Gives a TPDU to the listener; true once it is committed. Never raises."""

    def __call__(
        self, pdu: str, source: Source, storage: str = "", index: int = -1
    ) -> Coroutine[Any, Any, bool]:
        """`storage` and `index` say where a stored one lies."""


@dataclass(slots=True)
class _Waiting:
    """A TPDU; `hand_over` is that of the line which was in the modem, None until one is known."""

    pdu: str
    hand_over: HandOver | None


class DirectTexts:
    """What one modem has printed and is not committed yet."""

    def __init__(self) -> None:
        self._texts: deque[_Waiting] = deque()  # in order; the first may be under way
        self._text: asyncio.Task[bool] | None = None
        self._reports: deque[_Waiting] = deque()
        self._under_way: dict[asyncio.Task[bool], _Waiting] = {}  # reports
        self._hand_over: HandOver | None = None
        self._tell_committed: Callable[[], None] = lambda: None

    @property
    def pending(self) -> bool:
        """Whether something waits to be handed over (again)."""
        return bool(self._reports) or (self.holds_text and self._text is None)

    @property
    def holds_text(self) -> bool:
        """Whether a text, which may be a STOP, is not committed yet."""
        return bool(self._texts)

    def open(self, hand_over: HandOver, committed: Callable[[], None]) -> None:
        """It is known from now on whose texts they are; `committed` is called for each of them."""
        for waiting in (*self._texts, *self._reports):
            waiting.hand_over = waiting.hand_over or hand_over
        self._hand_over = hand_over
        self._tell_committed = committed

    def close(self) -> None:
        """It is not known any more; what is not committed is handed over by the next opening."""
        self._hand_over = None
        text, self._text = self._text, None
        if text is not None:
            text.cancel()
        under_way, self._under_way = self._under_way, {}
        self._reports.extendleft(reversed(under_way.values()))
        for task in under_way:
            task.cancel()

    def hear(self, lines: tuple[str, ...]) -> bool:
        """Take in an announcement of two lines; false where it is about something else."""
        prefix = prefix_of(lines[0])
        if prefix not in TWO_LINES:
            return False
        if prefix in (_TEXT, _REPORT):
            self._keep(lines, self._reports if prefix == _REPORT else self._texts)
        return True

    def _keep(self, lines: tuple[str, ...], waiting: deque[_Waiting]) -> None:
        if len(lines) < 2 or len(waiting) >= _LIMIT:
            _log.error(
                "a directly delivered text was lost: %s",
                "cut off" if len(lines) < 2 else "the database has refused too many before it",
            )
            return
        waiting.append(_Waiting(lines[1].replace(" ", ""), self._hand_over))
        self.hand_on()

    def hand_on(self) -> None:
        """Begin to hand over what waits, so far as it may."""
        if self._hand_over is None:
            return
        if self._texts and self._text is None:
            self._text = self._begin(self._texts[0], self._text_ended)
        while self._reports and len(self._under_way) < _AT_ONCE:
            report = self._reports.popleft()
            task = self._begin(report, self._report_ended)
            self._under_way[task] = report

    def _begin(
        self, waiting: _Waiting, ended: Callable[[asyncio.Task[bool]], None]
    ) -> asyncio.Task[bool]:
        assert waiting.hand_over is not None  # since `open`
        task = asyncio.create_task(waiting.hand_over(waiting.pdu, Source.DIRECT), name="commit")
        task.add_done_callback(ended)
        return task

    def _text_ended(self, task: asyncio.Task[bool]) -> None:
        if task is not self._text:  # closed meanwhile
            return
        self._text = None
        if _is_committed(task):
            self._texts.popleft()
            self._tell_committed()
            self.hand_on()

    def _report_ended(self, task: asyncio.Task[bool]) -> None:
        report = self._under_way.pop(task, None)
        if report is None:  # closed meanwhile
            return
        if _is_committed(task):
            self._tell_committed()
            self.hand_on()
        else:
            self._reports.append(report)  # until somebody asks again

    async def settled(self) -> None:
        """Wait for the texts that are there, because one may be a STOP; not for reports.

        One that cannot be committed ends the waiting: see `holds_text`.
        """
        while (text := self._text) is not None:
            await asyncio.wait([text])


def _is_committed(task: asyncio.Task[bool]) -> bool:
    return not task.cancelled() and task.exception() is None and task.result()
