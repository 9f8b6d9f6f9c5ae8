"""What a session, one opening of a port, tells its driver and asks of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import asyncio

    from modemgw.modem.direct import HandOver
    from modemgw.modem.interface import ModemState, ModemStatus
    from modemgw.modem.profile import Profile
    from modemgw.modem.settings import LineSettings


class Face(Protocol):
    """Whom a session tells what it learns."""

    @property
    def status(self) -> ModemStatus:
        """What is known so far."""

    @property
    def profile(self) -> Profile:
        """The kind of modem that this is, as far as it is known."""

    @property
    def line(self) -> LineSettings:
        """What is configured for the line that is in the modem now."""

    def recognise(self, maker: str | None, model: str | None) -> None:
        """The modem calls itself so: its profile follows from that."""

    def go(self, state: ModemState, reason: str = "") -> None:
        """The modem enters a state."""

    def learn(self, status: ModemStatus) -> None:
        """Something is known that was not, or has changed."""

    def called(self, caller: str | None) -> bool:
        """A call rings, for the first time; true: hang it up."""

    def another_modem(self) -> None:
        """What was learnt of the modem on this port is not true of the present one."""

    def pin_was_tried(self, pin: str) -> bool:
        """Whether this PIN was entered into this modem and has not opened its SIM."""

    def may_enter_pin(self, pin: str) -> bool:
        """Whether it was not; true once."""

    @property
    def pin_turn(self) -> asyncio.Lock:
        """To be held from reading the tries of this modem's SIM until a PIN is entered."""

    def sim_is_open(self) -> None:
        """The SIM asks for no PIN, or was given the right one."""

    def claim(self, iccid: str) -> None:
        """This line is driven here. Raises SamePortError if it is already, on another port."""

    def release(self) -> None:
        """No line is driven here until the next claim: the SIM may be another one."""

    def hand_over(self, former: str | None = None) -> HandOver:
        """A way for texts to the listener, on the line that is in the modem now.

        What lies in the modem's own storage was for the `former` one, where that is given.
        """

    async def late_answer(self, mr: int | None) -> None:
        """A submit of an earlier opening was accepted."""

    async def swept(self) -> None:
        """All that was stored when the modem became usable is committed."""
