"""Getting to know a modem and its SIM.

Each step is optional to the modem unless it says otherwise: makers leave out what they please,
and what is missing shows as None. Steps that a SIM answers are repeated while it is busy.

What makes it ready for texts is in `texts`.
"""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from modemgw.at import commands
from modemgw.at.answers import Registration
from modemgw.at.errors import AtError
from modemgw.at.results import Kind
from modemgw.modem.asking import (
    attempt,
    attempt_insistently,
    attempt_patiently,
    has_code,
    insist,
    patiently,
)
from modemgw.modem.errors import CommandError, CommandTimeoutError

if TYPE_CHECKING:
    from modemgw.at.command import Command
    from modemgw.at.results import FinalResult
    from modemgw.modem.channel import Channel
    from modemgw.modem.profile import Profile
    from modemgw.modem.settings import Timing

_NO_SIM_CODES: Final = {Kind.CME_ERROR: (10, 13, 15), Kind.CMS_ERROR: (310, 313, 315)}
_LOCKED_CODES: Final = {
    Kind.CME_ERROR: (11, 12, 16, 17, 18),
    Kind.CMS_ERROR: (311, 312, 316, 317, 318),
}
# Texts need no PIN2 (102.221 §9.5.1), though some are left asking for it.
_OPEN: Final = frozenset({"READY", "SIM PIN2", "SIM PUK2"})
# 102.221 §11.1.9: VERIFY of the PIN without a PIN tells the tries left, and uses up none.
_TRIES_BY_VERIFY: Final = commands.plain('AT+CSIM=10,"0020000100"', 15.0)
_TRIES_LEFT: Final = re.compile(r'\+CSIM\s*:\s*4\s*,\s*"?63C([0-9A-F])', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a modem says that it is."""

    imei: str | None
    maker: str | None
    model: str | None
    revision: str | None


@dataclass(frozen=True, slots=True)
class Subscription:
    """What the SIM says of itself."""

    iccid: str | None
    imsi: str | None
    number: str | None
    smsc: str | None


class SimState(StrEnum):
    """What the SIM lets us do."""

    READY = "ready"
    LOCKED = "locked"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Sim:
    """The SIM's state; `needs` is what it asks for (`SIM PIN`, `SIM PUK` …) or what is wrong."""

    state: SimState
    needs: str = ""


async def initialise(channel: Channel) -> None:
    """Echo off, words, numbers for errors. Raises ModemError where there is no modem at all."""
    await insist(channel, commands.ECHO_OFF)
    for command in (commands.WORDS, commands.NUMERIC_ERRORS):
        await attempt(channel, command)


async def identify(channel: Channel) -> Identity:
    """Ask who it is. A modem that tells no IMEI is known by its port."""
    return Identity(
        imei=await attempt_insistently(channel, commands.IMEI),
        maker=await attempt(channel, commands.MAKER),
        model=await attempt(channel, commands.MODEL),
        revision=await attempt(channel, commands.REVISION),
    )


async def silence(channel: Channel, profile: Profile) -> None:
    """Stop what it announces and nobody needs, before that fills line and buffers."""
    for text in profile.silence:
        await attempt(channel, commands.plain(text))


async def switch_on(channel: Channel) -> None:
    """Leave flight mode: another program's `+CFUN=4` survives restarts on some."""
    function = await attempt(channel, commands.FUNCTION)
    if function is not None and function != 1:
        await attempt(channel, commands.FULL_FUNCTION)


async def sim_state(channel: Channel, timing: Timing) -> Sim:
    """Ask what the SIM wants, repeating while it is busy. Raises ModemError."""
    try:
        state = await patiently(channel, commands.SIM_STATE, timing)
    except CommandTimeoutError as error:
        # Wavecom forgets the final result.
        state = _sim_state_of(error.lines)
    except CommandError as error:
        return _sim_error(error.final)
    except AtError as error:
        return Sim(SimState.ABSENT, str(error))
    if state in _OPEN:
        return Sim(SimState.READY)
    absent = not state or "NOT" in state
    return Sim(SimState.ABSENT if absent else SimState.LOCKED, state)


async def pin_tries(channel: Channel, profile: Profile) -> int | None:
    """How often the PIN may still be entered wrongly; None where the modem does not tell."""
    for name in profile.pin_tries:
        tries = await attempt(channel, commands.read_pin_tries(name))
        if tries is not None:
            return tries
    answer = await attempt(channel, _TRIES_BY_VERIFY)
    found = _TRIES_LEFT.match(answer[0]) if answer else None
    return int(found[1], 16) if found else None


async def unlock(channel: Channel, pin: str, settle_s: float) -> bool:
    """Enter the PIN; false if the SIM refuses it. Never to be repeated: three tries lock it."""
    try:
        await channel.execute(commands.enter_pin(pin))
    except (CommandError, AtError):
        return False
    await asyncio.sleep(settle_s)  # some restart themselves if asked too early
    return True


async def subscribe(channel: Channel, profile: Profile, timing: Timing) -> Subscription:
    """Ask the SIM who it is. Raises ModemError where the modem stops answering."""
    return Subscription(
        iccid=await _iccid(channel, profile),
        imsi=await attempt(channel, commands.IMSI),
        number=await attempt(channel, commands.OWN_NUMBER),
        smsc=await attempt_patiently(channel, commands.SERVICE_CENTRE, timing),
    )


async def shows_caller(channel: Channel) -> bool:
    """Have callers' numbers shown; false where the modem or the subscription does not."""
    try:
        await channel.execute(commands.SHOW_CALLER)
    except (CommandError, CommandTimeoutError):
        return False
    return True


async def registration(channel: Channel, domains: list[Command[Registration]]) -> Registration:
    """The best of what the domains say: on LTE `+CREG` alone may deny what works.

    The domain that grants service moves to the front of `domains`, to be asked first next time.
    """
    best = Registration.UNKNOWN
    for domain in tuple(domains):
        state = await attempt(channel, domain)
        if state is None:
            continue
        if state.usable:
            domains.remove(domain)
            domains.insert(0, domain)
            return state
        if best is Registration.UNKNOWN or state is Registration.DENIED:
            best = state
    return best


async def _iccid(channel: Channel, profile: Profile) -> str | None:
    for name in profile.iccid:
        iccid = await attempt_insistently(channel, commands.read_iccid(name))
        if iccid is not None:
            return iccid
    return None


def _sim_state_of(lines: tuple[str, ...]) -> str:
    try:
        return commands.SIM_STATE.parse(lines)
    except AtError:
        return ""


def _sim_error(final: FinalResult) -> Sim:
    locked = has_code(final, _LOCKED_CODES) or "PIN" in final.text or "PUK" in final.text
    if locked and not has_code(final, _NO_SIM_CODES):
        return Sim(SimState.LOCKED, str(final))
    return Sim(SimState.ABSENT, str(final))
