"""However a text comes to be sent, it does not go to somebody who has opted out meanwhile.

Each way brings a text as far as it can wait, and lets it go on later. In between the recipient
refuses: here, which cancels what waits; or so that nothing but the row of the opt-out tells of it,
as where another host commits it in an unlucky moment. Without a refusal the same text goes.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from modemgw.gateway.requests import RefusalError, SendRequest
from modemgw.store import optouts
from tests.gateway.scripted import Script, ScriptedModem, refused, unknown
from tests.gateway.test_attempts import partly_sent
from tests.gateway.world import ALICE, ANYBODY, BOB, World

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

OFFER = "An offer"
WEEK_S = 7 * 86_400.0
ENDED = {"sent", "delivered", "failed", "canceled", "blocked", "expired"}


@dataclass(frozen=True, slots=True)
class Waiting:
    """A text that waits, the modems that may send it, and what lets it go on."""

    message_id: str
    modems: tuple[ScriptedModem, ...]
    go_on: Callable[[], Awaitable[object]]


async def queued(world: World) -> Waiting:
    """No modem is there yet."""
    modem = ScriptedModem(1)
    message_id = await world.send(text=OFFER)
    return Waiting(message_id, (modem,), lambda: world.present(modem))


async def of_a_batch(world: World) -> Waiting:
    """Among others."""
    modem = ScriptedModem(1)
    wanted = [SendRequest(to=to, text=OFFER) for to in (BOB, ALICE)]
    _, mine = await world.gateway.send(wanted, ANYBODY)
    assert isinstance(mine, dict)
    return Waiting(str(mine["id"]), (modem,), lambda: world.present(modem))


async def scheduled(world: World) -> Waiting:
    """For an hour that is to come."""
    modem = ScriptedModem(1)
    await world.present(modem)
    message_id = await world.send(text=OFFER, send_at=world.clock.now + 3_600)
    return Waiting(message_id, (modem,), lambda: world.later(3_601))


async def retried(world: World) -> Waiting:
    """The network refused it for now."""
    modem = ScriptedModem(1)
    await world.present(modem)
    modem.plan(refused(42))
    message_id = await world.send(text=OFFER)
    await world.until_async(lambda: world.attempted(message_id, 1))
    return Waiting(message_id, (modem,), lambda: world.later(600))


async def claimed(world: World) -> Waiting:
    """Behind a text that is on the air."""
    modem, answer = ScriptedModem(1), asyncio.Event()
    await world.present(modem)
    modem.plan(Script(before_answer=answer))
    await world.send(BOB)
    message_id = await world.send(text=OFFER)
    await world.until_async(lambda: world.claimed(message_id))
    return Waiting(message_id, (modem,), _setting(answer))


async def begun(world: World) -> Waiting:
    """Its prompt is late, and by then its permit is too old."""
    modem, begin = ScriptedModem(1), asyncio.Event()
    await world.present(modem)
    modem.plan(Script(before_obtain=begin))
    message_id = await world.send(text=OFFER)
    await world.until_async(lambda: world.claimed(message_id))
    return Waiting(message_id, (modem,), _setting(begin))


async def left_by_a_crash(world: World) -> Waiting:
    """Claimed, and the process died."""
    waiting = await claimed(world)
    await world.kill()
    await world.start()
    again = ScriptedModem(1)
    return Waiting(waiting.message_id, (again,), lambda: world.present(again))


async def out_of_doubt(world: World) -> Waiting:
    """Nobody knows whether it went, and the sender chose to have it sent again."""
    modem = ScriptedModem(1)
    await world.present(modem)
    modem.plan(unknown())
    message_id = await world.send(text=OFFER, if_in_doubt="resend", valid_for_s=WEEK_S)
    await world.becomes(message_id, "in_doubt")
    return Waiting(message_id, (modem,), lambda: world.later(86_500))


async def whole_again(world: World) -> Waiting:
    """A part has gone, its line stays away, and the sender chose to have it sent whole."""
    modem = ScriptedModem(1)
    await world.present(modem)
    message_id, other = await partly_sent(world, modem, if_partly_sent="resend")
    return Waiting(message_id, (other,), lambda: world.later(world.settings.part_wait_s + 60))


WAYS = (
    queued,
    of_a_batch,
    scheduled,
    retried,
    claimed,
    begun,
    left_by_a_crash,
    out_of_doubt,
    whole_again,
)


def _setting(event: asyncio.Event) -> Callable[[], Awaitable[object]]:
    async def go_on() -> None:
        event.set()

    return go_on


async def opts_out_here(world: World) -> None:
    """By any interface."""
    await world.gateway.opt_out(ALICE, "api", "on the phone")


async def opts_out_elsewhere(world: World) -> None:
    """Nothing is canceled, and memory knows nothing of it."""
    values = {
        "number": ALICE,
        "scope": "all",
        "source": "keyword",
        "reason": "on another host",
        "created_at": world.clock.now,
        "sent_at": world.clock.now,
    }
    await world.writer.run(lambda tx: optouts.add(tx.connection, values))


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize(
    "opts_out", [opts_out_here, opts_out_elsewhere], ids=lambda by: by.__name__
)
async def test_whichever_way_it_came_it_does_not_go(
    world: World,
    way: Callable[[World], Awaitable[Waiting]],
    opts_out: Callable[[World], Awaitable[None]],
) -> None:
    """It ends with a reason, and not an octet of it leaves."""
    waiting = await way(world)
    before = _written(waiting)
    await opts_out(world)
    await waiting.go_on()
    await world.until_async(lambda: _has_ended(world, waiting))
    assert await world.status(waiting.message_id) in ("canceled", "blocked", "failed")
    assert _written(waiting) == before
    world.assert_nothing_dangles(await world.row(waiting.message_id))


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
async def test_without_a_refusal_it_goes(
    world: World, way: Callable[[World], Awaitable[Waiting]]
) -> None:
    """Else the test above would show nothing."""
    waiting = await way(world)
    before = _written(waiting)
    await waiting.go_on()
    await world.becomes(waiting.message_id, "sent")
    assert _written(waiting) > before


@pytest.mark.parametrize(
    "opts_out", [opts_out_here, opts_out_elsewhere], ids=lambda by: by.__name__
)
async def test_nothing_is_accepted_for_somebody_who_refuses(
    world: World, opts_out: Callable[[World], Awaitable[None]]
) -> None:
    """Alone, in a batch, or for later."""
    await opts_out(world)
    assert isinstance(await world.ask(), RefusalError)
    assert isinstance(await world.ask(send_at=world.clock.now + 3_600), RefusalError)
    wanted = [SendRequest(to=to, text=OFFER) for to in (BOB, ALICE)]
    theirs, mine = await world.gateway.send(wanted, ANYBODY)
    assert isinstance(theirs, dict)
    assert isinstance(mine, RefusalError)


async def test_the_answer_to_a_start_does_not_go_behind_another_stop(
    world: World, modem: ScriptedModem
) -> None:
    """Of automatic answers only those go that have a permit."""
    await world.gateway.opt_out(ALICE, "api", "")
    answer = asyncio.Event()
    script = Script(before_answer=answer)
    modem.plan(script)
    await world.send(BOB)
    await script.written.wait()
    world.clock.now += 60
    await world.write(modem, "START")
    await opts_out_here(world)
    answer.set()
    behind = await world.send(BOB, "Behind it")
    await world.becomes(behind, "sent")
    assert not any("texts again" in text for text in modem.texts)


def _written(waiting: Waiting) -> int:
    return sum(tpdu.address.number == ALICE for m in waiting.modems for tpdu in m.written)


async def _has_ended(world: World, waiting: Waiting) -> bool:
    await world.later(1)  # what was taken back waits a moment before it is looked at again
    return await world.status(waiting.message_id) in ENDED
