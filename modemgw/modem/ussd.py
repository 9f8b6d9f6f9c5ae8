"""USSD at one modem: one session at a time, through all openings of its port (27.007 §7.15).

Theory of operation
-------------------
A session goes to and fro between WAITING for the network and ANSWER_WANTED, and ends in ENDED; the
methods below and `hear` are all that changes it. What is to be sent is done by one task, which
takes the modem's turn like a submit: so a USSD command waits until a submit is over, and a submit
waits for the command alone. It does not wait for the network's words, nor for the person who reads
a menu: SMS and USSD are transactions of their own to the network (24.007 §11.2.3.1), and nobody at
a screen may hold up a line's queue.

The modem says OK at once and the network's words come later, as an announcement; some say OK with
or behind those words. Both waits are bounded, and a session that waits too long is ended at the
network, too. A port that is lost, or a modem that starts anew, ends it: nobody could answer it any
more. The network may also begin a session itself.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from modemgw.at import answers, commands
from modemgw.at.answers import UssdStatus
from modemgw.at.errors import AtError
from modemgw.at.parameters import prefix_of
from modemgw.ids import new_id
from modemgw.modem import ussd_text
from modemgw.modem.errors import CommandError, ModemError
from modemgw.modem.interface import UssdError, UssdFault, UssdOutcome, UssdSession, UssdState
from modemgw.modem.ussd_text import UnsayableError, UssdStyle

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from modemgw.at.answers import UssdString
    from modemgw.at.command import Command
    from modemgw.modem.channel import Channel
    from modemgw.modem.settings import Timing

_log = logging.getLogger(__name__)

_CODE: Final = re.compile(r"[0-9*#+]{1,160}")
_SECRET: Final = re.compile(r"\*\*0[45]")  # changes of PIN and PUK (22.030 §6.6.2)
_CHARACTER_SETS: Final = ("IRA", "GSM")
_ENDS: Final[dict[UssdStatus, tuple[UssdOutcome, str]]] = {
    UssdStatus.DONE: (UssdOutcome.DONE, ""),
    UssdStatus.ENDED: (UssdOutcome.RELEASED, "the network ended it"),
    UssdStatus.OTHER_ANSWERED: (UssdOutcome.ELSEWHERE, "something else at the modem answered"),
    UssdStatus.NOT_SUPPORTED: (UssdOutcome.NOT_SUPPORTED, "the network does not know this code"),
    UssdStatus.TIMED_OUT: (UssdOutcome.NO_REPLY, "the network did not answer in time"),
}


@dataclass(frozen=True, slots=True)
class _Line:
    """An opening of the modem's port that is ready for USSD."""

    channel: Channel
    style: UssdStyle


class UssdDesk:
    """The USSD sessions of one modem. `tell` gets each new state; it must return at once."""

    def __init__(self, timing: Timing, tell: Callable[[UssdSession], None]) -> None:
        self._timing = timing
        self._tell = tell
        self._line: _Line | None = None
        self._session: UssdSession | None = None
        self._work: asyncio.Task[None] | None = None
        self._limit: asyncio.TimerHandle | None = None
        self._is_out = False  # the present session has reached the modem
        self._has_character_set = False

    @property
    def session(self) -> UssdSession | None:
        """The present session, or the last one."""
        return self._session

    # What people ask for.

    def start(self, code: str) -> UssdSession:
        """Begin a session. Raises UssdError."""
        if not _CODE.fullmatch(code):
            raise UssdError(UssdFault.UNSAYABLE, "a code is made of digits, * and #, such as *100#")
        if _SECRET.match(code):
            raise UssdError(UssdFault.UNSAYABLE, "a PIN is changed in a telephone, not here")
        if self._is_open():
            raise UssdError(UssdFault.BUSY, "a session is open at this modem: answer or end it")
        command = self._command(code)
        now = time.time()
        self._is_out = False
        self._session = UssdSession(
            new_id("uss"), UssdState.WAITING, code, since=now, changed_at=now
        )
        self._set_to_work(self._send(command))
        return self._session

    def answer(self, text: str) -> UssdSession:
        """Answer the network's question. Raises UssdError."""
        session = self._session
        if session is None or session.state is not UssdState.ANSWER_WANTED:
            raise UssdError(UssdFault.NO_QUESTION, "the network has asked nothing here")
        command = self._command(text)
        self._session = replace(session, state=UssdState.WAITING, changed_at=time.time())
        self._stop_waiting()
        self._set_to_work(self._send(command))
        return self._session

    def end(self) -> UssdSession:
        """End the session; one that has ended stays as it is. Raises UssdError if none ever was."""
        if self._session is None:
            raise UssdError(UssdFault.NO_SESSION, "there was no session at this modem")
        if self._is_open():
            self._give_up(UssdOutcome.CANCELED, "canceled")
        return self._session

    # What the modem's opening tells.

    def attach(self, channel: Channel, style: UssdStyle) -> None:
        """The modem is ready for it."""
        self._line = _Line(channel, style)
        self._has_character_set = style is not UssdStyle.TEXT

    def detach(self) -> None:
        """It is not any more."""
        self._line = None
        if self._work is not None:
            self._work.cancel()
            self._work = None
        self._ended(UssdOutcome.LOST, "the modem was lost, or started anew")

    def hear(self, lines: tuple[str, ...]) -> bool:
        """Take in an announcement; false where it is about something else."""
        if prefix_of(lines[0]) != "+CUSD":
            return False
        try:
            said = answers.ussd(lines)
        except AtError:
            _log.info("a +CUSD could not be read")
            return True
        if said.status is UssdStatus.ANSWER_WANTED:
            self._asked(ussd_text.read(said))
        else:
            self._told(said)
        return True

    def _asked(self, text: str) -> None:
        session = self._session
        now = time.time()
        if session is None or not self._is_open():
            session = self._of_network(now)
        self._wait(self._timing.ussd_answer_s, UssdOutcome.NO_ANSWER, "nobody answered in time")
        self._change(replace(session, state=UssdState.ANSWER_WANTED, text=text, changed_at=now))

    def _told(self, said: UssdString) -> None:
        text = ussd_text.read(said)
        if not self._is_open():
            if not text:
                return  # the end of a session that had ended for us
            self._session = self._of_network(time.time())
        elif not text and said.status is UssdStatus.DONE:
            # Some print an empty one first and the words behind it.
            self._wait(self._timing.ussd_second_s, UssdOutcome.DONE, "")
            return
        outcome, reason = _ENDS[said.status]
        self._ended(outcome, reason, text or None)

    # The work.

    def _command(self, text: str) -> Command[None]:
        line = self._line
        if line is None:
            raise UssdError(UssdFault.NOT_READY, "the modem is not ready")
        try:
            return commands.start_ussd(ussd_text.write(text, line.style))
        except (UnsayableError, AtError) as error:
            raise UssdError(UssdFault.UNSAYABLE, str(error)) from None

    def _set_to_work(self, work: Coroutine[None, None, None]) -> None:
        """Let the one task do this, after what it may be doing."""
        before = self._work

        async def go_on() -> None:
            if before is not None:
                await asyncio.wait({before})
            await work

        self._work = task = asyncio.create_task(go_on(), name="USSD")
        # A task that is cancelled before it began leaves what it was to do unawaited.
        task.add_done_callback(lambda _: work.close())

    async def _send(self, command: Command[None]) -> None:
        line = self._line
        assert line is not None
        session = self._session
        try:
            async with line.channel.lock:
                self._is_out = True
                await self._choose_character_set(line)
                limit_s = self._timing.ussd_reply_s
                self._wait(limit_s, UssdOutcome.NO_REPLY, "the network did not answer in time")
                await line.channel.run(command, limit_s)
        except CommandError as error:
            if self._is_same(session):
                self._ended(UssdOutcome.REFUSED, f"the modem refuses: {error.final}")
        except (ModemError, AtError) as error:
            if self._is_same(session):
                self._ended(UssdOutcome.NO_REPLY, str(error))

    async def _choose_character_set(self, line: _Line) -> None:
        """Strings as ASCII: another program may have left the modem with hex of UCS-2."""
        if self._has_character_set:
            return
        for name in _CHARACTER_SETS:
            try:
                await line.channel.run(commands.plain(f'AT+CSCS="{name}"'))
            except CommandError:
                continue
            break
        self._has_character_set = True

    async def _end_at_network(self) -> None:
        line = self._line
        assert line is not None
        try:
            await line.channel.execute(commands.END_USSD)
        except (ModemError, AtError) as error:
            _log.info("a USSD session could not be ended at the network: %s", error)

    def _give_up(self, outcome: UssdOutcome, reason: str) -> None:
        """End it here and, if it got so far, at the network."""
        if self._work is not None:
            self._work.cancel()
        if self._is_out and self._line is not None:
            self._set_to_work(self._end_at_network())
        self._ended(outcome, reason)

    # The session.

    def _is_open(self) -> bool:
        return self._session is not None and self._session.state is not UssdState.ENDED

    def _is_same(self, session: UssdSession | None) -> bool:
        return session is not None and self._session is not None and session.id == self._session.id

    def _of_network(self, now: float) -> UssdSession:
        self._is_out = True
        return UssdSession(new_id("uss"), UssdState.WAITING, None, since=now, changed_at=now)

    def _ended(self, outcome: UssdOutcome, reason: str, text: str | None = None) -> None:
        self._stop_waiting()
        session = self._session
        if session is None or session.state is UssdState.ENDED:
            return
        self._change(
            replace(
                session,
                state=UssdState.ENDED,
                text=text,
                outcome=outcome,
                reason=reason,
                changed_at=time.time(),
            )
        )

    def _change(self, session: UssdSession) -> None:
        self._session = session
        self._tell(session)

    def _wait(self, limit_s: float, outcome: UssdOutcome, reason: str) -> None:
        self._stop_waiting()
        loop = asyncio.get_running_loop()
        self._limit = loop.call_later(limit_s, self._over, outcome, reason)

    def _over(self, outcome: UssdOutcome, reason: str) -> None:
        if outcome is UssdOutcome.DONE:
            self._ended(outcome, reason)
        else:
            self._give_up(outcome, reason)

    def _stop_waiting(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None
