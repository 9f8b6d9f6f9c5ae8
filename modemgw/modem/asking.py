"""Asking a modem for what it may refuse, or may not be ready to answer yet."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Final, TypeVar

from modemgw.at.errors import AtError
from modemgw.at.results import Kind
from modemgw.modem.channel import Channel
from modemgw.modem.errors import CommandError, CommandTimeoutError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from modemgw.at.command import Command
    from modemgw.at.results import FinalResult
    from modemgw.modem.settings import Timing

_log = logging.getLogger(__name__)
T = TypeVar("T")

_BUSY_CODES: Final = {Kind.CME_ERROR: (14,), Kind.CMS_ERROR: (314, 515)}
_BUSY_PAUSE_S: Final = 0.2
_BUSY_PAUSE_LIMIT_S: Final = 5.0


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


async def attempt_insistently(channel: Channel, command: Command[T]) -> T | None:
    """As `attempt`, with the second try of `insist`."""
    return await _or_none(insist(channel, command))


async def patiently(
    channel: Channel,
    command: Command[T],
    timing: Timing,
    ask: Callable[[Channel, Command[T]], Awaitable[T]] = Channel.execute,
) -> T:
    """Repeat while the SIM is busy, as it is for seconds after each start.

    Raises what `Channel.execute` does.
    """
    pause_s = _BUSY_PAUSE_S
    deadline = asyncio.get_running_loop().time() + timing.sim_busy_s
    while True:
        try:
            return await ask(channel, command)
        except CommandError as error:
            late = asyncio.get_running_loop().time() + pause_s > deadline
            if late or not has_code(error.final, _BUSY_CODES):
                raise
        await asyncio.sleep(pause_s)
        pause_s = min(pause_s * 2, _BUSY_PAUSE_LIMIT_S)


async def attempt_patiently(channel: Channel, command: Command[T], timing: Timing) -> T | None:
    """As `attempt`, and as often as `patiently`."""
    return await _or_none(patiently(channel, command, timing))


async def _or_none(step: Awaitable[T]) -> T | None:
    try:
        return await step
    except (CommandError, CommandTimeoutError, AtError) as error:
        _log.debug("passed over: %s", error)
        return None


def has_code(final: FinalResult, codes: Mapping[Kind, tuple[int, ...]]) -> bool:
    """Whether a final result bears one of these codes."""
    return final.code in codes.get(final.kind, ())
