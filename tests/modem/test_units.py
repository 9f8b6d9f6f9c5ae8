"""The parts of a driver that need no modem: ladder, life, recorder, classes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.at.results import FinalResult, Kind
from modemgw.modem.catalogue import shipped
from modemgw.modem.classification import classify
from modemgw.modem.interface import ModemState, Outcome
from modemgw.modem.lifecycle import MAY_FOLLOW, Life
from modemgw.modem.recorder import Direction, Recorder, mask
from modemgw.modem.recovery import Ladder, Rung
from modemgw.modem.settings import Timing
from modemgw.modem.submit import late_acceptance


def test_the_ladder_climbs_from_reopening_to_quarantine() -> None:
    """Reopen with growing pauses, reset, power, quarantine; steadiness leads down again."""
    ladder = Ladder(Timing(), can_cycle_power=True, random=lambda: 0.5)
    steps = [ladder.fail() for _ in range(16)]
    rungs = [step.rung for step in steps]
    assert rungs[:4] == [Rung.REOPEN] * 4
    assert rungs[4] is Rung.RESET
    assert rungs[9] is Rung.POWER_CYCLE
    assert rungs[14:] == [Rung.QUARANTINE] * 2
    assert [step.wait_s for step in steps[:4]] == [1, 2, 4, 8]
    assert max(step.wait_s for step in steps if step.rung is Rung.REOPEN) == 60
    assert ladder.failures == 16
    ladder.steady()
    assert ladder.fail().rung is Rung.REOPEN


def test_what_helped_is_tried_sooner_the_next_time_but_not_for_ever() -> None:
    """A modem that hangs again and again, and that a reset cures: one reopening, then the reset,
    three times; then the ladder goes on, up to a person."""
    ladder = Ladder(Timing(), can_cycle_power=False, random=lambda: 0.5)
    for _ in range(5):
        step = ladder.fail()
    for _ in range(3):
        assert step.rung is Rung.RESET
        ladder.usable()
        again = ladder.fail()
        assert (again.rung, again.wait_s) == (Rung.REOPEN, 1)
        step = ladder.fail()
    assert step.rung is Rung.RESET
    ladder.usable()
    rungs = [ladder.fail().rung for _ in range(10)]
    assert rungs == [*[Rung.REOPEN] * 4, Rung.RESET, *[Rung.REOPEN] * 4, Rung.QUARANTINE]


def test_without_a_power_command_the_ladder_resets_again() -> None:
    """No rung is skipped that there is."""
    ladder = Ladder(Timing(), can_cycle_power=False)
    assert [ladder.fail().rung for _ in range(10)].count(Rung.RESET) == 2


def test_patience_stretches_every_time_and_no_count() -> None:
    """A modem that is twice as slow gets twice as long for everything, as often as any other."""
    slow = Timing().times(2)
    assert (slow.submit_s, slow.quarantine_s, slow.patience) == (240, 1800, 2)
    assert slow.synchronise_attempts == Timing().synchronise_attempts
    assert slow.times(0.5) == Timing()


@given(random=st.floats(0, 1), count=st.integers(1, 60))
def test_pauses_are_bounded(random: float, count: int) -> None:
    """However long a port stays away."""
    ladder = Ladder(Timing(), can_cycle_power=False, random=lambda: random)
    pauses = [ladder.pause() for _ in range(count)]
    assert all(0 < pause <= 90 for pause in pauses)


def test_a_life_allows_only_what_its_table_does() -> None:
    """And keeps reasons, times and history."""
    now = [10.0]
    life = Life(clock=lambda: now[0])
    assert life.go(ModemState.OPENING)
    assert not life.go(ModemState.OPENING)
    assert life.go(ModemState.OPENING, "still")
    now[0] = 15.0
    assert life.lasted_s() == 5
    with pytest.raises(ValueError, match="ready may not follow opening"):
        life.go(ModemState.READY)
    assert [stage.state for stage in life.history] == [ModemState.ABSENT, ModemState.OPENING]


def test_every_state_leads_back_to_absent_or_recovering() -> None:
    """A port can be lost at any time."""
    for state in ModemState:
        assert state is ModemState.ABSENT or MAY_FOLLOW[state] & {
            ModemState.ABSENT,
            ModemState.RECOVERING,
        }


def test_the_recorder_is_bounded_and_masks_people() -> None:
    """The newest stay; numbers, PDUs, USSD texts and PINs do not show."""
    recorder = Recorder(1000, clock=lambda: 1.0)
    for number in range(100):
        recorder.record(Direction.READ, b"line %d\r\n" % number)
    assert 0 < len(recorder.entries) < 12
    assert recorder.entries[-1].data == b"line 99\r\n"
    recorder.record(Direction.WRITTEN, b'AT+CNUM: "+15550100000"\r')
    assert "15550100" not in recorder.lines()[-1]
    assert "15550100000" in recorder.lines(masked=False)[-1]
    assert "1234" not in mask('AT+CPIN="1234"')
    assert "Balance" not in mask('+CUSD: 0,"Balance 5",15')
    assert mask("0011000B915155500100F0") == "<22 hex>"


@given(code=st.integers(0, 9999))
def test_no_code_is_certain_that_no_standard_makes_certain(code: int) -> None:
    """331, 332, 500 and from 512 on are unknown; 197 is the only accepting error."""
    outcome = classify(FinalResult(Kind.CMS_ERROR, code), None, shipped().generic).outcome
    if code == 197:
        assert outcome is Outcome.ACCEPTED
    elif 1 <= code <= 254 or 300 <= code <= 305 or 310 <= code <= 322 or code == 330:
        assert outcome is Outcome.REFUSED
    else:
        assert outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    ("lines", "mr"),
    [
        (["+CMGS: 7", "OK"], 7),
        (["junk", "ERROR", "+CMGS: 300", "OK"], None),
        (["+CMGS: 7", "+CSQ: 1,2", "OK", "OK"], 7),
    ],
)
def test_a_late_acceptance_needs_reference_and_result(lines: list[str], mr: int | None) -> None:
    """Both lines, in their order."""
    late = late_acceptance(lines)
    assert late is not None
    assert (late.outcome, late.mr) == (Outcome.ACCEPTED, mr)


@pytest.mark.parametrize(
    "lines", [[], ["OK"], ["+CMGS: 7"], ["+CMGS: 7", "ERROR"], ["OK", "+CMGS: 7"]]
)
def test_less_proves_nothing(lines: list[str]) -> None:
    """A lone OK may be the end of anything, a lone +CMGS the beginning of an error."""
    assert late_acceptance(lines) is None
