"""Entering a PIN: the configured one, and one that a person gives for a SIM that waits for it.

Three wrong ones lock a SIM, and only its PUK opens it then. So none is entered where the modem does
not tell how many tries are left, the last one is nobody's, and none is entered twice. Reading the
tries and entering a PIN is one turn (`Face.pin_turn`), whichever port of a modem it goes by.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from modemgw.at.errors import AtError
from modemgw.modem import startup
from modemgw.modem.errors import ModemError
from modemgw.modem.interface import PinError, PinFault

if TYPE_CHECKING:
    from modemgw.modem.channel import Channel
    from modemgw.modem.face import Face
    from modemgw.modem.settings import PortSettings

_ALL_TRIES: Final = 3  # of a PIN that nobody has entered wrongly (102.221 §9.5.1)
_GIVEN_S: Final = 25.0  # a person waits, and a program of his that gives up after 30
_BY_HAND: Final = "put the SIM into a telephone and unlock it there"


@dataclass(slots=True)
class _Given:
    """A PIN that a person gave, and who waits for what comes of it."""

    pin: str = field(repr=False)
    answer: asyncio.Future[None]
    entered: bool = False

    def fail(self, fault: PinFault, words: str) -> None:
        if not self.answer.done():
            self.answer.set_exception(PinError(fault, words))


class Pins:
    """The PINs of one opening. Only the session's own loop enters them."""

    def __init__(self, channel: Channel, settings: PortSettings, face: Face) -> None:
        self._channel, self._settings, self._face = channel, settings, face
        self._given: _Given | None = None

    async def give(self, pin: str) -> None:
        """Have a PIN entered, and wait until the SIM is open. Raises PinError."""
        if self._given is not None:
            raise PinError(PinFault.NOT_READY, "another PIN is being entered: wait for its end")
        given = self._given = _Given(pin, asyncio.get_running_loop().create_future())
        try:
            async with asyncio.timeout(_GIVEN_S):
                await given.answer
        except TimeoutError:
            done = "has not said what came of the PIN yet" if given.entered else "is busy"
            words = f"the modem {done}; see its state before you try again"
            raise PinError(PinFault.NOT_READY, words) from None
        finally:
            self._given = None

    async def enter_given(self) -> bool:
        """Enter what a person gave, for a SIM that asks for its PIN; false: nothing was given."""
        given = self._given
        if given is None or given.answer.done():
            return False
        try:
            async with self._face.pin_turn:
                await self._enter(given)
        except PinError as error:
            given.fail(error.fault, str(error))
        except (ModemError, AtError):
            given.fail(PinFault.NOT_READY, "the modem failed meanwhile; see its state")
            raise
        return True

    async def _enter(self, given: _Given) -> None:
        """Raises PinError, ModemError."""
        face, channel = self._face, self._channel
        if given.entered:
            raise PinError(PinFault.REFUSED, "the SIM took the PIN and asks for it again")
        if face.pin_was_tried(given.pin):
            words = f"this PIN was entered before and did not open the SIM: {_BY_HAND}"
            raise PinError(PinFault.UNSAFE, words)
        tries = await startup.pin_tries(channel, face.profile)
        if given.answer.done():  # who gave it was told that it was not entered
            raise PinError(PinFault.NOT_READY, "nobody waits for it any more")
        if tries is None:
            words = f"the modem does not tell how many tries are left, so none is used: {_BY_HAND}"
            raise PinError(PinFault.UNSAFE, words)
        if tries <= 1:
            words = f"{_left(tries)} and is not used, or the SIM could lock: {_BY_HAND}"
            raise PinError(PinFault.UNSAFE, words)
        given.entered = face.may_enter_pin(given.pin)
        if not await startup.unlock(channel, given.pin, face.profile.settle_s):
            left = await startup.pin_tries(channel, face.profile)
            told = "" if left is None else f", {_left(left)}"
            raise PinError(PinFault.REFUSED, f"the SIM refused the PIN{told}")

    def opened(self) -> None:
        """The SIM is open."""
        if self._given is None:
            return
        if not self._given.entered:
            self._given.fail(PinFault.NOT_ASKED, "the SIM asks for no PIN")
        elif not self._given.answer.done():
            self._given.answer.set_result(None)

    def refuse(self, words: str) -> None:
        """What the SIM waits for is no PIN."""
        if self._given is not None:
            self._given.fail(PinFault.NOT_ASKED, words)

    def close(self) -> None:
        """The opening is over."""
        if self._given is not None:
            self._given.fail(PinFault.NOT_READY, "the modem has gone; see its state")

    async def enter_configured(self) -> str:
        """Enter the configured PIN if that is safe: why it was not, or did not help; "" if it did.

        A restart of ours, or a reset of the modem, must not use up the tries that lock the SIM.
        """
        pin = self._settings.pin
        if pin is None:
            return "the SIM asks for its PIN: `modemgw modem pin`, or configure it or switch it off"
        async with self._face.pin_turn:
            return await self._enter_configured(pin)

    async def _enter_configured(self, pin: str) -> str:
        if not self._face.pin_was_tried(pin):
            tries = await startup.pin_tries(self._channel, self._face.profile)
            if tries is None and not self._settings.pin_blindly:
                return (
                    "the modem does not tell how many tries are left, so no PIN is entered: switch "
                    "the PIN off in a telephone, or set pin_blindly"
                )
            if tries is not None and tries < _ALL_TRIES:
                return (
                    f"a wrong PIN was entered before and {_left(tries)}, so none is entered here "
                    f"by itself: {_BY_HAND}"
                )
            if self._face.may_enter_pin(pin) and await startup.unlock(
                self._channel, pin, self._face.profile.settle_s
            ):
                return ""
        return "the SIM refused the configured PIN, or it was tried before: it is not tried again"


def _left(tries: int) -> str:
    return "one try is left" if tries == 1 else f"{tries} tries are left"
