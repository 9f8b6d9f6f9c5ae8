"""The alternative driver: python-gsmmodem-new, for modems that only it handles.

It is a driver like the other, with its own channel and its own way to submit. The gate is asked
before `AT+CMGS` and once more at the prompt, but the write behind that word is another thread's,
and an answer may be taken for another's. So it is excluded from every guarantee of README and docs,
and says so: in the log, in the API's modem object, and where the configuration is checked.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from modemgw.at import commands
from modemgw.at.errors import AtError
from modemgw.modem.alternative_channel import AlternativeChannel, open_alternative_channel
from modemgw.modem.classification import classify, refusal
from modemgw.modem.driver import Driver
from modemgw.modem.errors import CommandError, CommandTimeoutError, ModemError
from modemgw.modem.interface import Outcome, SubmitResult, Verdict
from modemgw.modem.session import Session

if TYPE_CHECKING:
    from modemgw.modem.channel import Channel
    from modemgw.modem.interface import Clearance, ModemListener
    from modemgw.modem.profile import Profile
    from modemgw.modem.settings import BankSettings, PortSettings, Timing
    from modemgw.modem.shared import Shared

_log = logging.getLogger(__name__)


class AlternativeSession(Session):
    """A session over the library's channel."""

    async def _hand_to_network(self, pdu: str, length: int, clearance: Clearance) -> SubmitResult:
        channel = self._channel
        assert isinstance(channel, AlternativeChannel)
        profile = self._face.profile
        return await submit(channel, pdu, length, clearance, self._timing, profile)


class AlternativeDriver(Driver):
    """A modem that python-gsmmodem-new drives."""

    guaranteed = False
    _session_kind = AlternativeSession

    def __init__(
        self,
        path: str,
        settings: PortSettings,
        bank: BankSettings,
        listener: ModemListener,
        shared: Shared,
    ) -> None:
        super().__init__(path, settings, bank, listener, shared)
        _log.warning(
            "%s: driven by python-gsmmodem-new, which no guarantee covers: a text may be lost or "
            "doubled, or go out in the moment of a STOP",
            path,
        )

    async def _open_channel(self) -> Channel:
        return await open_alternative_channel(
            self.path, self._settings, self.recorder, self._timing
        )


async def submit(
    channel: AlternativeChannel,
    pdu: str,
    length: int,
    clearance: Clearance,
    timing: Timing,
    profile: Profile,
) -> SubmitResult:
    """Submit one TPDU. Never raises but for cancellation. For who holds the channel's lock."""
    limit_s = profile.submit_s or timing.submit_s
    command = commands.submit(length, limit_s)
    if not await _obtain(clearance, timing):
        return SubmitResult(Outcome.WITHDRAWN, detail="the clearance was refused")
    try:
        await channel.prompt(command, timing.prompt_s)
    except CommandError as error:
        return refusal(error.final)
    except CommandTimeoutError:
        await _take_back(channel)
        return SubmitResult(Outcome.REFUSED, detail=f"no prompt within {timing.prompt_s:g} s")
    except (ModemError, AtError) as error:
        return SubmitResult(Outcome.REFUSED, detail=f"before Ctrl-Z: {error}")
    if not await _gate(clearance, timing):
        await _take_back(channel)
        return SubmitResult(Outcome.WITHDRAWN, detail="the clearance was refused")
    try:
        response = await channel.answer_prompt(command, pdu, limit_s)
    except (ModemError, AtError) as error:
        return SubmitResult(Outcome.UNKNOWN, detail=f"after Ctrl-Z: {error}")
    return classify(response.final, command.parse(response.lines), profile)


async def _gate(clearance: Clearance, timing: Timing) -> bool:
    verdict = clearance.verdict()
    if verdict is Verdict.STALE and await _obtain(clearance, timing):
        verdict = clearance.verdict()
    return verdict is Verdict.GO


async def _obtain(clearance: Clearance, timing: Timing) -> bool:
    try:
        async with asyncio.timeout(timing.clearance_s):
            return await clearance.obtain()
    except Exception:
        _log.exception("a clearance could not be obtained; the part is withdrawn")
        return False


async def _take_back(channel: AlternativeChannel) -> None:
    try:
        await channel.escape()
    except ModemError as error:
        _log.warning("after ESC: %s", error)
