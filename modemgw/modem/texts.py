"""Making a modem ready for texts: their form, storage and announcements, their way over LTE."""

from __future__ import annotations

import logging
from dataclasses import replace
from itertools import product
from typing import TYPE_CHECKING, Final

from modemgw.at import commands
from modemgw.at.errors import AtError
from modemgw.at.results import Kind
from modemgw.modem.asking import attempt, insist, patiently
from modemgw.modem.collect import StoragePlan
from modemgw.modem.errors import CommandError, CommandTimeoutError, NoTextsError
from modemgw.modem.profile import Domain, Reports

if TYPE_CHECKING:
    from modemgw.at.answers import StorageUse
    from modemgw.modem.channel import Channel
    from modemgw.modem.profile import Profile
    from modemgw.modem.settings import LineSettings, Timing

_log = logging.getLogger(__name__)

# 27.005 §3.4.1: texts stored and announced (<mt> 1); reports stored (<ds> 2), direct (1), or none.
_STORED_REPORTS: Final = (2, 1, 0)
_DIRECT_REPORTS: Final = (1, 2, 0)
_SWEPT: Final = ("ME", "MT", "SM", "SR")
_ACKNOWLEDGED: Final = commands.plain("AT+CSMS=1")


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
    plan = replace(plan, acknowledges=await announce(channel, profile))
    for text in (*profile.init, *line.commands):
        await attempt(channel, commands.plain(text))
    domain = profile.domain if line.domain is None else line.domain
    if domain is not None:
        await attempt(channel, commands.set_sms_domain(domain))
    await attempt(channel, commands.REPORT_REGISTRATION)
    return plan


async def announce(channel: Channel, profile: Profile) -> bool:
    """Have texts stored and announced, and reports told in the best way that is offered.

    Many promise what they refuse, so the offer only orders the attempts. True where texts cannot
    be stored: they are printed then, and each has to be acknowledged. Raises CommandError where
    every form is refused: sweeps alone would still find texts, but minutes late.
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
                return False
    if await _announce_directly(channel):
        return True
    assert refused is not None
    raise refused


async def _announce_directly(channel: Channel) -> bool:
    """Have texts printed, on condition that each is acknowledged; false where that is refused.

    Without that condition (27.005 §3.2.1 `+CSMS` 1) a text would be lost in a crash of ours.
    """
    if await attempt(channel, _ACKNOWLEDGED) is None:
        return False
    for mode, reports, buffer in product((2, 1), (1, 0), (0, 1)):
        try:
            await insist(channel, commands.announce(mode, 2, 0, reports, buffer))
        except CommandError:
            continue
        return True
    await attempt(channel, commands.PHASE_2)
    return False


async def remind(channel: Channel, profile: Profile) -> None:
    """Set again what some forget by themselves: at a new registration, or silently restarted."""
    await attempt(channel, commands.PDU_MODE)
    try:
        await announce(channel, profile)
    except CommandError as error:
        _log.info("announcements are refused now: %s", error)


async def no_texts_yet(channel: Channel) -> str:
    """Why no texts can go although there is a network; "" where they can.

    `+CPIN: READY` is not enough: for seconds after a start `+CPMS?` and `+CSCA?` are refused, and
    so would be texts.
    """
    for command in (commands.STORAGE_USE, commands.SERVICE_CENTRE):
        try:
            await channel.execute(command)
        except (CommandError, CommandTimeoutError) as error:
            return f"registered, but not ready for texts: {error}"
        except AtError as error:
            _log.debug("answered, if not as it should be: %s", error)
    return ""


async def domain_of(channel: Channel) -> Domain | None:
    """The way that texts take now (27.007 §10.1.21); None where the modem does not tell."""
    domain = await attempt(channel, commands.SMS_DOMAIN)
    return None if domain is None else Domain(domain)


async def is_full(channel: Channel, storage: str) -> bool:
    """Whether `+CPMS?` (27.005 §3.2.2) says that a storage takes no more texts."""
    uses = await attempt(channel, commands.STORAGE_USE) or ()
    return any(use.full for use in uses if use.name is not None and use.name.upper() == storage)


async def _choose_storage(
    channel: Channel, profile: Profile, timing: Timing, storage: str | None
) -> StoragePlan:
    """The best storage that the modem offers and accepts.

    Raises CommandError where none is, NoTextsError where it does not even know what is meant.
    """
    try:
        choices = await patiently(channel, commands.STORAGE_CHOICES, timing)
        offered, places = choices.receive, choices.places
        present = tuple(name for name in _SWEPT if name in choices.read)
    except (CommandError, CommandTimeoutError, AtError):
        offered, places, present = profile.storages, 3, ()
    wanted = (storage,) if storage else profile.storages
    candidates = [name for name in wanted if name in offered] or list(wanted)
    refused: CommandError | None = None
    for name in candidates:
        uses: tuple[StorageUse, ...] = ()
        try:
            chosen = commands.use_storage(name, name, places)
            uses = await patiently(channel, chosen, timing, insist)
        except CommandError as error:
            refused = error
            continue
        except AtError as error:
            _log.debug("chosen without a word of its places: %s", error)
        holds_nothing = bool(uses) and uses[-1].total == 0
        if name == candidates[-1] or not holds_nothing:
            return StoragePlan(name, tuple(dict.fromkeys((name, *present))))
    assert refused is not None
    if refused.final.kind is Kind.ERROR:
        raise _no_texts(refused)
    raise refused


def _no_texts(error: CommandError) -> NoTextsError:
    return NoTextsError(
        f"a modem answers, but takes no texts here ({error}): try another of its ports"
    )


def _is_offered(offered: tuple[tuple[str, ...], ...], mode: int, ds: int) -> bool:
    if len(offered) < 4:
        return True
    return str(mode) in offered[0] and str(ds) in offered[3]
