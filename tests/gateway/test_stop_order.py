"""STOP and START in whatever order they are read: the later one counts, and in doubt the STOP."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modemgw import pdu
from modemgw.consent.gate import Policy
from modemgw.consent.numbers import normalise_sender
from modemgw.consent.replies import Replies
from modemgw.gateway.letters import Origin, take_in_text
from modemgw.gateway.settings import GatewaySettings
from modemgw.store import optouts
from modemgw.store.engine import writer_engine
from modemgw.store.ledger import Ledger
from modemgw.store.schema import migrate
from modemgw.store.transaction import Transaction
from tests.gateway.scripted import ScriptedModem
from tests.gateway.test_stop import answers, audit
from tests.gateway.world import ALICE, AUDIT_KEY, START, World

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Engine

CENTRES = ("+12063130004", "+12063130057", "+12063130068")
QUARTER_S, DAY_S = 900, 86_400
SENDER = normalise_sender(ALICE, "US")


def text(word: str, at: float, centre: str = CENTRES[0]) -> str:
    """A text of one part, stamped by a service centre."""
    scts = datetime.fromtimestamp(START + at, UTC)
    (frame,) = pdu.encode_deliver(ALICE, word, scts=scts, smsc=centre)
    return frame.hex


# -- through a gateway --------------------------------------------------------------------------


async def test_a_start_that_was_sent_before_the_stop_does_not_lift_it(
    world: World, modem: ScriptedModem
) -> None:
    """It lay in a modem that was away; nobody is answered, a person is to look."""
    other = ScriptedModem(2)
    await world.present(other)
    world.clock.now += 7_200
    await world.arrive(modem, text("STOP", 7_195))
    await world.arrive(other, text("START", 3_600))
    assert ALICE in world.gateway.refusals
    assert [row.classified for row in await world.inbound()] == ["opt_out", "review"]
    assert len(await answers(world)) == 1
    assert await answers(world, None) == []
    assert await world.events("optout.removed") == []
    assert await audit(world) == ["opted_out", "opt_in_left_open"]
    await world.arrive(modem, text("START", 7_199))
    assert ALICE not in world.gateway.refusals
    assert len(await answers(world, None)) == 1


async def test_a_stop_counts_however_late_it_is_read(world: World, modem: ScriptedModem) -> None:
    """Even behind a START that was sent later: START once more lifts it."""
    world.clock.now += 7_200
    await world.gateway.opt_out(ALICE, "api", "on the phone")
    world.clock.now += 60
    await world.arrive(modem, text("START", 7_255))
    assert ALICE not in world.gateway.refusals
    await world.arrive(modem, text("STOP", 3_600))
    assert ALICE in world.gateway.refusals
    assert len(await answers(world)) == 1
    await world.arrive(modem, text("START", 7_258))
    assert ALICE not in world.gateway.refusals


async def test_a_second_stop_makes_the_opt_out_later(world: World, modem: ScriptedModem) -> None:
    """A START between the two does not lift it."""
    world.clock.now += 7_200
    await world.arrive(modem, text("STOP", 100))
    await world.arrive(modem, text("STOP", 7_000))
    await world.arrive(modem, text("START", 3_600))
    assert ALICE in world.gateway.refusals


async def test_an_opt_out_of_the_api_is_of_the_time_when_it_is_made(
    world: World, modem: ScriptedModem
) -> None:
    """Also over an older one: no START from before lifts it. Lifted there, it is lifted."""
    world.clock.now += 7_200
    await world.arrive(modem, text("STOP", 100))
    await world.gateway.opt_out(ALICE, "api", "on the phone")
    await world.arrive(modem, text("START", 7_199))
    assert ALICE in world.gateway.refusals
    await world.gateway.opt_in(ALICE, "api", "signed form")
    assert ALICE not in world.gateway.refusals


async def test_the_same_opt_out_of_the_api_once_more_is_later_too(
    world: World, modem: ScriptedModem
) -> None:
    """Whoever calls twice is noted twice in the same words: no START from between lifts it."""
    await world.gateway.opt_out(ALICE, "api", "on the phone")
    world.clock.now += 20 * DAY_S
    await world.gateway.opt_out(ALICE, "api", "on the phone")
    await world.arrive(modem, text("START", 10 * DAY_S))
    assert ALICE in world.gateway.refusals
    assert await audit(world) == ["opted_out", "opt_in_left_open"]


# -- any order ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Text:
    """What a person wrote: when, by which centre, to which line, how long until it was read."""

    word: str
    sent_at: int
    centre: int
    line: int
    delay_s: int
    stamp: str


# Not a whole number of quarters of an hour: a clock in another zone that makes up for just the
# delay is what remains (docs/design.md).
_DELAYS = st.one_of(
    st.integers(0, 30),
    st.builds(
        lambda quarters, rest: quarters * QUARTER_S + rest,
        st.integers(0, 90),
        st.integers(120, QUARTER_S - 120),
    ),
)
_TEXTS = st.lists(
    st.builds(
        Text,
        st.sampled_from(("STOP", "START")),
        st.integers(0, 50_000),
        st.integers(0, len(CENTRES) - 1),
        st.integers(0, 2),
        _DELAYS,
        st.sampled_from(("right", "right", "right", "none", "2004", "2080")),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda text: text.sent_at,
)
_ZONES = st.lists(
    st.integers(-56, 56).map(lambda quarters: quarters * QUARTER_S),
    min_size=len(CENTRES),
    max_size=len(CENTRES),
)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A database; what is written into it is rolled back."""
    url = f"sqlite:///{tmp_path_factory.mktemp('order')}/order.db"
    migrate(url)
    engine = writer_engine(url)
    yield engine
    engine.dispose()


def is_opted_out(engine: Engine, texts: Sequence[Text], zones: Sequence[int]) -> bool:
    """Whether the sender is in the end, the texts read in the order in which they come."""
    with engine.connect() as connection:
        connection.begin()
        tx = Transaction(connection, Ledger("here", AUDIT_KEY))
        for one in sorted(texts, key=lambda one: one.sent_at + one.delay_s):
            at = one.sent_at + zones[one.centre]
            tpdu = pdu.decode(text(one.word, at, CENTRES[one.centre]))
            assert isinstance(tpdu, pdu.Deliver)
            scts = {
                "right": tpdu.scts,
                "none": None,
                "2004": datetime(2004, 1, 1, tzinfo=UTC),
                "2080": datetime(2080, 1, 1, tzinfo=UTC),
            }[one.stamp]
            tpdu = replace(tpdu, scts=scts)
            here = origin(f"lin_{one.line}", START + one.sent_at + one.delay_s)
            take_in_text(tx, tpdu, f"inb_{one.sent_at}", here)
        found = bool(optouts.of(connection, ALICE))
        connection.rollback()
    return found


def origin(line_id: str, now: float) -> Origin:
    """A line in the United States."""
    told = GatewaySettings("here", "US", Policy.parse("off", ["*"]), b"k" * 32)
    return Origin(SENDER, line_id, "+12025550191", "", "US", told, Replies("Acme"), now)


@given(_TEXTS, _ZONES)
@settings(max_examples=300)
def test_who_said_stop_last_is_opted_out_in_whatever_order_it_is_read(
    engine: Engine, texts: list[Text], zones: list[int]
) -> None:
    """With clocks in wrong zones, without stamps, with absurd ones."""
    last = max(texts, key=lambda one: one.sent_at)
    texts = [replace(one, word="STOP") if one is last else one for one in texts]
    assert is_opted_out(engine, texts, zones)


@given(_TEXTS)
def test_what_is_read_at_once_by_clocks_that_are_right_counts_as_it_was_written(
    engine: Engine, texts: list[Text]
) -> None:
    """The last one decides, by whichever service centre each came."""
    prompt = [replace(one, delay_s=3, stamp="right") for one in texts]
    last = max(texts, key=lambda one: one.sent_at)
    expected = last.word == "STOP"
    assert is_opted_out(engine, prompt, [0] * len(CENTRES)) is expected
