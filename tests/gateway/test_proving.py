"""What a gateway tells the audit, and what it publishes of it."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import insert

from modemgw.gateway.proving import BATCH, EVERY_S
from modemgw.ids import new_id
from modemgw.store import heads, tables
from modemgw.store.engine import writer_engine
from modemgw.store.errors import StoreError
from modemgw.store.ledger import every_entry
from modemgw.store.proof import verify
from modemgw.store.writer import Writer
from tests.gateway.test_stop import answers
from tests.gateway.world import ALICE, START, World

if TYPE_CHECKING:
    from pathlib import Path

    from tests.gateway.conftest import MakeWorld
    from tests.gateway.scripted import ScriptedModem


async def told(world: World) -> list[tuple[str, dict[str, Any]]]:
    """What stands in the audit of everybody, oldest first."""
    found = await world.reader.run(every_entry)
    return [(entry["action"], entry["detail"]) for entry in found]


async def test_a_text_that_is_allowed_leaves_no_entry(world: World, modem: ScriptedModem) -> None:
    """Accepting and sending costs the audit nothing."""
    await world.becomes(await world.send(), "sent")
    assert await told(world) == []
    assert modem.written


async def test_the_permit_that_let_a_confirmation_pass_stands_in_the_audit(
    world: World, modem: ScriptedModem
) -> None:
    """Who texts somebody after their STOP says by what right."""
    await world.write(modem, "STOP")
    await world.until(lambda: len(modem.written) == 1)
    assert len(await answers(world)) == 1
    used = [detail for action, detail in await told(world) if action == "permit_used"]
    assert [(detail["permit"], detail["part"]) for detail in used] == [("confirmation", 1)]


async def test_a_text_that_the_gate_blocks_later_stands_in_the_audit(
    world: World, modem: ScriptedModem
) -> None:
    """With its rule and its message, as one refused at once does."""
    message_id = await world.send(send_at=world.clock.now + 60)
    values = {
        "number": ALICE,
        "scope": "all",
        "source": "cli",
        "reason": "",
        "created_at": world.clock.now,
        "sent_at": world.clock.now,
    }
    # As another host does it whose cancellation has not seen this text.
    await world.writer.run(lambda tx: tx.connection.execute(insert(tables.opt_outs).values(values)))
    await world.later(61)
    await world.becomes(message_id, "blocked")
    ((action, detail),) = await told(world)
    assert (action, detail["rule"], detail["message"]) == ("blocked", "opted_out", message_id)
    assert modem.written == []


async def test_the_head_is_published_at_the_start_and_every_hour(
    make_world: MakeWorld, tmp_path: Path
) -> None:
    """In a file and as an event; a cut tail shows by it."""
    path = tmp_path / "heads"
    world = make_world(head_file=path, rules=MappingProxyType({"gate": "1"}))
    await world.start()
    proving = world.gateway.proving
    await world.until(lambda: path.exists() and any(heads.published(path)))
    (first,) = heads.published(path)
    await world.gateway.opt_out(ALICE, "api", "")
    await proving.look()
    assert len(list(heads.published(path))) == 1
    proving._next_at -= EVERY_S
    await proving.look()
    published = list(heads.published(path))
    assert [head.sequence for head in published] == [1, 2]
    assert published[0] == first
    events = [event.data["sequence"] for event in await world.events("audit.head")]
    assert events == [1, 2]
    key = world.ledger.key
    assert (await world.reader.run(lambda c: verify(c, published, key))).breaks == ()
    await world.stop()


async def test_changed_rules_are_noted_at_the_start(make_world: MakeWorld) -> None:
    """Once for each change, however often the daemon is started."""
    for digest, entries in (("1", 1), ("1", 1), ("2", 2)):
        world = make_world(rules=MappingProxyType({"gate": digest, "pools": "1"}))
        await world.start()
        changes = [detail["changed"] for _, detail in await told(world)]
        assert changes == [["gate", "pools"], ["gate"]][:entries]
        await world.stop()


async def test_a_start_with_another_key_is_refused(make_world: MakeWorld) -> None:
    """Before anything is sent: what was hashed with the old one would not be found."""
    world = make_world()
    await world.start()
    await world.gateway.opt_out(ALICE, "api", "")
    await world.stop()
    other = make_world()
    other.audit_key = b"b" * 32
    with pytest.raises(StoreError, match="back from a backup"):
        await other.start()
    assert isinstance(other.writer, Writer)
    await other.writer.stop()
    other.reader.close()


async def test_the_old_list_is_carried_over_at_the_first_start(make_world: MakeWorld) -> None:
    """All of it, before anything is sent."""
    world = make_world()
    engine = writer_engine(world.url)
    rows = [
        {"id": new_id("aud"), "created_at": START, "action": "opted_out", "number": ALICE}
        for _ in range(BATCH + 1)
    ]
    with engine.begin() as connection:
        connection.execute(insert(tables.audit), [row | {"detail": {}} for row in rows])
    engine.dispose()
    await world.start()
    assert await told(world) == [("opted_out", {})] * (BATCH + 1)
    await world.stop()
