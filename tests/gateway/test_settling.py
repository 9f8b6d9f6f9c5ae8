"""Records that come twice, late, or from the wrong modem; and what keeps the clock going."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from modemgw.gateway import settle, upkeep
from modemgw.gateway.settle import Attempt, Step
from modemgw.modem.interface import ModemState, Outcome, SubmitResult
from modemgw.store import queue
from modemgw.store.errors import StoreUnavailableError
from tests.gateway.scripted import Script, ScriptedModem, unknown
from tests.gateway.world import ALICE, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from modemgw.store.transaction import Transaction

ACCEPTED = SubmitResult(Outcome.ACCEPTED, mr=1)
RESULTS = [
    ACCEPTED,
    SubmitResult(Outcome.UNKNOWN, detail="no answer"),
    SubmitResult(Outcome.WITHDRAWN),
    SubmitResult(Outcome.REFUSED, family="cms", code=1),
    SubmitResult(Outcome.REFUSED, family="cme", code=30),
    SubmitResult(Outcome.REFUSED, detail="plain"),
]


async def record(
    world: World,
    message_id: str,
    result: SubmitResult,
    modem_id: str | None,
    *,
    begun: bool = True,
) -> Step:
    line_id = (await world.row(message_id)).line_id
    attempt = Attempt(message_id, 1, line_id, modem_id or "mdm_other", begun=begun)
    now, settings = world.clock(), world.settings
    return await world.writer.run(lambda tx: settle.record(tx, attempt, result, settings, now))


async def test_an_answer_that_is_recorded_twice_counts_once(
    world: World, modem: ScriptedModem
) -> None:
    """A commit whose answer was lost is tried again; whatever comes after, sent stays sent."""
    message_id = await world.send()
    await world.becomes(message_id, "sent")
    told = len(await world.events("message.status"))
    for result in RESULTS:
        modem_id = world.gateway.roster.modem_id(modem)
        assert await record(world, message_id, result, modem_id) is Step.DONE
    assert await world.status(message_id) == "sent"
    assert len(await world.events("message.status")) == told


async def test_another_modem_cannot_take_back_what_is_on_the_air(
    world: World, modem: ScriptedModem
) -> None:
    """A part belongs to the modem that began it, or it could be sent twice."""
    answer = asyncio.Event()
    script = Script(before_answer=answer)
    modem.plan(script)
    message_id = await world.send()
    await script.written.wait()
    for result in RESULTS:
        await record(world, message_id, result, None)
    assert await world.parts(message_id) == ["submitting"]
    answer.set()
    await world.becomes(message_id, "sent")
    assert len(modem.written) == 1


@pytest.mark.parametrize("result", [r for r in RESULTS if r.outcome is not Outcome.ACCEPTED])
@pytest.mark.parametrize("elsewhere", [False, True])
async def test_an_attempt_that_never_began_takes_back_none_that_did(
    world: World, modem: ScriptedModem, result: SubmitResult, *, elsewhere: bool
) -> None:
    """A part is on the air by a record that somebody has lost: nobody can say, and it stays so, in
    whichever modem the line is by now."""
    answer = asyncio.Event()
    script = Script(before_answer=answer)
    modem.plan(script)
    message_id = await world.send()
    await script.written.wait()
    modem_id = None if elsewhere else world.gateway.roster.modem_id(modem)
    await record(world, message_id, result, modem_id, begun=False)
    assert await world.parts(message_id) == ["in_doubt"]
    await record(world, message_id, result, modem_id, begun=False)
    assert await world.parts(message_id) == ["in_doubt"]
    answer.set()
    await world.becomes(message_id, "sent")
    assert len(modem.written) == 1


async def test_what_fails_before_it_begins_is_tried_again(
    world: World, modem: ScriptedModem
) -> None:
    """Whatever the driver says of it: the line holds it no more."""
    modem.plan(Script(SubmitResult(Outcome.UNKNOWN, detail="internal error"), at_prompt=True))
    message_id = await world.send()
    await world.until_async(lambda: is_waiting(world, message_id, "queued"))
    await world.later(2)
    await world.becomes(message_id, "sent")
    assert len(modem.written) == 1


async def is_waiting(world: World, message_id: str, status: str) -> bool:
    """It waits for a time, and nobody has it."""
    row = await world.row(message_id)
    return (row.status, row.claimed_by) == (status, None) and row.ready_at is not None


_REFUSE = """
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'as if it were away' USING ERRCODE = 'query_canceled'; END $$;
    CREATE TRIGGER refuse BEFORE UPDATE ON parts FOR EACH ROW WHEN (NEW.status = 'sent')
    EXECUTE FUNCTION refuse();
"""


async def test_the_rest_stays_claimed_until_the_part_before_is_recorded(postgres_url: str) -> None:
    """Or a crash would leave a part on the air that nobody holds, and nobody settles."""
    world, modem, answer = World(postgres_url), ScriptedModem(1), asyncio.Event()
    first = Script(before_answer=answer)
    modem.plan(first)
    await world.start(modem)
    message_id = await world.send(text="A long story. " * 15)
    await first.written.wait()
    await world.writer.run(lambda tx: tx.connection.exec_driver_sql(_REFUSE))
    try:
        modem.go(ModemState.RECOVERING)
        await world.present(modem)
        answer.set()
        for _ in range(10):
            await asyncio.sleep(0.05)
            assert await world.claimed(message_id)
        assert await world.parts(message_id) == ["submitting", "queued"]
    finally:
        drop = "DROP TRIGGER refuse ON parts; DROP FUNCTION refuse"
        await world.writer.run(lambda tx: tx.connection.exec_driver_sql(drop))
    await world.until_async(lambda: is_waiting(world, message_id, "sending"))
    assert await world.parts(message_id) == ["sent", "queued"]
    await world.stop()


async def test_the_rest_is_given_back_only_while_none_of_it_has_begun(
    world: World, modem: ScriptedModem
) -> None:
    """A database that was away takes it late: the line may send the next part by then."""
    answer = asyncio.Event()
    second = Script(before_answer=answer)
    modem.plan(Script(), second)
    message_id = await world.send(text="A long story. " * 15)
    await second.written.wait()
    line_id, now = world.line(modem), world.clock()
    for host, line in (("there", line_id), ("here", "lin_other"), ("here", line_id)):
        await world.writer.run(
            lambda tx, host=host, line=line: queue.put_back(  # type: ignore[misc]
                tx.connection, message_id, (2,), host, line, ready_at=now
            )
        )
        assert await world.claimed(message_id)
    answer.set()
    await world.becomes(message_id, "sent")
    assert len(modem.written) == 2


async def test_a_report_settles_a_doubt_only_if_it_can_be_about_no_other_part(
    world: World, modem: ScriptedModem
) -> None:
    """The MR of another text to the same recipient proves nothing."""
    modem.plan(Script(), unknown())
    first = await world.send(text="first")
    await world.becomes(first, "sent")
    doubtful = await world.send(text="doubtful")
    await world.becomes(doubtful, "in_doubt")
    await world.report(modem, 1)
    await world.report(modem, 1)
    assert (await world.status(first), await world.status(doubtful)) == ("delivered", "in_doubt")
    await world.report(modem, 2, recipient="+12025550199")
    assert await world.status(doubtful) == "in_doubt"
    await world.report(modem, 2, st=0x62)
    assert await world.status(doubtful) == "undelivered"


async def test_a_report_that_came_before_its_text_was_in_doubt_settles_it_too(
    world: World, modem: ScriptedModem
) -> None:
    """The OK was lost, and the report is there long before anybody stops to wait for it."""
    answer = asyncio.Event()
    script = Script(SubmitResult(Outcome.UNKNOWN, detail="no answer"), before_answer=answer)
    modem.plan(Script(), script, unknown())
    first = await world.send(text="first")
    await world.becomes(first, "sent")
    doubtful = await world.send(text="doubtful")
    await script.written.wait()
    await world.report(modem, 1)  # of the first, which proves nothing of the second
    await world.report(modem, 2)
    answer.set()
    await world.becomes(doubtful, "delivered")
    third = await world.send(text="third")
    await world.becomes(third, "in_doubt")


async def test_reports_that_may_be_about_another_text_settle_nothing(
    world: World, modem: ScriptedModem
) -> None:
    """One that went without its MR being told, or one that nobody knows of any more."""
    answer = asyncio.Event()
    script = Script(SubmitResult(Outcome.UNKNOWN, detail="no answer"), before_answer=answer)
    modem.plan(Script(SubmitResult(Outcome.ACCEPTED, mr=None)), script)
    first = await world.send(text="first")
    await world.becomes(first, "sent")
    doubtful = await world.send(text="doubtful")
    await script.written.wait()
    await world.report(modem, 7)
    answer.set()
    await world.becomes(doubtful, "in_doubt")
    await world.report(modem, 8)
    assert await world.status(doubtful) == "in_doubt"


async def test_reports_of_different_references_settle_nothing(
    world: World, modem: ScriptedModem
) -> None:
    """At most one of them is about the text."""
    answer = asyncio.Event()
    script = Script(SubmitResult(Outcome.UNKNOWN, detail="no answer"), before_answer=answer)
    modem.plan(script)
    doubtful = await world.send(text="doubtful")
    await script.written.wait()
    await world.report(modem, 7, st=0x62)
    await world.report(modem, 9)
    answer.set()
    await world.becomes(doubtful, "in_doubt")


async def test_a_step_of_the_clock_that_fails_does_not_stop_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One message that cannot be worked on must not end the daemon, nor a database that is away."""
    monkeypatch.setattr(upkeep, "TICK_S", 0.01)
    monkeypatch.setattr(upkeep, "SLOW_TICKS", 1)
    calls: list[str] = []
    faults = [ValueError("a fault of ours"), StoreUnavailableError("away")]

    def fail(_tx: Transaction, _now: float) -> None:
        calls.append("expire")
        if faults:
            raise faults.pop()

    monkeypatch.setattr(upkeep, "expire", fail)
    await world.until(lambda: len(calls) > 3)


async def test_a_modem_that_cannot_be_noted_is_noted_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is away when it tells of itself."""
    monkeypatch.setattr("modemgw.gateway.roster.RETRY_S", 0.02)
    roster, faults = world.gateway.roster, [StoreUnavailableError("away")]
    write = roster._write

    def fail(*args: object, **options: object) -> object:
        if faults:
            raise faults.pop()
        return write(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(roster, "_write", fail)
    modem = ScriptedModem(1)
    await world.present(modem)
    message_id = await world.send()
    await world.becomes(message_id, "sent")
    modem.go(ModemState.ABSENT)
    await world.present(modem)
    assert world.gateway.modems_ready == (0, 1)


async def test_background_work_is_tried_until_it_is_written(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that is away is waited for; a fault of ours is not repeated for ever."""
    monkeypatch.setattr("modemgw.gateway.dispatch.RETRY_S", 0.02)
    dispatcher, done = world.gateway.dispatcher, asyncio.Event()
    faults: list[Exception] = [StoreUnavailableError("away"), StoreUnavailableError("away")]

    def flaky(_tx: Transaction) -> None:
        if faults:
            raise faults.pop()

    def broken(_tx: Transaction) -> None:
        raise ValueError("a fault of ours")

    dispatcher.keep_trying(flaky, "test", then=done.set)
    dispatcher.keep_trying(broken, "test")
    async with asyncio.timeout(5):
        await done.wait()
    await world.until(lambda: not dispatcher._background)


async def test_a_claim_that_was_lost_is_found_again(
    world: World, modem: ScriptedModem, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Claimed in the database while its answer was lost: the line looks what it holds."""
    monkeypatch.setattr("modemgw.gateway.worker.CLAIM_RETRY_S", 0.02)
    lost: list[object] = []

    async def run(operation: Callable[[Transaction], object], **how: bool) -> object:
        result = await original(operation, **how)
        if getattr(result, "job", None) is not None and not lost:
            lost.append(result)
            raise StoreUnavailableError("the answer to COMMIT was lost")
        return result

    original = world.writer.run
    monkeypatch.setattr(world.writer, "run", run)
    message_id = await world.send(ALICE, "once")
    await world.until(lambda: bool(lost))
    await world.becomes(message_id, "sent")
    assert modem.texts == ["once"]
