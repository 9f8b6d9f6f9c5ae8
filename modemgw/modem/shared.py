"""What the drivers of one bank must not do twice: drive a line, and try a wrong PIN."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from modemgw.modem.errors import SamePortError

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class _Claim:
    path: str
    imei: str | None
    moved: Callable[[], None]


class Claims:
    """Which port drives which line (ICCID)."""

    def __init__(self) -> None:
        self._held: dict[str, _Claim] = {}

    def take(self, iccid: str, path: str, imei: str | None, moved: Callable[[], None]) -> None:
        """Claim a line for a port; `moved` is called when its SIM turns up in another modem.

        Raises SamePortError where another port drives it and may belong to the same modem: only
        two IMEIs that differ prove that the SIM has been moved.
        """
        held = self._held.get(iccid)
        if held is not None and held.path != path:
            if imei is None or held.imei is None or imei == held.imei:
                raise SamePortError(
                    f"left alone: the same modem as at {held.path}, which is driven"
                )
            held.moved()
        self.release(path)
        self._held[iccid] = _Claim(path, imei, moved)

    def release(self, path: str) -> None:
        """Let go of whatever a port has claimed."""
        self._held = {iccid: held for iccid, held in self._held.items() if held.path != path}


class TriedPins:
    """PINs that were entered and have not been proved right: they are not entered again.

    By modem, not by port: one that was reset may come back under another name, and a modem may
    show several ports.
    """

    def __init__(self) -> None:
        self._tried: set[tuple[str, str]] = set()
        self._turns: dict[str, asyncio.Lock] = {}

    def turn(self, modem: str) -> asyncio.Lock:
        """Held while a PIN is entered into this modem, by one of its ports at a time."""
        return self._turns.setdefault(modem, asyncio.Lock())

    def was_tried(self, modem: str, pin: str) -> bool:
        """Whether this PIN was entered into this modem (its IMEI) and did not open its SIM."""
        return (modem, pin) in self._tried

    def may_enter(self, modem: str, pin: str) -> bool:
        """Whether it was not; true once."""
        if self.was_tried(modem, pin):
            return False
        self._tried.add((modem, pin))
        return True

    def proved(self, modem: str) -> None:
        """Its SIM is open: what was entered was right, and is so after the next reset."""
        self._tried = {tried for tried in self._tried if tried[0] != modem}


class Shared:
    """One bank's `Claims` and `TriedPins`."""

    def __init__(self) -> None:
        self.claims = Claims()
        self.pins = TriedPins()
