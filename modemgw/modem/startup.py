"""Getting to know a modem and making it ready for texts.

Each step is optional to the modem unless it says otherwise: makers leave out what they please,
and what is missing shows as None. Steps that a SIM answers are repeated while it is busy.
"""

from __future__ import annotations

import asyncio
import logging
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, TypeVar

from modemgw.at import commands
from modemgw.at.answers import Registration
from modemgw.at.errors import AtError
from modemgw.at.results import Kind
from modemgw.modem.channel import Channel
from modemgw.modem.collect import StoragePlan
from modemgw.modem.errors import (
    CommandError,
    CommandTimeoutError,
    NoTextsError,
)
from modemgw.modem.profile import Domain, Reports

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from modemgw.at.command import Command
    from modemgw.at.results import FinalResult
    from modemgw.modem.profile import Profile
    from modemgw.modem.settings import LineSettings, Timing

_log = logging.getLogger(__name__)
T = TypeVar("T")

_BUSY_CODES: Final = {Kind.CME_ERROR: (14,), Kind.CMS_ERROR: (314, 515)}
_NO_SIM_CODES: Final = {Kind.CME_ERROR: (10, 13, 15), Kind.CMS_ERROR: (310, 313, 315)}
_LOCKED_CODES: Final = {
    Kind.CME_ERROR: (11, 12, 16, 17, 18),
    Kind.CMS_ERROR: (311, 312, 316, 317, 318),
}
_BUSY_PAUSE_S: Final = 0.2
_BUSY_PAUSE_LIMIT_S: Final = 5.0
# 27.005 §3.4.1: texts stored and announced (<mt> 1); reports stored (<ds> 2), direct (1), or none.
_STORED_REPORTS: Final = (2, 1, 0)
_DIRECT_REPORTS: Final = (1, 2, 0)
_SWEPT: Final = ("ME", "MT", "SM", "SR")
# Texts need no PIN2 (102.221 §9.5.1), though some are left asking for it.
_OPEN: Final = frozenset({"READY", "SIM PIN2", "SIM PUK2"})
# 102.221 §11.1.9: VERIFY of the PIN without a PIN tells the tries left, and uses up none.
_TRIES_BY_VERIFY: Final = commands.plain('AT+CSIM=10,"0020000100"', 15.0)
_TRIES_LEFT: Final = re.compile(r'\+CSIM\s*:\s*4\s*,\s*"?63C([0-9A-F])', re.IGNORECASE)
_USES: Final = re.compile(r'"(\w+)"\s*,\s*(\d{1,5})\s*,\s*(\d{1,5})')
_NUMBER: Final = re.compile(r"(?<![\w\"])\d{1,5}(?![\w\"])")
_USES_OF_THREE: Final = 6  # used and total, of three storages
_DOMAIN: Final = re.compile(r"\+CGSMS\s*:\s*([0-3])", re.IGNORECASE)
_USE: Final = commands.plain("AT+CPMS?", 15.0)
_TEXTS_ANSWER: Final = (_USE, commands.plain("AT+CSCA?", 15.0))


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
        imei=await _or_none(insist(channel, commands.IMEI)),
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
        state = await _patiently(channel, commands.SIM_STATE, timing)
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
        smsc=await _attempt_patiently(channel, commands.SERVICE_CENTRE, timing),
    )


async def choose_pdu_mode(channel: Channel) -> None:
    """The first thing that a port for texts can do and the others cannot. Raises NoTextsError."""
    try:
        await insist(channel, commands.PDU_MODE)
    except CommandError as error:
        raise _no_texts(error) from None


async def prepare_texts(
    channel: Channel, profile: Profile, line: LineSettings, timing: Timing, storage: str | None
) -> StoragePlan:
    """Storage, announcements, and what profile and line want. Raises CommandError, NoTextsError."""
    plan = await _choose_storage(channel, profile, timing, storage)
    await attempt(channel, commands.PHASE_2)
    await announce(channel, profile)
    for text in (*profile.init, *line.commands):
        await attempt(channel, commands.plain(text))
    domain = profile.domain if line.domain is None else line.domain
    if domain is not None:
        await attempt(channel, commands.plain(f"AT+CGSMS={domain:d}"))
    await attempt(channel, commands.REPORT_REGISTRATION)
    return plan


async def domain_of(channel: Channel) -> Domain | None:
    """The way that texts take now (27.007 §10.1.21); None where the modem does not tell."""
    answer = await attempt(channel, commands.plain("AT+CGSMS?"))
    found = _DOMAIN.match(answer[0]) if answer else None
    return Domain(int(found[1])) if found else None


async def no_texts_yet(channel: Channel) -> str:
    """Why no texts can go although there is a network; "" where they can.

    `+CPIN: READY` is not enough: for seconds after a start `+CPMS?` and `+CSCA?` are refused, and
    so would be texts.
    """
    for command in _TEXTS_ANSWER:
        try:
            await channel.execute(command)
        except (CommandError, CommandTimeoutError) as error:
            return f"registered, but not ready for texts: {error}"
    return ""


async def is_full(channel: Channel, storage: str) -> bool:
    """Whether `+CPMS?` (27.005 §3.2.2) says that a storage takes no more texts."""
    answer = await attempt(channel, _USE)
    for line in answer or ():
        for name, used, total in _USES.findall(line):
            if name.upper() == storage:
                return int(used) >= int(total) > 0
    return False


async def remind(channel: Channel, profile: Profile) -> None:
    """Set again what some forget by themselves: at a new registration, or silently restarted."""
    await attempt(channel, commands.PDU_MODE)
    try:
        await announce(channel, profile)
    except CommandError as error:
        _log.info("announcements are refused now: %s", error)


async def shows_caller(channel: Channel) -> bool:
    """Have callers' numbers shown; false where the modem or the subscription does not."""
    try:
        await channel.execute(commands.SHOW_CALLER)
    except (CommandError, CommandTimeoutError):
        return False
    return True


async def announce(channel: Channel, profile: Profile) -> None:
    """Have texts stored and announced, and reports told in the best way that is offered.

    Many promise what they refuse, so the offer only orders the attempts. Raises CommandError
    where every one is refused: sweeps alone would still find texts, but minutes late.
    """
    offered = await attempt(channel, commands.ANNOUNCEMENT_CHOICES) or ()
    stored_first = profile.reports is Reports.STORED
    reports = _STORED_REPORTS if stored_first else _DIRECT_REPORTS
    forms = [(mode, ds) for mode in (2, 1) for ds in reports]
    forms.sort(key=lambda form: not _is_offered(offered, *form))
    refused: CommandError | None = None
    for mode, ds in forms:
        for buffer in (0, 1):
            try:
                await insist(channel, commands.announce(mode, 1, 0, ds, buffer))
            except CommandError as error:
                refused = error
            else:
                return
    assert refused is not None
    raise refused


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


async def attempt(channel: Channel, command: Command[T]) -> T | None:
    """A step that the modem may refuse; None if it does, or says what cannot be read.

    Raises UnresponsiveError and PortError only.
    """
    return await _or_none(channel.execute(command))


async def insist(channel: Channel, command: Command[T]) -> T:
    """A step that cannot be left out: it is made once more where its answer stays away, which may
    just have been lost, or cannot be read. Raises what `Channel.execute` does.
    """
    try:
        return await channel.execute(command)
    except (CommandTimeoutError, AtError) as error:
        _log.info("once more: %s", error)
        return await channel.execute(command)


async def _or_none(step: Awaitable[T]) -> T | None:
    try:
        return await step
    except (CommandError, CommandTimeoutError, AtError) as error:
        _log.debug("passed over: %s", error)
        return None


async def _iccid(channel: Channel, profile: Profile) -> str | None:
    for name in profile.iccid:
        iccid = await _or_none(insist(channel, commands.read_iccid(name)))
        if iccid is not None:
            return iccid
    return None


async def _choose_storage(
    channel: Channel, profile: Profile, timing: Timing, storage: str | None
) -> StoragePlan:
    """The best storage that the modem offers and accepts.

    Raises CommandError where none is, NoTextsError where it does not even know what is meant.
    """
    try:
        choices = await _patiently(channel, commands.STORAGE_CHOICES, timing)
        offered = choices.receive
        present = tuple(name for name in _SWEPT if name in choices.read)
    except (CommandError, CommandTimeoutError, AtError):
        offered, present = profile.storages, ()
    wanted = (storage,) if storage else profile.storages
    candidates = [name for name in wanted if name in offered] or list(wanted)
    refused: CommandError | None = None
    for name in candidates:
        select = commands.plain(commands.select_storage(name, name).text, 15.0)
        try:
            answer = await _patiently(channel, select, timing, insist)
        except CommandError as error:
            refused = error
        else:
            if name == candidates[-1] or not _holds_nothing(answer):
                return StoragePlan(name, tuple(dict.fromkeys((name, *present))))
    assert refused is not None
    if refused.final.kind is Kind.ERROR:
        raise _no_texts(refused)
    raise refused


def _holds_nothing(answer: tuple[str, ...]) -> bool:
    """Whether the third storage of an answer to `+CPMS=` has no place at all."""
    numbers = [number for line in answer for number in _NUMBER.findall(line)]
    return len(numbers) == _USES_OF_THREE and int(numbers[-1]) == 0


def _no_texts(error: CommandError) -> NoTextsError:
    return NoTextsError(
        f"a modem answers, but takes no texts here ({error}): try another of its ports"
    )


async def _attempt_patiently(channel: Channel, command: Command[T], timing: Timing) -> T | None:
    try:
        return await _patiently(channel, command, timing)
    except (CommandError, CommandTimeoutError, AtError):
        return None


async def _patiently(
    channel: Channel,
    command: Command[T],
    timing: Timing,
    ask: Callable[[Channel, Command[T]], Awaitable[T]] = Channel.execute,
) -> T:
    """Repeat while the SIM is busy, as it is for seconds after each start."""
    pause_s = _BUSY_PAUSE_S
    deadline = asyncio.get_running_loop().time() + timing.sim_busy_s
    while True:
        try:
            return await ask(channel, command)
        except CommandError as error:
            late = asyncio.get_running_loop().time() + pause_s > deadline
            if late or not _has_code(error.final, _BUSY_CODES):
                raise
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, _BUSY_PAUSE_LIMIT_S)


def _sim_state_of(lines: tuple[str, ...]) -> str:
    try:
        return commands.SIM_STATE.parse(lines)
    except AtError:
        return ""


def _sim_error(final: FinalResult) -> Sim:
    locked = _has_code(final, _LOCKED_CODES) or "PIN" in final.text or "PUK" in final.text
    if locked and not _has_code(final, _NO_SIM_CODES):
        return Sim(SimState.LOCKED, str(final))
    return Sim(SimState.ABSENT, str(final))


def _has_code(final: FinalResult, codes: Mapping[Kind, tuple[int, ...]]) -> bool:
    return final.code in codes.get(final.kind, ())


def _is_offered(offered: tuple[tuple[str, ...], ...], mode: int, ds: int) -> bool:
    if len(offered) < 4:
        return True
    return str(mode) in offered[0] and str(ds) in offered[3]
