"""One submit, from `AT+CMGS` to what became of it.

Theory of operation
-------------------
Until Ctrl-Z everything can be taken back, after it nothing can. So `AT+CMGS=n` goes out first,
and while the modem gets its prompt ready the clearance is obtained (a commit and a question to
the gate): the database's time hides behind the prompt's. When both are there the gate has its
last word, from memory, and TPDU and Ctrl-Z leave in one write directly behind it. There is no
`await` between that word and the write, so nothing can come between them.

    prompt fails, or the clearance is refused   -> ESC, certainly not submitted
    the write has happened                      -> only an answer can make it certain again

What an answer means stands in `modemgw.modem.classification`.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from modemgw.at import commands, results
from modemgw.at.errors import AtError
from modemgw.modem.classification import classify, refusal
from modemgw.modem.errors import (
    CommandError,
    CommandTimeoutError,
    ModemError,
    PortError,
)
from modemgw.modem.interface import Clearance, Outcome, SubmitResult, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modemgw.modem.channel import Channel
    from modemgw.modem.exchange import Exchange
    from modemgw.modem.profile import Profile
    from modemgw.modem.settings import Timing

_log = logging.getLogger(__name__)
# A clearance that is stale as soon as it is obtained would be asked for for ever.
_OBTAIN_LIMIT = 5


def submit_limit_s(profile: Profile, timing: Timing) -> float:
    """How long a submit may take, from Ctrl-Z on."""
    return profile.submit_s * timing.patience if profile.submit_s else timing.submit_s


async def submit(
    channel: Channel,
    pdu: str,
    length: int,
    clearance: Clearance,
    timing: Timing,
    profile: Profile,
) -> SubmitResult:
    """Submit one TPDU. Never raises but for cancellation.

    For who holds the channel's lock and has brought the dialogue into step. The modem's `profile`
    says how long the final result may take, and what its errors mean.
    """
    limit_s = submit_limit_s(profile, timing)
    try:
        exchange = channel.begin(commands.submit(length, limit_s))
    except AtError as error:
        return SubmitResult(Outcome.REFUSED, detail=f"before AT+CMGS: {error}")
    try:
        refused = await _clear(channel, exchange, clearance, timing)
        if refused is not None:
            return refused
        # _clear ended with GO and did not wait since.
        exchange.send(pdu)
        return await _outcome(channel, exchange, limit_s, timing.boot_quiet_s, profile)
    finally:
        channel.give_up(exchange)


async def _clear(
    channel: Channel, exchange: Exchange, clearance: Clearance, timing: Timing
) -> SubmitResult | None:
    """Get clearance and prompt; None: both are there and the gate said GO in this moment.

    The clearance is recorded by somebody: its end is awaited even where there is no prompt, so that
    what follows for this part finds that record.
    """
    # One deadline for all of it: a prompt that is left open for minutes closes without a word.
    now = asyncio.get_running_loop().time
    began = now()
    deadline = began + timing.clearance_s
    granted = await _obtain(clearance, deadline)
    try:
        await exchange.prompt(began + timing.prompt_s - now())
    except CommandError as error:
        return refusal(error.final)
    except PortError as error:
        return SubmitResult(Outcome.REFUSED, detail=f"port lost before Ctrl-Z: {error}")
    except CommandTimeoutError:
        await _take_back(channel, exchange)
        return SubmitResult(Outcome.REFUSED, detail=f"no prompt within {timing.prompt_s:g} s")
    if granted and await _gate(exchange, clearance, deadline):
        return None
    if not exchange.open:
        return _closed(exchange)
    await _take_back(channel, exchange)
    if exchange.restarted:
        return SubmitResult(Outcome.WITHDRAWN, detail="the modem restarted before Ctrl-Z")
    return SubmitResult(Outcome.WITHDRAWN, detail="the clearance was refused")


async def _gate(exchange: Exchange, clearance: Clearance, deadline: float) -> bool:
    """Ask for the last word until it is GO (true) or NO (false). Returns without waiting on GO."""
    for _ in range(_OBTAIN_LIMIT):
        if not exchange.open or exchange.restarted:
            return False
        match clearance.verdict():
            case Verdict.GO:
                return True
            case Verdict.NO:
                return False
            case Verdict.STALE:
                if not await _obtain(clearance, deadline):
                    return False
    return False


async def _obtain(clearance: Clearance, deadline: float) -> bool:
    try:
        async with asyncio.timeout_at(deadline):
            return await clearance.obtain()
    except Exception:
        _log.exception("a clearance could not be obtained; the part is withdrawn")
        return False


async def _take_back(channel: Channel, exchange: Exchange) -> None:
    try:
        await channel.withdraw(exchange)
    except ModemError as error:
        # The part is certainly not submitted; that the modem hangs is the driver's to notice.
        _log.warning("after ESC: %s", error)


def _closed(exchange: Exchange) -> SubmitResult:
    """The prompt ended by itself, before Ctrl-Z: an error from the modem, or the port is gone."""
    try:
        return refusal(exchange.result().final)
    except PortError as error:
        return SubmitResult(Outcome.REFUSED, detail=f"port lost before Ctrl-Z: {error}")


async def _outcome(
    channel: Channel, exchange: Exchange, limit_s: float, grace_s: float, profile: Profile
) -> SubmitResult:
    try:
        response = await exchange.final_unless_restarted(limit_s, grace_s)
    except PortError as error:
        return SubmitResult(Outcome.UNKNOWN, detail=f"port lost after Ctrl-Z: {error}")
    except CommandTimeoutError:
        if exchange.restarted:
            return await _after_time_out(channel, exchange, "the modem restarted after Ctrl-Z")
        words = f"no answer within {limit_s:g} s after Ctrl-Z"
        return await _after_time_out(channel, exchange, words)
    return classify(response.final, commands.submit(0).parse(response.lines), profile)


async def _after_time_out(channel: Channel, exchange: Exchange, words: str) -> SubmitResult:
    """Bring the dialogue into step; the answer may still come before the modem's next word."""
    channel.late.clear()
    channel.late.extend(channel.give_up(exchange))
    try:
        await channel.listen()
        await channel.synchronise()
    except ModemError as error:
        _log.warning("after a submit without an answer: %s", error)
    late = late_acceptance(channel.late)
    channel.late.clear()
    if late is not None:
        return late
    return SubmitResult(Outcome.UNKNOWN, detail=words)


def late_acceptance(lines: Iterable[str]) -> SubmitResult | None:
    """The acceptance that late lines hold, or None.

    27.005 §4.3: `+CMGS: <mr>`, then OK. An OK alone may be the end of anything: no proof.
    """
    mr: int | None = None
    referred = False
    for line in lines:
        if line.upper().startswith("+CMGS"):
            referred, mr = True, commands.submit(0).parse((line,))
            continue
        final = results.final_result(line)
        if final is None:
            continue
        if referred:
            return SubmitResult(Outcome.ACCEPTED, mr=mr) if final.ok else None
    return None
