"""A SIM that its operator has blocked is told from bad numbers and from a network that is down."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from modemgw.gateway.blocking import BLOCKING, LONGEST_RUN, Answer, Run, Watch

LIMIT = 5
codes = st.sampled_from(sorted(BLOCKING))
recipients = st.sampled_from(["+1", "+2", "+3", "+4", "+5", "+6"])


def answer(
    code: int | None, recipient: str = "+1", *, line: str = "one", at: float = 0.0
) -> Answer:
    """One of the network N."""
    return Answer(line, "N", recipient, code is None, code, True, at)


def blocked(*answers: Answer, limit: int = LIMIT) -> bool:
    """Whether the last of them shows that the line is blocked."""
    watch = Watch(limit)
    runs = [watch.told(item) for item in answers]
    return runs[-1] is not None


def test_so_many_refusals_in_a_row_mean_that_a_sim_is_blocked() -> None:
    """Not one fewer, and none at all where that is switched off."""
    barred = [answer(code) for code in (8, 10, 21, 29, 50)]
    assert blocked(*barred)
    assert not blocked(*barred[1:])
    assert not blocked(*barred, limit=0)


def test_one_text_that_goes_begins_the_count_anew() -> None:
    """In a row means in a row."""
    assert not blocked(*[answer(8)] * 4, answer(None), *[answer(8)] * 4)


def test_refusals_that_say_nothing_of_the_sim_do_not_count() -> None:
    """A bad number or a full memory, and a plain ERROR, is not the operator's word on the SIM."""
    assert not blocked(*[answer(code) for code in (1, 27, 30, 322, 41, 500)])


def test_a_recipient_that_does_not_exist_counts_once() -> None:
    """28 for one number, however often it is tried, is that number's."""
    assert not blocked(*[answer(28, "+1")] * 20)
    assert blocked(*[answer(28, f"+{i}") for i in range(LIMIT)])


def test_a_network_that_is_down_blocks_nobody() -> None:
    """38 at all lines is an outage; at one while another of its operator sends, it is that SIM."""
    outage = [answer(38, f"+{i}", at=float(i)) for i in range(LIMIT)]
    assert not blocked(*outage)
    assert not blocked(answer(None, line="two", at=-1.0), *outage)
    assert blocked(*outage[:-1], answer(None, line="two", at=3.5), outage[-1])
    elsewhere = Answer("two", "other network", "+9", True, None, True, 3.5)
    assert not blocked(*outage[:-1], elsewhere, outage[-1])


@given(st.lists(st.tuples(codes, recipients), max_size=150))
def test_a_run_is_bounded_and_counts_no_more_than_came(items: list[tuple[int, str]]) -> None:
    """Whatever comes."""
    run = Run(0.0)
    for code, recipient in items:
        run = run.and_refused(code, recipient)
    assert len(run.counted) <= min(len(items), LONGEST_RUN)
    ambiguous = [recipient for code, recipient in run.counted if code in (28, 38)]
    assert len(ambiguous) == len(set(ambiguous))


@given(st.lists(st.tuples(codes, recipients), min_size=1, max_size=40))
def test_lines_are_judged_each_by_itself(items: list[tuple[int, str]]) -> None:
    """What one is refused counts for no other."""
    watch, alone = Watch(LIMIT), Watch(LIMIT)
    for code, recipient in items:
        watch.told(answer(code, recipient, line="two"))
        assert watch.told(answer(code, recipient)) == alone.told(answer(code, recipient))
