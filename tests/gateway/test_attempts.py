"""What is kept of attempts that did not simply succeed, and texts that begin anew."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from modemgw.gateway import views
from modemgw.modem.interface import ModemState
from modemgw.store import attempts, messages
from tests.gateway.scripted import Script, ScriptedModem, refused, unknown
from tests.gateway.world import ALICE, BOB, World

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

    from modemgw.store.prepared import Record
    from modemgw.store.transaction import Transaction
    from tests.gateway.conftest import MakeWorld

LONG = "long " * 70  # three parts


async def history(world: World, message_id: str) -> Sequence[Record]:
    return await world.reader.run(lambda c: attempts.of_message(c, message_id))


async def test_a_success_at_the_first_attempt_leaves_no_history(
    world: World, modem: ScriptedModem
) -> None:
    """Nearly every text is one, and there is nothing to tell."""
    message_id = await world.send()
    await world.becomes(message_id, "sent")
    assert await history(world, message_id) == []


async def test_each_refusal_is_kept_with_its_line_code_and_words(
    world: World, modem: ScriptedModem
) -> None:
    """Refused at the prompt and behind it, then sent: both refusals can be told."""
    at_prompt = refused(322)
    at_prompt.at_prompt = True
    modem.plan(at_prompt, refused(314))
    message_id = await world.send()
    await world.until_async(lambda: world.attempted(message_id, 1))
    await world.later(60)
    await world.until_async(lambda: world.attempted(message_id, 2))
    await world.later(60)
    await world.becomes(message_id, "sent")
    kept = await history(world, message_id)
    line, modem_id = world.line(modem), world.gateway.roster.modem_id(modem)
    assert [(a.outcome, a.code, a.line_id, a.modem_id) for a in kept] == [
        ("refused", "cms 322", line, modem_id),
        ("refused", "cms 314", line, modem_id),
    ]
    assert all(a.detail for a in kept)
    assert kept[0].at < kept[1].at


async def test_a_doubt_is_kept_when_it_is_settled(world: World, modem: ScriptedModem) -> None:
    """A report proves that it went; that nobody knew for a while stays on record."""
    modem.plan(unknown())
    message_id = await world.send()
    await world.becomes(message_id, "in_doubt")
    await world.report(modem, 1)
    await world.becomes(message_id, "delivered")
    assert [a.outcome for a in await history(world, message_id)] == ["unknown"]


async def test_a_part_that_is_taken_back_behind_its_record_is_kept_and_not_counted(
    world: World, modem: ScriptedModem
) -> None:
    """The opposite of an attempt: it was recorded and never handed over."""
    message_id = await world.expire_at_the_prompt(modem)
    await world.until_async(lambda: world.attempted(message_id, 0))
    assert [a.outcome for a in await history(world, message_id)] == ["withdrawn"]


async def test_only_so_many_attempts_of_a_part_are_kept(make_world: MakeWorld) -> None:
    """The last ones, however often a part is refused or taken back."""
    world, modem = make_world(), ScriptedModem(1)
    await world.start(modem)
    message_id = await world.send(send_at=world.clock() + 60)

    def note_ten(tx: Transaction) -> None:
        for code in range(10):
            values = {"at": 1.0, "outcome": "withdrawn", "code": str(code)}
            attempts.note(tx.connection, message_id, 1, keep=3, **values)

    await world.writer.run(note_ten)
    assert [a.code for a in await history(world, message_id)] == ["7", "8", "9"]
    await world.stop()


async def partly_sent(
    world: World, modem: ScriptedModem, to: str = ALICE, **options: Any
) -> tuple[str, ScriptedModem]:
    """A long text whose line has gone when the first of its parts was sent, and another modem."""
    script = Script(before_answer=asyncio.Event())
    modem.plan(script)
    message_id = await world.send(to, LONG, valid_for_s=7 * 86_400.0, **options)
    await script.written.wait()
    await go_away(world, modem, script)
    other = ScriptedModem(2)
    await world.present(other)

    async def waits() -> bool:
        return await world.parts(message_id) == ["sent", "queued", "queued"]

    await world.until_async(waits)
    return message_id, other


async def go_away(world: World, modem: ScriptedModem, script: Script) -> None:
    """Let a modem go away while a part is on the air."""
    modem.go(ModemState.RECOVERING)
    world.gateway.changed(modem)
    await world.until(lambda: world.gateway.roster._written[id(modem)] == modem.status)
    assert script.before_answer is not None
    script.before_answer.set()
    await world.until(lambda: not world.gateway.dispatcher.is_live(world.line(modem)))


async def detail(world: World, message_id: str) -> dict[str, Any]:
    def read(connection: Connection) -> dict[str, Any]:
        return views.detail(
            messages.get(connection, message_id),
            messages.get_parts(connection, message_id),
            messages.former_parts(connection, message_id),
            attempts.of_message(connection, message_id),
        )

    return await world.reader.run(read)


async def test_a_text_whose_line_stays_away_goes_whole_on_another_if_the_sender_chose_it(
    world: World, modem: ScriptedModem
) -> None:
    """With a new reference, counted, and with what had gone before still on record."""
    message_id, other = await partly_sent(world, modem, if_partly_sent="resend")
    await world.later(world.settings.part_wait_s - 60)
    assert other.written == []
    await world.later(120)
    await world.becomes(message_id, "sent")
    assert len(other.written) == 3
    first, second = modem.written[0].concat, other.written[0].concat
    assert first is not None
    assert second is not None
    assert {tpdu.concat.ref for tpdu in other.written if tpdu.concat} == {second.ref}
    assert first.ref != second.ref
    shown = await detail(world, message_id)
    assert shown["restarts"] == 1
    (former,) = shown["former_parts"]
    assert (former["seq"], former["status"], former["line"]) == (1, "sent", world.line(modem))
    told = [event.data["restarts"] for event in await world.events("message.status")]
    assert told[-1] == 1


async def test_a_report_on_a_part_of_the_first_sending_settles_that_part_alone(
    world: World, modem: ScriptedModem
) -> None:
    """It is known by its line and reference, and says nothing of the second sending."""
    message_id, other = await partly_sent(world, modem, if_partly_sent="resend")
    await world.later(world.settings.part_wait_s + 60)
    await world.becomes(message_id, "sent")
    await world.report(modem, 1)
    shown = await detail(world, message_id)
    assert [part["status"] for part in shown["former_parts"]] == ["delivered"]
    assert await world.parts(message_id) == ["sent"] * 3
    for mr in (1, 2, 3):
        await world.report(other, mr)
    await world.becomes(message_id, "delivered")


async def test_a_text_begins_anew_only_once(world: World, modem: ScriptedModem) -> None:
    """When the second line stays away as well, it fails as partly sent."""
    message_id, other = await partly_sent(world, modem, if_partly_sent="resend")
    script = Script(before_answer=asyncio.Event())
    other.plan(script)
    await world.later(world.settings.part_wait_s + 60)
    await script.written.wait()
    await go_away(world, other, script)
    await world.later(world.settings.part_wait_s + 60)
    row = await world.row(message_id)
    assert (row.status, row.error_code, row.restarts) == ("failed", "partly_sent", 1)
    world.assert_nothing_dangles(row)


async def test_a_text_that_is_bound_to_its_line_does_not_begin_anew(
    world: World, modem: ScriptedModem
) -> None:
    """`from` is binding: there is no other line for it."""
    line_id = world.line(modem)
    message_id, other = await partly_sent(world, modem, if_partly_sent="resend", from_=line_id)
    await world.later(world.settings.part_wait_s + 60)
    row = await world.row(message_id)
    assert (row.status, row.error_code) == ("failed", "partly_sent")
    assert other.written == []


async def test_who_opts_out_meanwhile_gets_no_second_sending(
    world: World, modem: ScriptedModem
) -> None:
    """The rest of the text is canceled, and nothing begins anew."""
    message_id, other = await partly_sent(world, modem, BOB, if_partly_sent="resend")
    await world.gateway.opt_out(BOB, "api", "asked on the phone")
    await world.later(world.settings.part_wait_s + 60)
    assert await world.status(message_id) == "canceled"
    assert other.written == []
