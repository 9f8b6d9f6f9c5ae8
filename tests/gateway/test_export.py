"""Why a person was texted on a day is told from the database alone."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from modemgw import pdu
from modemgw.store.export import gather
from tests.gateway.scripted import ScriptedModem
from tests.gateway.world import ALICE, BOB, START, World

if TYPE_CHECKING:
    from tests.gateway.conftest import MakeWorld

DAY = 86_400.0
LONG = "A long story. " * 25  # three parts


async def exported(world: World, since: float = START - DAY, days: float = 30) -> dict[str, Any]:
    until = since + days * DAY
    return await world.reader.run(lambda c: gather(c, world.ledger, ALICE, since, until))


async def test_each_text_is_told_with_its_decision_its_ways_and_its_tpdus(
    make_world: MakeWorld,
) -> None:
    """The TPDUs are those that the modem wrote, of every part; others' texts are not told."""
    world, modem = make_world(rules=MappingProxyType({"gate": "1"})), ScriptedModem(1)
    await world.start(modem)
    await world.becomes(await world.send(to=BOB, text="for Bob"), "sent")
    await world.becomes(await world.send(text=LONG), "sent")
    told = await exported(world)
    (text,) = told["texts"]
    assert (text["decision"], text["opted_out_when_accepted"]) == (
        "allowed as transactional",
        False,
    )
    assert text["line"]["iccid"] == modem.status.iccid
    parts = text["parts"]
    assert [part["status"] for part in parts] == ["sent"] * 3
    assert {part["modem"]["imei"] for part in parts} == {modem.status.imei}
    assert [pdu.decode(part["tpdu"], to_network=True) for part in parts] == modem.written[1:]
    assert [rules["digests"] for rules in told["rules"]] == [{"gate": "1"}]
    await world.stop()


async def test_how_it_stood_is_told_for_each_time(world: World, modem: ScriptedModem) -> None:
    """Before the STOP, after it, and what passed it by which permit; the STOP with its TPDU."""
    await world.becomes(await world.send(), "sent")
    world.clock.now += DAY
    await world.write(modem, "STOP")
    await world.until(lambda: len(modem.written) == 2)
    world.clock.now += DAY
    assert not isinstance(await world.ask(), dict)
    told = await exported(world, START - 1, 0.5)
    assert (told["opted_out_before"], told["opted_out_now"]) == (False, True)
    assert [text["text"] for text in told["texts"]] == ["Hello"]
    told = await exported(world, START + DAY - 1, 0.5)
    came, answer = sorted(told["texts"], key=lambda text: text["direction"])
    assert (came["keyword"], len(came["tpdus"])) == ("opt_out", 1)
    assert answer["decision"] == "passed by the permit confirmation"
    assert {entry["action"] for entry in told["entries"]} == {"opted_out", "permit_used"}
    told = await exported(world, START + 2 * DAY - 1, 0.5)
    assert told["opted_out_before"] is True
    ((entry),) = told["entries"]
    assert (entry["action"], entry["detail"]["rule"]) == ("refused", "opted_out")
