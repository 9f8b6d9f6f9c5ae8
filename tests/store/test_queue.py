"""The queue: lanes, claims, what is parked, and the write-ahead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from modemgw.store import lines, messages, optouts, queue
from modemgw.store.engine import writer_engine
from modemgw.store.schema import migrate
from tests.store.operations import NOW, write_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

LANES = ["line:L", "pool:"]


@pytest.fixture
def connection(url: str) -> Iterator[Connection]:
    engine = writer_engine(url)
    with engine.begin() as connection:
        yield connection
    engine.dispose()


def heads(connection: Connection, limit: int = 8) -> list[str]:
    return [c.message.id for c in queue.candidates(connection, LANES, "L", limit)]


def begin(connection: Connection, message_id: str, host: str = "here", seq: int = 1) -> bool:
    return queue.begin_part(
        connection,
        message_id=message_id,
        seq=seq,
        line_id="L",
        modem_id="M",
        sender="+12025550199",
        host=host,
        now=NOW,
    )


def test_the_most_urgent_comes_first_then_the_oldest(connection: Connection) -> None:
    """By priority, then age, whichever lane it waits in; other lanes are not looked at."""
    calm = write_text(connection, priority=2)
    old = write_text(connection, lane="line:L")
    young = write_text(connection)
    urgent = write_text(connection, priority=10)
    write_text(connection, lane="line:other", priority=10)
    assert heads(connection) == [urgent, old, young, calm]
    assert heads(connection, limit=2) == [urgent, old]


def test_a_claim_takes_a_message_out_of_its_lane_once(connection: Connection) -> None:
    """The second claim gets nothing; giving back brings it to its old place."""
    first, second = write_text(connection), write_text(connection)
    assert queue.claim(connection, first, "here", "L", "+12025550199")
    assert not queue.claim(connection, first, "there", "K", None)
    assert heads(connection) == [second]
    queue.put_back(connection, first, "pool:", "there", "K")  # not theirs to give
    assert heads(connection) == [second]
    queue.put_back(connection, first, "pool:", "here", "L")
    assert heads(connection) == [first, second]


def test_what_is_on_the_air_is_not_put_back(connection: Connection) -> None:
    """A claim that is given back late must not bring a begun part into a lane again."""
    message_id = write_text(connection)
    queue.claim(connection, message_id, "here", "L", None)
    assert begin(connection, message_id)
    queue.put_back(connection, message_id, "pool:", "here", "L")
    assert heads(connection) == []


def test_a_part_begins_once_and_only_for_its_claimer(connection: Connection) -> None:
    """The write-ahead refuses a second begin, another host, and a message that has ended."""
    message_id = write_text(connection)
    assert not begin(connection, message_id)  # nobody claimed it
    queue.claim(connection, message_id, "here", "L", None)
    assert not begin(connection, message_id, host="there")
    assert begin(connection, message_id)
    assert not begin(connection, message_id)
    row = messages.get(connection, message_id)
    assert row is not None
    assert (row.status, row.sender) == ("sending", "+12025550199")
    ended = write_text(connection)
    queue.claim(connection, ended, "here", "L", None)
    messages.change(connection, ended, status="canceled")
    assert not begin(connection, ended)
    part = messages.get_parts(connection, ended)[0]
    assert (part.status, part.attempts) == ("queued", 0)


def test_candidates_tell_of_opt_outs_and_doubts(connection: Connection) -> None:
    """What decides about a head is read with it."""
    number = "+12025550222"
    message_id = write_text(connection, recipient=number)
    other = write_text(connection)
    values = {
        "number": number,
        "scope": "all",
        "source": "api",
        "reason": "asked",
        "created_at": NOW,
        "sent_at": NOW,
    }
    optouts.add(connection, values)
    doubtful = write_text(connection, recipient=number, lane=None)
    messages.change_part(connection, doubtful, 1, status="in_doubt", line_id="L")
    found = {c.message.id: c for c in queue.candidates(connection, LANES, "L", 8)}
    assert (found[message_id].opted_out, found[message_id].in_doubt) == (True, True)
    assert (found[other].opted_out, found[other].in_doubt) == (False, False)
    elsewhere = queue.candidates(connection, ["pool:"], "K", 8)
    assert not any(c.in_doubt for c in elsewhere)


def test_a_line_begins_nothing_that_another_has_claimed_since(connection: Connection) -> None:
    """Its own claim was given back; the same host has made the other."""
    message_id = write_text(connection)
    assert queue.claim(connection, message_id, "here", "K", None)
    assert not begin(connection, message_id)
    row = messages.get(connection, message_id)
    assert row is not None
    assert (row.line_id, row.status) == ("K", "queued")
    assert [part.status for part in messages.get_parts(connection, message_id)] == ["queued"]


def test_what_is_parked_is_due_at_its_time(connection: Connection) -> None:
    """It leaves its lane and comes up when the time has come."""
    message_id = write_text(connection)
    queue.park(connection, message_id, NOW + 60, "outer_window")
    assert heads(connection) == []
    assert queue.depth(connection) == (0, 1)
    assert queue.due(connection, NOW + 59, 10) == []
    assert [row.id for row in queue.due(connection, NOW + 60, 10)] == [message_id]


def test_what_waited_for_a_doubt_is_released_with_it(connection: Connection) -> None:
    """Other reasons to wait are left alone."""
    doubt = write_text(connection)
    night = write_text(connection)
    queue.park(connection, doubt, NOW + 60, queue.RECIPIENT_IN_DOUBT)
    queue.park(connection, night, NOW + 60, "outer_window")
    queue.release_recipient(connection, "+12025550111", NOW)
    assert [row.id for row in queue.due(connection, NOW, 10)] == [doubt]


def test_the_lane_of_a_line_that_is_gone_is_emptied_into_home_lanes(
    connection: Connection,
) -> None:
    """What is bound to the line stays: what named it, and the rest of what has begun."""
    sticky = write_text(connection, lane="line:L", line_id=None)
    bound = write_text(connection, lane="line:L", home_lane="line:L")
    begun = write_text(connection, lane="line:L", status="sending")
    assert queue.move_home(connection, ["line:L"]) == 1
    lanes = {}
    for message_id in (sticky, bound, begun):
        row = messages.get(connection, message_id)
        assert row is not None
        lanes[message_id] = row.lane
    assert lanes == {sticky: "pool:", bound: "line:L", begun: "line:L"}


def test_two_hosts_never_see_the_same_heads(postgres_url: str) -> None:
    """While one host claims, the other passes over what it holds and waits for nobody."""
    migrate(postgres_url)
    one, two = writer_engine(postgres_url), writer_engine(postgres_url)
    with one.begin() as connection:
        ids = [write_text(connection) for _ in range(3)]
    with one.connect() as first, two.connect() as second:
        assert [c.message.id for c in queue.candidates(first, LANES, "L", 2)] == ids[:2]
        assert [c.message.id for c in queue.candidates(second, LANES, "K", 8)] == ids[2:]
    one.dispose()
    two.dispose()


def test_what_modems_tell_is_cut_to_its_column(connection: Connection) -> None:
    """Endless or binary answers of a device break no row; the same SIM is the same line."""
    wild = "8" * 40
    line = lines.see_line(connection, wild, NOW, operator="o" * 99 + "\0", imsi="1" * 20)
    again = lines.see_line(connection, wild, NOW + 1)
    assert line.id == again.id
    assert (len(again.iccid), len(again.operator), len(again.imsi)) == (24, 64, 16)
    modem = lines.see_modem(
        connection,
        "here",
        "/dev/" + "x" * 300,
        NOW,
        imei="9" * 30,
        maker="\0maker",
        state="ready",
        reason="",
        since=NOW,
    )
    assert (len(modem.port), len(modem.imei)) == (255, 20)
    assert "\0" not in modem.maker


def test_a_modem_keeps_its_row_when_it_moves(connection: Connection) -> None:
    """Known by its IMEI; a port whose modem has told none yet has a row that the IMEI takes."""
    told = {"state": "opening", "reason": "", "since": NOW}
    unknown = lines.see_modem(connection, "here", "/dev/a", NOW, **told)
    named = lines.see_modem(connection, "here", "/dev/a", NOW, imei="111", **told)
    assert named.id == unknown.id
    assert lines.see_modem(connection, "here", "/dev/a", NOW, **told).id == named.id
    lines.see_modem(connection, "here", "/dev/b", NOW, **told)
    moved = lines.see_modem(connection, "here", "/dev/b", NOW, imei="111", **told)
    assert moved.id == named.id
    assert [row.port for row in lines.all_modems(connection)] == ["/dev/b"]
    other = lines.see_modem(connection, "here", "/dev/b", NOW, imei="222", **told)
    assert other.id != named.id
    line = lines.see_line(connection, "8901", NOW, number="+12025550199")
    lines.see_modem(connection, "here", "/dev/b", NOW, imei="222", line_id=line.id, **told)
    lines.seat(connection, line.id, other.id)
    assert lines.last_line_of(connection, other.id) == line.id
    assert lines.lines_of(connection, "here") == [line.id]
    found = lines.line_by_number(connection, "+12025550199")
    assert found is not None
    assert found.modem_id == other.id
    lines.forget_ports(connection, "here", NOW)
    assert {row.state for row in lines.all_modems(connection)} == {"absent"}


def test_the_lanes_in_which_something_waits_are_told_once_each(connection: Connection) -> None:
    """What is parked or claimed waits in none."""
    assert queue.lanes(connection) == []
    for lane in ("pool:", "line:L", "pool:", "line:K/patient", None):
        write_text(connection, lane=lane)
    assert sorted(queue.lanes(connection)) == ["line:K/patient", "line:L", "pool:"]
