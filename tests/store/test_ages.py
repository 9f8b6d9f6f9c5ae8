"""The place of a time among identifiers is found in what is there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from modemgw.store import ages, messages
from modemgw.store.engine import writer_engine
from modemgw.store.messages import Filter

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

BEGAN_MS, STEP_S = 1_780_000_000_000, 60.0


@pytest.fixture
def connection(database_url: str) -> Iterator[Connection]:
    """An empty database of either kind."""
    engine = writer_engine(database_url)
    with engine.begin() as opened:
        yield opened
    engine.dispose()


def write(connection: Connection, count: int, ahead_s: float) -> list[float]:
    """Messages a minute apart, by a clock that is ahead of their identifiers; their times."""
    times = [BEGAN_MS / 1000 + ahead_s + STEP_S * i for i in range(count)]
    for i, at in enumerate(times):
        ms = BEGAN_MS + int(STEP_S * 1000) * i
        values = {
            "id": f"msg_{ms:012x}7{0:019x}", "direction": "inbound", "status": "received",
            "text": "", "encoding": "gsm7", "parts": 1, "created_at": at,
        }  # fmt: skip
        messages.insert_message(connection, values)
    return times


def found(connection: Connection, **times: Any) -> list[float]:
    """The times of the messages that a list gives, the oldest first."""
    rows = messages.find(connection, Filter(**times), before=None, limit=99, oldest_first=True)
    return [row.created_at for row in rows]


@pytest.mark.parametrize("ahead_s", [0.0, 1e6, -1e6])
def test_a_time_divides_messages_whatever_clock_made_it(
    connection: Connection, ahead_s: float
) -> None:
    """Also where identifiers are made by another clock, as under a test's."""
    times = write(connection, 20, ahead_s)
    for at in (times[0] - 1e9, times[0], times[7], times[7] + 1, times[19], times[19] + 1e9):
        assert found(connection, created_after=at) == [t for t in times if t > at]
        assert found(connection, created_before=at) == [t for t in times if t < at]
    between = {"created_after": times[3], "created_before": times[9]}
    assert found(connection, **between) == times[4:9]


def test_the_place_of_a_time_is_close(connection: Connection) -> None:
    """No more is read for it than what lies within the slack."""
    times = write(connection, 20, 5_000.0)
    slack = int(ages.SLACK_MS / 1000 / STEP_S)
    ids = [row.id for row in messages.find(connection, Filter(), before=None, limit=99)][::-1]
    assert ids[9 - slack] <= ages.first_id(connection, times[10]) <= ids[10 - slack]
    assert ids[9 + slack] < ages.end_id(connection, times[10]) <= ids[10 + slack]


def test_of_no_messages_there_is_none_of_any_time(connection: Connection) -> None:
    """Nor an error."""
    assert found(connection, created_after=1.0) == found(connection, created_before=1e12) == []
