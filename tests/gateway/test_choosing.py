"""Which line a text goes on: rules, the line of before, and the best of those that are free."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.gateway.load import Load, score
from modemgw.gateway.pace import LONGEST_S, Pace
from modemgw.gateway.plans import Plan
from modemgw.gateway.roster import Line
from modemgw.gateway.routing import Rule
from modemgw.gateway.settings import Pool
from modemgw.modem.interface import ModemState, Outcome, SubmitResult
from tests.gateway.scripted import ScriptedModem, refused
from tests.gateway.world import ALICE, BOB, World

if TYPE_CHECKING:
    from tests.gateway.conftest import MakeWorld

HOUR, DAY = 3_600.0, 86_400.0
GERMAN = "+4915112345678"


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        (Rule("p"), True),
        (Rule("p", prefixes=("+4915", "+4916")), True),
        (Rule("p", prefixes=("+4917",)), False),
        (Rule("p", countries=frozenset({"DE", "AT"})), True),
        (Rule("p", countries=frozenset({"US"})), False),
        (Rule("p", kinds=frozenset({"marketing"})), True),
        (Rule("p", kinds=frozenset({"conversational"}), countries=frozenset({"DE"})), False),
        (Rule("p", tags=frozenset({"reminder"})), True),
        (Rule("p", tags=frozenset({"other"})), False),
        (Rule("p", operators=frozenset({"T-Mobile"})), True),
        (Rule("p", operators=frozenset({"Vodafone"})), False),
    ],
)
def test_a_rule_fits_where_all_holds_that_it_names(rule: Rule, fits: bool) -> None:
    """What it leaves open is not asked."""
    assert rule.fits(GERMAN, "marketing", "reminder") is fits


def two_pools(make_world: MakeWorld, **options: Any) -> tuple[World, ScriptedModem, ScriptedModem]:
    one, two = ScriptedModem(1), ScriptedModem(2)
    pools = {
        name: Pool(name, frozenset({modem.status.number or ""}), "transactional")
        for name, modem in (("one", one), ("two", two))
    }
    return make_world(pools=MappingProxyType(pools), **options), one, two


async def test_a_text_without_pool_has_the_kind_and_the_plan_of_the_default_pool(
    make_world: MakeWorld,
) -> None:
    """On all lines together, also where it names one; who says a kind has it, and a named pool its
    own plan."""
    plan = Plan("office", per_hour=3)
    world, one, two = two_pools(
        make_world, default_pool=Pool("", frozenset(), "conversational", plan=plan)
    )
    await world.start(one, two)
    plain = await world.send(ALICE)
    bound = await world.send(BOB, from_=world.line(one))
    said = await world.send(GERMAN, kind="transactional")
    for message_id in (plain, bound, said):
        await world.becomes(message_id, "sent")
    kinds = [(await world.row(message_id)).kind for message_id in (plain, bound, said)]
    assert kinds == ["conversational", "conversational", "transactional"]
    over = await world.send(ALICE)
    await world.until(lambda: world.gateway.dispatcher.pool_wait("") is not None)
    await world.becomes(await world.send(ALICE, pool="two"), "sent")
    assert await world.status(over) == "queued"
    world.clock.now += HOUR + 300
    await world.becomes(over, "sent")
    await world.stop()


async def test_a_text_without_pool_goes_by_the_first_rule_that_fits(
    make_world: MakeWorld,
) -> None:
    """Whoever names a pool or a line is not routed."""
    rules = (
        Rule("two", countries=frozenset({"DE"})),
        Rule("one", prefixes=("+49",)),
        Rule("one", tags=frozenset({"vip"})),
    )
    world, one, two = two_pools(make_world, routes=rules)
    await world.start(one, two)
    for to, options in (
        (GERMAN, {}),
        (ALICE, {"metadata": {"tag": "vip"}}),
        (GERMAN, {"pool": "one"}),
    ):
        message_id = await world.send(to, f"{to}{options}", **options)
        await world.becomes(message_id, "sent")
    assert [(await world.row(message_id)).pool] == ["one"]
    assert (len(one.written), len(two.written)) == (2, 1)
    await world.stop()


async def test_a_text_is_of_the_kind_of_the_pool_that_it_is_routed_to(
    make_world: MakeWorld,
) -> None:
    """What the campaign pool sends is marketing, whether it was named or a rule chose it."""
    pools = {name: Pool(name, frozenset(), "marketing") for name in ("named", "routed")}
    rules = (Rule("routed", countries=frozenset({"DE"})),)
    world = make_world(pools=MappingProxyType(pools), routes=rules)
    await world.start()
    for options in ({"to": GERMAN}, {"to": ALICE, "pool": "named"}):
        assert (await world.row(await world.send(**options))).kind == "marketing"
    said = await world.send(GERMAN, kind="conversational")
    assert (await world.row(said)).kind == "conversational"
    await world.stop()


async def test_a_recipient_goes_on_hearing_from_the_same_line(make_world: MakeWorld) -> None:
    """The line that it was last texted from or that it texted, until that is too long ago."""
    world, one, two = make_world(sticky_for_s=DAY), ScriptedModem(1), ScriptedModem(2)
    await world.start(two)
    await world.becomes(await world.send(ALICE, "from two"), "sent")
    await world.present(one)
    for i in range(6):
        await world.becomes(await world.send(ALICE, f"again {i}"), "sent")
    assert (len(one.written), len(two.written)) == (0, 7)
    await world.write(one, "I write to the other number", ALICE)
    await world.becomes(await world.send(ALICE, "answer"), "sent")
    assert one.texts == ["answer"]
    later = await world.send(ALICE, "scheduled", send_at=world.clock.now + HOUR)
    await world.later(HOUR)
    await world.becomes(later, "sent")
    assert one.texts == ["answer", "scheduled"]
    world.clock.now += DAY + 1
    sent = [await world.send(ALICE, f"much later {i}", sticky="off") for i in range(4)]
    for message_id in sent:
        await world.becomes(message_id, "sent")
    assert len(one.written) + len(two.written) == 13
    await world.stop()


async def test_a_sender_may_choose_what_a_text_does_without_its_line(
    make_world: MakeWorld,
) -> None:
    """Require: it waits for as long as it is valid. Off: it goes on any line at once."""
    world, one, two = make_world(), ScriptedModem(1), ScriptedModem(2)
    await world.start(one)
    await world.write(one, "Hi", ALICE)
    one.go(ModemState.RECOVERING)
    world.gateway.changed(one)
    line_id = world.line(one)
    await world.until(lambda: not world.gateway.dispatcher.is_live(line_id))
    await world.present(two)
    strict = await world.send(ALICE, "strict", sticky="require")
    loose = await world.send(ALICE, "loose", sticky="off")
    preferring = await world.send(ALICE, "preferring")
    await world.becomes(loose, "sent")
    await world.later(0)  # noted as missing
    await world.later(world.settings.sticky_wait_s)
    await world.becomes(preferring, "sent")
    await world.later(HOUR)
    assert await world.status(strict) == "queued"
    assert two.texts == ["loose", "preferring"]
    await world.stop()


def line(**options: Any) -> Line:
    return replace(Line("lin_x", "8901", "+12025550191", "US", ()), **options)


def test_the_least_used_the_cheapest_and_the_best_heard_line_is_preferred() -> None:
    """In this order of weight, as documented."""
    assert score(line(), 10, -60) < score(line(), 40, -60)
    assert score(line(), 10, -60) < score(line(cost=0.05), 10, -60)
    assert score(line(), 10, -60) < score(line(), 10, -100) < score(line(), 10, None)
    strict, free = line(plan=Plan("p", per_hour=20)), line()
    assert score(free, 10, -60) < score(strict, 10, -60)


@given(st.lists(st.floats(0, 7_200), max_size=50))
def test_what_was_sent_counts_less_with_time_and_never_less_than_nothing(
    pauses: list[float],
) -> None:
    """A clock that is set back does no harm either."""
    load, now = Load(), 1e9
    for pause in pauses:
        now += pause
        before = load.parts(now)
        load.add(1, now)
        assert before + 0.999 <= load.parts(now) <= before + 1.001
    assert 0 <= load.parts(now - 100) <= len(pauses)
    assert load.parts(now + 40 * HOUR) < 0.001


CONGESTED = SubmitResult(Outcome.REFUSED, family="cms", code=42)
FINE = SubmitResult(Outcome.ACCEPTED, mr=1)


def test_an_operator_is_slowed_down_and_let_go_again() -> None:
    """Doubling up to a minute, halving with each success; others are not concerned."""
    pace = Pace()
    for _ in range(10):
        pace.note("Congested", CONGESTED, 0.0)
    assert pace.gap_s("Congested", 0.0) == LONGEST_S
    assert pace.gap_s("Other", 0.0) == 0
    for _ in range(7):
        pace.note("Congested", FINE, 0.0)
    assert pace.gap_s("Congested", 0.0) == 0
    pace.note("Congested", CONGESTED, 0.0)
    assert pace.gap_s("Congested", 3_600.0) == 0


async def test_a_congested_network_is_given_time(make_world: MakeWorld) -> None:
    """The next text of the line waits for its pause; nothing is lost."""
    world, modem = make_world(), ScriptedModem(1)
    modem.plan(refused(42))
    await world.start(modem)
    first = await world.send(ALICE, "first")
    await world.until_async(lambda: world.attempted(first, 1))
    line_id, dispatcher = world.line(modem), world.gateway.dispatcher
    await world.until(lambda: dispatcher.line_wait(line_id) is not None)
    wait = dispatcher.line_wait(line_id)
    assert wait is not None
    assert wait.rule == "operator_slowed"
    second = await world.send(BOB, "second")
    assert await world.status(second) == "queued"
    world.clock.now += 1
    await world.becomes(second, "sent")
    await world.later(60)
    await world.becomes(first, "sent")
    await world.stop()
